"""Sets of pictures in the formats of others: arrays of CIFAR-10 and the downsampled ImageNet, LSUN's databases."""

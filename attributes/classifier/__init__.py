"""A network that reads the 40 labels off a face, and its training."""

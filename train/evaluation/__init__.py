"""How good a model is: bits per dimension, exactness, and the Fréchet distance of its samples."""

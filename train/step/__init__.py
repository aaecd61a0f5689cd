"""One step of training, and how a GPU is kept busy with it."""

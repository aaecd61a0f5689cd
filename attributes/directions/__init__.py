"""Directions in latent space: the file that holds them, and moving faces along them."""

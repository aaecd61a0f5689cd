"""Putting an edit back into its photo: who is in it, along which edges, and where it ends."""

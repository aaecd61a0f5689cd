"""What several tabs have: a photo with its faces, downloads, their looks."""

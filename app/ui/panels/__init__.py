"""The panels of the page: a file for each."""

"""The pictures of the README and of docs/: made by ``make pictures``, of faces that may be shown."""

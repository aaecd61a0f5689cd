"""Many pictures of one edit: strips, grids and animations."""

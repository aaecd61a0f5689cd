"""The web server around the page: its temporary folder, what clients upload, and who may ask for what."""

"""What the headers of a file tell before anything is decoded."""

"""Photos as files: opened as upright RGB, with what is kept beside the pixels, and written again."""

"""Files: written whole or not at all, read without believing them, and where those that come with Glowface lie."""

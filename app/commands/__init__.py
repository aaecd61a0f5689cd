"""The app's commands: what each asks for, and what it tells. ``app/cli.py`` gathers them."""

"""What a run does: its configuration, and named ones."""

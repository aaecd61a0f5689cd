"""The parts of the tab "Edit": a file for each."""

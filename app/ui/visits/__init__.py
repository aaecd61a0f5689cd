"""What all panels work on: the visit of a browser tab, listeners that reach it, and text shown as text."""

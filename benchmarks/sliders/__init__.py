"""How good sliders are that are learned from a few faces."""

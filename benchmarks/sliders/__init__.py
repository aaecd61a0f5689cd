"""How good directions and sliders are."""

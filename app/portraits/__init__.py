"""An encoded face: how far sliders go on it, what of its photo is seen, and how it comes back into the photo."""

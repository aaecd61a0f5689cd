"""Custom sliders: from somebody's own photos, or from what latents vary by."""

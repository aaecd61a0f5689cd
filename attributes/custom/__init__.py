"""Custom sliders: from pictures of one's own, or from what latents vary by."""

"""What a run is: its config, the presets that fill it in, and the options of how it works."""

"""Making the sliders that come with a model, and measuring how good they are. Nothing of the app imports this."""

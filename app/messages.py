"""What the page and the command line both say."""

DOES_LITTLE = "does little here: going further would not look natural"
"""What is said of a slider that a face bears hardly any of, after its name and value."""
REDUCED = "of its 16 bits a channel, 8 are kept: it is too large, or of a rare kind"
"""What is said of a photo that loses depth."""

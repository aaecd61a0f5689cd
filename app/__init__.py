"""The face editor: plain Python in ``editor`` and ``session``, a command line in ``cli``, a web app in ``ui``."""

"""``python -m glowface``."""

import sys

from glowface.cli import main

if __name__ == "__main__":
    sys.exit(main())

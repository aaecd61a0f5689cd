"""``python -m attributes``."""

import sys

from attributes.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""``python -m dlbook``: the command line."""

import sys

from dlbook.cli import main

if __name__ == "__main__":
    sys.exit(main())

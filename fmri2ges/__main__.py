"""`python -m fmri2ges`."""

import sys

from .cli.main import main

if __name__ == "__main__":  # processes that a command starts may import this file again
    sys.exit(main())

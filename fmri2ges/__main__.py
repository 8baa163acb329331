"""`python -m fmri2ges`."""

import sys

from .cli import main

sys.exit(main())

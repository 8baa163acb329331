"""`python -m fmri2ges`."""

import sys

from .cli.main import main

sys.exit(main())

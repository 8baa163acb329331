"""The functions of the library as commands: `fmri2ges ...` or `python -m fmri2ges ...`."""

from . import app as _app  # noqa: F401  it registers its command
from .main import main

__all__ = ["main"]

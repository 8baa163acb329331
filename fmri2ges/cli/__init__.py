"""The functions of the library as commands: `fmri2ges ...` or `python -m fmri2ges ...`."""

from .main import main

__all__ = ["main"]

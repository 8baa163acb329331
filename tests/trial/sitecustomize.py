"""Makes `trial.py` a module of the package in every process that has this folder in PYTHONPATH.

Workers call functions of the package only; those of the tests are told apart by nothing else.
"""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path


class Trial:
    """Finds fmri2ges.trial beside this file."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "fmri2ges.trial":
            return None
        return spec_from_file_location(name, Path(__file__).with_name("trial.py"))


sys.meta_path.insert(0, Trial)  # type: ignore[arg-type]  # a class with this one static method is a finder

"""The app on a double of a run of voxels."""

import os
import runpy
from pathlib import Path

os.environ["SPACE"] = "voxels"
runpy.run_path(str(Path(__file__).with_name("table_app.py")), run_name="__main__")

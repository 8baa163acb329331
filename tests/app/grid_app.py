"""The app on a double of a run of voxels whose places are known."""

import os
import runpy
from pathlib import Path

os.environ["SPACE"] = "grid"
runpy.run_path(str(Path(__file__).with_name("table_app.py")), run_name="__main__")

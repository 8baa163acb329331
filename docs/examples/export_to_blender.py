"""Motion for Blender and the ROI for other brain viewers.

Run it as: python docs/examples/export_to_blender.py [FOLDER]
"""

import sys
from pathlib import Path

import fmri2ges

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example")

run = fmri2ges.open_run("demo")
decoded = run.decode(fmri2ges.DecodeRequest(story="test-1", rois=("Broca", "AG"), start=0, stop=20, samples=2))

# BVH opens in Blender with File > Import > Motion Capture; Blender counts in metres.
for branch in decoded.motions:
    for path in fmri2ges.export(decoded, "bvh", out / f"{branch}.bvh", branch=branch, scale=0.01):
        print(path)

# The ROI as GIFTI (one file for each hemisphere of fsaverage5) and as a mask in MNI space.
for format, name in (("gii", "roi.gii"), ("nii", "roi.nii.gz")):
    for path in fmri2ges.export(decoded, format, out / name):
        print(path)

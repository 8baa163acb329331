"""Figures for a paper, as SVG and PDF.

Text in the files stays text, sizes are in millimetres, and simulated data are marked as such.
Run it as: python docs/examples/paper_figure.py [FOLDER]
"""

import sys
from pathlib import Path

import fmri2ges

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example")

run = fmri2ges.open_run("demo")
decoded = run.decode(fmri2ges.DecodeRequest(story="test-1", rois=("Broca", "AG"), start=0, stop=30, samples=4))

for kind, file in (("cortex", "cortex.svg"), ("strip", "strip.pdf"), ("compare", "compare.pdf")):
    print(fmri2ges.figure(decoded, kind, out / file, width_mm=180))

# A part of the result and another of its samples are results too, and are drawn in the same way.
part = decoded.window(10, 18).sample(2)
print(fmri2ges.figure(part, "strip", out / "strip-10-18.png", width_mm=88, dpi=200))

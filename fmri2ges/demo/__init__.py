"""The simulated study: its generator, and the models trained on it that ship with the package."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
ROI_STUDY = Path(__file__).parent / "roi_study"  # of the held-out stories; `fmri2ges roi-study demo --out DIR` made it

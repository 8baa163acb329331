"""The simulated study: its generator, and the models trained on it that ship with the package."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
ROI_STUDY = Path(__file__).parent / "roi_study"  # the study of the held-out stories, made by `fmri2ges roi-study demo --out DIR`

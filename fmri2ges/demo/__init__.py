"""The simulated study: its generator, and the models trained on it that ship with the package."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"

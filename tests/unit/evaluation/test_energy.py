"""The energy score is a proper score, and 0 for what is predicted exactly."""

import numpy as np
import pytest

from fmri2ges.evaluation.energy import energy_score
from fmri2ges.motion.features import normalise


def motions(rng, n: int, spread: float) -> np.ndarray:
    """Motions (n, 6, 27) around one posture."""
    posture = np.random.default_rng(1).normal(size=27)
    return normalise(posture + spread * rng.normal(size=(n, 6, 27)))


def test_the_same_motion_scores_nothing_and_the_opposite_one_two():
    real = motions(np.random.default_rng(0), 1, 0.3)[0]
    assert energy_score(np.stack([real, real]), real) == pytest.approx(0, abs=1e-6)
    assert energy_score(np.stack([-real, -real]), real) == pytest.approx(2, abs=1e-6)


def test_nothing_scores_lower_than_samples_of_the_truth():
    rng = np.random.default_rng(2)

    def mean_score(spread: float, offset: float) -> float:
        made = normalise(motions(rng, 8 * 60, spread) + offset).reshape(60, 8, 6, 27)
        return float(np.mean([energy_score(x, real) for x, real in zip(made, motions(rng, 60, 0.3), strict=True)]))

    truth = mean_score(0.3, 0.0)
    assert all(truth < mean_score(*other) for other in ((0.1, 0.0), (0.6, 0.0), (0.3, 0.3)))

"""Small reference numbers: a change of any formula shows here first."""

import json
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.evaluation.fgd import fgd, kernel_distance
from fmri2ges.evaluation.gesture import against_reference, by_itself, pair
from fmri2ges.evaluation.text import against_transcript

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics.json"


def measured(synthetic):
    rng = np.random.default_rng(2024)
    truth, noise = synthetic.gesture(rng, 100)
    guess = synthetic.decoded(rng, noise, 0.3)
    found = [*against_reference(pair(truth, guess), "text"), *by_itself(guess, "text", truth)]
    found += against_transcript(synthetic.speech(rng, 100), synthetic.speech(rng, 100), 0.0, 100.0)
    values = {m.metric.id: m.value for m in found}
    a, b = rng.standard_normal((200, 8)), 1.2 * rng.standard_normal((200, 8))
    return {**values, "fgd": fgd(a, b, np.random.default_rng(0)), "kid": kernel_distance(a, b)}


def test_scores_of_a_fixed_example_do_not_change(synthetic):
    assert measured(synthetic) == pytest.approx(json.loads(GOLDEN.read_text()), rel=1e-4, abs=1e-5)

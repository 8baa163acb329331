"""Scores of a whole story for Compare: those of evaluate, with nothing of the transcript among them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.decoding.heard import gestures_of_words
from fmri2ges.evaluation.gesture import against_reference, all_samples, pair
from fmri2ges.evaluation.measure import difference
from fmri2ges.evaluation.metrics import HEARD_R, R_MEAN
from fmri2ges.motion.features import from_bones
from fmri2ges.reports.story_scores import story_scores
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.types import Motion, Words

SECONDS = 240
WORDS = Words.from_lists(["sea", "boat"] * 200, np.arange(400) * 0.6, np.full(400, 0.3))


def bones(seed):
    from scipy.ndimage import gaussian_filter1d

    rng = np.random.default_rng(seed)
    middle = np.random.default_rng(9).normal(size=27) * 2
    return middle + gaussian_filter1d(rng.normal(size=(SECONDS * 15, 27)), 6, axis=0) * 6


def sample_bones(tracks, start, seconds, speaker, noise, work):
    return np.stack([0.7 * bones(0) + 0.3 * bones(20 + k) for k in range(len(tracks))])


T2G = SimpleNamespace(denoiser=SimpleNamespace(config=SimpleNamespace(n_speakers=1)), sample_bones=sample_bones)
REQUEST = DecodeRequest(subject="s1", story="a", start=0.0, stop=float(SECONDS), samples=2)


class Double:
    """What the scores ask of a run; the direct branch follows the gesture, the text branch is noise."""

    t2g = T2G

    def __init__(self, reference, words=WORDS):
        self._reference, self._words = reference, words

    def recording(self, subject, story):
        return SimpleNamespace(words=self._words)

    def reference(self, story):
        return self._reference

    def decode(self, request, work):
        noise = np.stack([from_bones(bones(k)) for k in (3, 4)])
        close = np.stack([from_bones(0.8 * bones(0) + 0.2 * bones(k)) for k in (5, 6)])
        return Decoded(request, Motion(noise[0], samples=noise), Motion(close[0], samples=close), (self._words,))


@pytest.fixture(scope="module")
def scores():
    return story_scores(Double(Motion(from_bones(bones(0)))), REQUEST)


def by(scores, metric, branch):
    return next(s for s in scores if s.row.id == metric.id and s.row.branch == branch)


def test_branches_are_scored_over_the_whole_story_with_null_and_interval(scores):
    direct, text = (by(scores.reference, R_MEAN, branch) for branch in ("direct", "text"))
    assert direct.row.value > 0.8 and direct.row.p < 0.05 and direct.row.n == SECONDS * 15
    assert abs(text.row.value) < 0.3 and text.row.p > 0.05
    assert all(s.row.interval is not None for s in (direct, text)) and scores.seconds == SECONDS


def test_scores_against_the_heard_words_have_metrics_of_their_own(scores):
    assert {s.row.id for s in scores.reference}.isdisjoint({s.row.id for s in scores.heard})
    assert {s.row.branch for s in (*scores.reference, *scores.heard)} == {"text", "direct"}
    assert {s.row.branch for s in scores.transcript} == {"heard"}
    direct = by(scores.heard, HEARD_R, "direct")
    made = gestures_of_words(T2G, WORDS, *REQUEST.span)
    mean = Motion(all_samples(made).mean(0))
    decoded = Double(None).decode(REQUEST, None)
    expected = next(m for m in against_reference(pair(mean, decoded.direct), "direct") if m.metric.id == R_MEAN.id)
    assert direct.row.value == pytest.approx(expected.value) and direct.row.p < 0.05


def test_without_a_recorded_gesture_only_the_heard_words_are_left(scores):
    found = story_scores(Double(None), REQUEST)
    assert found.reference == () and found.transcript == () and len(found.heard) == len(scores.heard)


def test_a_story_without_words_has_no_scores_against_them():
    silent = Words.from_lists([], [], [])
    found = story_scores(Double(Motion(from_bones(bones(0))), silent), REQUEST)
    assert found.heard == () and found.words == () and found.transcript == () and found.reference


def test_a_paired_difference_is_taken_block_by_block_and_shift_by_shift(scores):
    direct = by(scores.reference, R_MEAN, "direct").measure
    text = by(scores.reference, R_MEAN, "text").measure
    weights = np.random.default_rng(0).multinomial(direct.blocks, np.full(direct.blocks, 1 / direct.blocks), size=50)
    found = difference(direct, text)
    assert found.value == direct.value - text.value
    np.testing.assert_allclose(found.statistic(weights), direct.statistic(weights) - text.statistic(weights))
    np.testing.assert_allclose(found.shifted, direct.shifted - text.shifted)
    assert np.ptp(difference(direct, direct).statistic(weights)) == 0
    with pytest.raises(ValueError, match="one stretch"):
        difference(direct, replace(text, n=text.n - 1))

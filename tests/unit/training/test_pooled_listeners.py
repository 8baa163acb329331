"""Whose weights are pooled, and that nothing of a test block trains for anybody."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.brain.space import Space, Table, Voxels
from fmri2ges.data.study.folds import blocks_of, within_story_folds
from fmri2ges.models.word_rate import PooledRate, RateTraining
from fmri2ges.text.timing import word_counts
from fmri2ges.training.word_rate import Listener, fit_rates
from fmri2ges.types import Recording, Words

TABLE = Table(("A", "B"))
ONSETS = np.sort(np.random.default_rng(9).uniform(0, 400, 1200))
WORDS = Words(("word",) * len(ONSETS), ONSETS, np.full(len(ONSETS), 0.1))


def recording(subject: str, n: int = 150, first: float = 1.0, space: Space = TABLE, story: str = "tale") -> Recording:
    rng = np.random.default_rng(int(subject))
    return Recording(subject, story, rng.normal(size=(n, 2)).astype(np.float32), 2.0, first, WORDS, space)


def listener(*stories: Recording) -> Listener:
    counts = [word_counts(s.words, s.volume_times, s.tr) for s in stories]
    training = RateTraining([s.bold for s in stories], counts, (1, 2, 3, 4, 5))
    return Listener(int(stories[0].subject), list(stories), training)


def fitted(*listeners: Listener, n_components: int = 1):
    found = fit_rates({str(x.number): x for x in listeners}, n_components)
    return {name: rate.settings for name, rate in found.items()}


def two_stories(subject: str, **changes) -> Listener:
    return listener(recording(subject, **changes), replace(recording(subject, **changes), story="other tale"))


def test_listeners_of_the_same_volumes_share_their_weights_and_others_keep_their_own():
    found = fitted(two_stories("0"), two_stories("1"), two_stories("2", n=149), two_stories("3", first=3.0))
    assert found["0"].listeners == found["1"].listeners == (0, 1) and found["0"].pooled == found["1"].pooled
    assert (
        found["0"].note
        == "mean of four forms: plain and prewhitened ridge, of this listener and of 2 listeners together"
    )
    for name in "23":
        assert found[name].pooled is None and found[name].listeners == ()
        assert found[name].why_own == "no other listener heard the same stories in the same volumes"
    assert len({s.own for s in found.values()}) == 1


@pytest.mark.parametrize(
    "listeners, components, why",
    [
        ([two_stories("0")], 1, "the study has one listener"),
        ([two_stories("0", space=Voxels(2)), two_stories("1", space=Voxels(2))], 1, "voxels are not the same"),
        ([two_stories("0"), two_stories("1")], 2, "second components of an area"),
        ([two_stories("0"), two_stories("1", story="another")], 1, "no other listener heard the same stories"),
    ],
)
def test_where_weights_cannot_be_pooled_the_reason_is_told(listeners, components, why):
    for settings in fitted(*listeners, n_components=components).values():
        assert settings.pooled is None and why in settings.why_own and "mean of two forms" in settings.note


def test_listeners_with_voxels_of_their_own_share_a_penalty_per_feature():
    def wide(subject: str, n_voxels: int) -> Listener:
        bold = np.random.default_rng(int(subject)).normal(size=(150, n_voxels)).astype(np.float32)
        one = replace(recording(subject, space=Voxels(n_voxels)), bold=bold)
        return listener(one, replace(one, story="other tale"))

    found = fitted(wide("0", 2), wide("1", 7))
    assert [p / 2 for p in found["0"].own] == pytest.approx([p / 7 for p in found["1"].own])


def test_no_volume_of_a_test_block_or_its_gap_trains_for_any_listener():
    """With everything in and beside the test block put out of reach, weights and predictions stay as they are."""
    whole = [recording(str(k), n=180) for k in range(3)]
    times = whole[0].volume_times
    for train, test in within_story_folds(times, 5, 16.0):
        low, high = times[test][0] - 16.0, times[test][-1] + 16.0
        kept = (WORDS.start < low - 1.0) | (WORDS.start >= high + 1.0)
        silent = Words(tuple(np.array(WORDS.text)[kept]), WORDS.start[kept], WORDS.duration[kept])
        changed = [replace(r, bold=np.where(train[:, None], r.bold, np.float32(99)), words=silent) for r in whole]
        settings, weights = [], []
        for recordings in (whole, changed):
            people = [listener(*blocks_of(r, train)) for r in recordings]
            assert [sum(map(len, p.training.stories)) for p in people] == [train.sum()] * 3
            settings.append(fitted(*people))
            pooled = PooledRate((p.training for p in people), settings[-1]["0"].pooled)
            weights.append(np.concatenate(list(pooled.solve(np.arange(2)))))
        assert settings[0] == settings[1] and settings[0]["0"].listeners == (0, 1, 2)
        np.testing.assert_array_equal(weights[0], weights[1])

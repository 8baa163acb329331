"""Agreement with T2G of the heard words: high for T2G itself, at chance for another text, and never called real."""

from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.decoding.heard import HeardGestures, gestures_of_words
from fmri2ges.demo import WEIGHTS
from fmri2ges.demo.world import World
from fmri2ges.evaluation import metrics
from fmri2ges.reports.heard import heard_measures
from fmri2ges.storage.models import read_generator
from fmri2ges.types import Words

SECONDS = 60.0


@pytest.fixture(scope="module")
def t2g():
    return read_generator(WEIGHTS / "t2g.safetensors", "cpu")


def story_of(heard, **motions):
    request = SimpleNamespace(speaker=0, seed=0)
    return SimpleNamespace(
        story="s", heard=heard, joins=(), motions=motions, span=(0.0, SECONDS), decoded=SimpleNamespace(request=request)
    )


def test_t2g_agrees_with_itself_and_not_with_another_text(t2g):
    heard, other = (World(0).script(name).words for name in ("test-1", "test-2"))
    same = gestures_of_words(t2g, heard, 0.0, SECONDS, samples=2, seed=1)
    strange = gestures_of_words(t2g, other, 0.0, SECONDS, samples=2, seed=1)
    notes, run, gestures = [], SimpleNamespace(t2g=t2g, path="run"), HeardGestures()
    found = heard_measures(story_of(heard, text=same, direct=strange), run, gestures, notes)
    value = {(m.branch, m.metric.id): m.value for m in found}
    assert value["text", metrics.HEARD_R.id] > 0.5 and value["text", metrics.HEARD_RANK.id] > 0.8
    assert abs(value["direct", metrics.HEARD_R.id]) < 0.3
    assert {m.metric.id for m in found} == {metrics.HEARD_R.id, metrics.HEARD_RANK.id, metrics.HEARD_TOP1.id}
    assert all("transcript" in m.note for m in found) and notes == []
    r = next(m for m in found if m.metric.id == metrics.HEARD_R.id)
    assert len(r.shifted) > 100 and r.statistic is not None  # its null, and its interval


def test_the_gesture_of_heard_words_is_made_once_for_all_listeners_and_anew_for_other_words(t2g):
    heard, other = (World(0).script(name).words for name in ("test-1", "test-2"))
    run, gestures = SimpleNamespace(t2g=t2g, path="run"), HeardGestures()
    first, again, changed = (gestures.mean(run, words, (0.0, SECONDS)) for words in (heard, heard.shift(0.0), other))
    assert again is first and np.abs(changed.positions - first.positions).max() > 0.01
    for other_way in ({"seed": 1}, {"speaker": 1}):
        made = gestures.mean(run, heard, (0.0, SECONDS), **other_way)
        assert np.abs(made.positions - first.positions).max() > 0.01


def test_the_noise_of_the_reference_is_not_that_of_the_same_seed_elsewhere(t2g):
    heard = World(0).script("test-1").words
    one, two = (gestures_of_words(t2g, heard, 0.0, 10.0, samples=1, seed=seed) for seed in (0, 1))
    assert np.abs(one.positions - two.positions).max() > 0.01
    again = gestures_of_words(t2g, heard, 0.0, 10.0, samples=1, seed=0)
    np.testing.assert_allclose(again.positions, one.positions, atol=1e-5)


def test_without_a_run_or_words_there_is_no_score_and_the_run_is_named():
    heard, notes = Words(("a",), np.ones(1), np.ones(1)), []
    assert heard_measures(story_of(heard), None, HeardGestures(), notes) == [] and "its run is not there" in notes[0]
    assert heard_measures(story_of(None), None, HeardGestures(), notes) == [] and len(notes) == 1

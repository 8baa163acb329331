"""Listeners whose scans begin at other moments or last longer: each learns from gestures on its own clock."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.brain.space import Table
from fmri2ges.data.study.folds import Fold
from fmri2ges.models.denoiser import LATENT_FPS
from fmri2ges.text.embeddings import WordVectors
from fmri2ges.training import fold, phase1
from fmri2ges.training.corpus import Telling
from fmri2ges.training.keeper import Keeper
from fmri2ges.types import Recording, Words
from fmri2ges.work import QUIET

WORDS = Words(("well", "then"), np.array([2.0, 30.0]), np.array([0.3, 0.3]))


def recording(subject: str, first: float = 1.0, n: int = 40, words: Words = WORDS) -> Recording:
    return Recording(subject, "tale", np.zeros((n, 2), np.float32), 2.0, first, words, Table(("A", "B")))


def timed_gestures(t2g, stories, *_, **__):
    """A code that is the time of its frame."""
    return [np.tile(s.start + np.arange(int(s.seconds * LATENT_FPS)) / LATENT_FPS, (1, 1))[..., None] for s in stories]


def test_what_listeners_heard_alike_is_one_telling_and_everything_else_another():
    one = Telling.of(recording("one"))
    assert one == Telling.of(recording("two")) and hash(one) == hash(Telling.of(recording("two")))
    later = Words(WORDS.text, WORDS.start + 4.0, WORDS.duration)
    others = [recording("two", first=-9.0), recording("two", n=41), recording("two", words=later)]
    assert len({one, *map(Telling.of, others), Telling.of(replace(recording("two"), story="other"))}) == 5


def test_each_listener_learns_from_gestures_on_its_own_clock(tmp_path, monkeypatch):
    """The scan of the second begins ten seconds before the story, that of the third is longer."""
    stories = [recording("one"), recording("two", first=-9.0), recording("three", n=60), recording("four")]
    aligned = []

    def problem(own, gestures, *_):
        aligned.extend(zip(own, gestures, strict=True))
        raise StopIteration

    made = []
    monkeypatch.setattr(fold, "pseudo_gestures", lambda *a, **k: made.append(timed_gestures(*a, **k)) or made[-1])
    monkeypatch.setattr(fold, "f2t_problem", problem)
    keeper = Keeper(np.random.default_rng(0))
    words = WordVectors(WORDS.text, np.eye(2))
    shared = SimpleNamespace(keeper=keeper, folder=tmp_path, t2g=None, vectors=words, speakers=[0], rng=keeper.rng)
    shared.config = SimpleNamespace()
    for subject in ("one", "two", "three", "four"):
        shared.bases = {subject: None}
        with pytest.raises((StopIteration, RuntimeError)):
            fold.train_fold(shared, 0, Fold(stories, [WORDS.text]), QUIET)
    assert len(made[0]) == 3  # the first and the fourth heard the same
    assert [story.subject for story, _ in aligned] == ["one", "two", "three", "four"]
    for story, codes in aligned:
        assert codes[0, 0, 0] == story.start and codes.shape[1] == int(story.seconds * LATENT_FPS)


def test_listeners_of_different_repetition_times_have_gesture_targets_of_one_width(tmp_path, monkeypatch):
    """They share one F2G."""
    stories = [recording("one"), replace(recording("two", n=110), tr=0.72)]
    widths = {}

    def problem(own, gestures, statistics, vectors, bins):
        widths[own[0].subject] = phase1.f2t_problem(own, gestures, statistics, vectors, bins).blocks.n_gesture
        raise StopIteration

    monkeypatch.setattr(fold, "pseudo_gestures", timed_gestures)
    monkeypatch.setattr(fold, "f2t_problem", problem)
    keeper = Keeper(np.random.default_rng(0))
    words = WordVectors(WORDS.text, np.eye(2))
    shared = SimpleNamespace(keeper=keeper, folder=tmp_path, t2g=None, vectors=words, speakers=[0], rng=keeper.rng)
    shared.config = SimpleNamespace()
    for subject in ("one", "two"):
        shared.bases = {subject: None}
        with pytest.raises((StopIteration, RuntimeError)):
            fold.train_fold(shared, 0, Fold(stories, [WORDS.text]), QUIET)
    assert widths == {"one": 2, "two": 2}

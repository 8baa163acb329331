"""Copying the words of the most similar training BOLD."""

import numpy as np
import pytest

from fmri2ges.brain.space import Table
from fmri2ges.decoding.nearest import LAG, nearest_segments
from fmri2ges.types import Recording, Words

TR = 2.0


def story(seed, n=60, words_at=0.5):
    rng = np.random.default_rng(seed)
    onset = np.arange(words_at, TR * n, 1.0)
    words = Words(tuple(f"s{seed}w{int(t)}" for t in onset), onset, np.full(len(onset), 0.3))
    return Recording("s", f"story {seed}", rng.normal(size=(n, 8)), TR, 1.0, words, Table(tuple("abcdefgh")))


def test_words_of_the_copied_place_move_to_the_story():
    training = [story(1), story(2)]
    rng = np.random.default_rng(0)
    bold, times = rng.normal(size=(40, 8)), 1.0 + TR * np.arange(40)
    window = (times >= 20 + LAG) & (times < 40 + LAG)
    place = 13  # volume of training story 2, TR * 10 s later than the window
    bold[window] = 3 + 2 * training[1].bold[place : place + window.sum()]  # level and gain do not matter
    text = nearest_segments(bold, times, (0.0, 80.0), training).slice(20, 40)
    moved = training[1].volume_times[place] - times[window][0]
    heard = training[1].words.slice(20 + moved, 40 + moved)
    assert text.text == heard.text
    np.testing.assert_allclose(text.start, heard.start - moved)


def test_best_place_is_that_of_corrcoef():
    training, segment = [story(3), story(4)], np.random.default_rng(5).normal(size=(10, 8))
    times = LAG + TR * np.arange(10)
    text = nearest_segments(segment, times, (0.0, 20.0), training)
    places = [
        (np.corrcoef(segment.ravel(), h.bold[k : k + 10].ravel())[0, 1], h, k)
        for h in training
        for k in range(len(h.bold) - 9)
    ]
    _, heard, k = max(places, key=lambda p: p[0])
    begin = heard.volume_times[k] - LAG
    assert text.text == heard.words.slice(begin, begin + 20).text


@pytest.mark.parametrize("training", [[], [story(1, n=4)]])
def test_without_a_long_enough_stretch_there_is_no_word(training):
    assert len(nearest_segments(np.ones((30, 8)), TR * np.arange(30), (0.0, 60.0), training)) == 0

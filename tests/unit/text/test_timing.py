"""Words on the grid of volumes: which volume a word counts in, and why."""

import numpy as np

from fmri2ges.brain.hrf import double_gamma
from fmri2ges.text.timing import word_counts, words_of_volumes
from fmri2ges.types import Words

TIMES = np.array([1.0, 3.0, 5.0])


def test_a_word_counts_in_the_volume_in_which_its_middle_lies():
    words = Words.from_lists("abcde", [-0.4, 0.5, 1.7, 1.9, 5.7], [0.6, 0.1, 0.5, 0.6, 0.8])
    assert words_of_volumes(words, TIMES, 2.0).tolist() == [-1, 0, 0, 1, -1]
    assert word_counts(words, TIMES, 2.0).tolist() == [2, 1, 0]
    assert word_counts(words.slice(9, 10), TIMES, 2.0).tolist() == [0, 0, 0]


def test_the_response_to_a_word_is_that_to_an_impulse_at_its_middle():
    """To first order in its duration; an impulse at the onset is half a duration too early."""
    t, errors = np.arange(0, 25, 0.5), {}
    for duration in (0.4, 0.8):
        u = (np.arange(200) + 0.5) / 200 * duration
        whole = double_gamma(t[:, None] - u).mean(1)
        errors[duration] = [np.abs(whole - double_gamma(t - at)).max() for at in (duration / 2, 0.0)]
    assert all(middle < 0.1 * onset for middle, onset in errors.values())
    middle, onset = np.divide(errors[0.8], errors[0.4])
    assert 3.5 < middle < 4.5 and 1.8 < onset < 2.2  # of second and of first order

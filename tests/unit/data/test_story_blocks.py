"""Folds inside one story: the same words are held out for every listener, whatever their scans are like."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.brain.space import Table
from fmri2ges.data.study.folds import StoryBlocks, training_folds
from fmri2ges.errors import UserError
from fmri2ges.text.ngram import Bigram
from fmri2ges.types import Recording, Words

N_WORDS = 700
ONSETS = 4.0 + np.sort(np.random.default_rng(3).uniform(0, 700, N_WORDS))
# Every word is another one, so that it tells at which moment it was said.
WORDS = Words(tuple(f"w{k}" for k in range(N_WORDS)), ONSETS, np.full(N_WORDS, 0.2))


def recording(subject="one", n=350, first=1.0, tr=2.0, onset=0.0) -> Recording:
    """A listener whose scan has `n` volumes and meets the story `onset` seconds later than that of others."""
    return Recording(subject, "tale", np.zeros((n, 1), np.float32), tr, first, WORDS.shift(onset), Table(("A",)))


def own_blocks(times: np.ndarray, n_folds: int, gap: float):
    """The folds of a recording by itself, written out."""
    for block in np.array_split(times, n_folds):
        yield (times < block[0] - gap) | (times > block[-1] + gap), (times >= block[0]) & (times <= block[-1])


@given(
    n=st.integers(100, 300),
    tr=st.sampled_from([0.72, 1.49, 2.0, 3.0]),
    folds=st.integers(2, 6),
    gap=st.sampled_from([0.0, 7.3, 16.0]),
)
def test_listeners_of_equal_scans_have_the_blocks_that_each_would_have_alone(n, tr, folds, gap):
    heard = recording(n=n, tr=tr)
    rows = StoryBlocks.of([heard, recording("two", n=n, tr=tr)], folds, gap).rows(heard)
    for (train, test), (wanted_train, wanted_test) in zip(
        rows, own_blocks(heard.volume_times, folds, gap), strict=True
    ):
        np.testing.assert_array_equal(test, wanted_test)
        edge = np.isclose(np.abs(heard.volume_times[:, None] - heard.volume_times[test][[0, -1]]), gap).any(1)
        np.testing.assert_array_equal(train[~edge], wanted_train[~edge])


LISTENERS = [
    recording(),
    recording("two", n=310),
    recording("three", n=352, first=-9.0),
    recording("four", n=360, onset=7.4),
    recording("five", n=231, tr=3.0, first=1.5),
]


def test_what_is_held_out_for_one_listener_trains_for_none():
    blocks = StoryBlocks.of(LISTENERS, 5, 16.0)
    said = WORDS.start - WORDS.start[0]
    for k, fold in enumerate(training_folds(LISTENERS, blocks)):
        told = {word for text in fold.texts for word in text}
        heard_in_training = {word for story in fold.stories for word in story.words.text}
        for listener in LISTENERS:
            since = listener.volume_times - listener.words.start[0]
            test = since[blocks.rows(listener)[k][1]]
            # A volume of the slowest scan reaches 1.5 s to both sides of its centre, and so does one beside a border.
            held_out = {f"w{i}" for i in np.flatnonzero((said >= test[0] - 13.0) & (said <= test[-1] + 13.0))}
            assert len(held_out) > 50 and not held_out & (told | heard_in_training)


def test_each_text_is_counted_once_however_many_listeners_there_are():
    """Counted for each listener there would be no word that was heard once, and Kneser-Ney has no discount."""
    blocks = StoryBlocks.of(LISTENERS, 5, 16.0)
    for k, fold in enumerate(training_folds(LISTENERS, blocks)):
        words = [word for text in fold.texts for word in text]
        assert len(words) == len(set(words)) and (Bigram.fit(fold.texts).counts == 1).all()
        each = [training_folds([listener], blocks)[k].texts for listener in LISTENERS]
        assert len(words) == max(sum(map(len, texts)) for texts in each) > 400 and fold.texts in each


def test_whole_stories_are_one_fold_and_each_text_of_it_counts_once():
    each = recording(), recording("two", n=310)
    stories = [*each, *(replace(r, story="other") for r in each)]
    (fold,) = training_folds(stories, None)
    assert fold.stories == stories and fold.texts == [WORDS.text] * 2


def test_the_only_story_of_a_listener_is_cut_so_that_a_part_of_it_can_be_left_out():
    """Else every cross-fitted prediction would be zero, and F2G would learn from nothing, without a word."""
    both = [recording("one", n=80), replace(recording("two"), story="other"), recording("two")]
    (fold,) = training_folds(both, None)
    assert [(s.subject, len(s.bold)) for s in fold.stories] == [("one", 40), ("one", 40), ("two", 350), ("two", 350)]
    assert fold.texts == [both[0].words.text, WORDS.text]
    short = StoryBlocks.of([recording(n=120)], 2, 16.0)
    for fold in training_folds([recording(n=120)], short):
        assert len(fold.stories) == 2  # on one side of the test block lies a single stretch


@pytest.mark.parametrize("tr", [0.72, 2.0, 3.0])
def test_blocks_are_about_two_minutes_at_any_tr(tr):
    (fold,) = training_folds([recording(n=int(720 / tr), tr=tr)], None)
    assert len(fold.stories) == 6 and all(abs(s.seconds - 120) <= tr for s in fold.stories)


def test_blocks_of_volumes_are_found_again_by_their_times():
    blocks = StoryBlocks.of(LISTENERS, 5, 16.0)
    for listener in LISTENERS:
        number = blocks.number(listener.volume_times - listener.words.start[0])
        for k, (_, test) in enumerate(blocks.rows(listener)):
            np.testing.assert_array_equal(number == k, test)


def test_a_scan_without_a_block_that_others_have_is_one_line():
    short = recording("short", n=200)
    blocks = StoryBlocks.of([*LISTENERS, short], 5, 16.0)
    with pytest.raises(UserError, match="recording short/tale: has no volume in test block 4 of 5, which other"):
        blocks.rows(short)
    with pytest.raises(UserError, match="recording one/tale: gap: 400 s leaves nothing to train on beside a test bl"):
        StoryBlocks.of(LISTENERS, 2, 400.0).rows(LISTENERS[0])

"""Greedy forward choice: it finds what was planted, and its score where it chose is never taken for its worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.evaluation.forward import FOLDS, MOST_STEPS, forward_paths, parts_of


def additive(worth, units, noise, seed):
    """Scores of sets: the worth of their regions, and noise of each unit that belongs to each region."""
    rng = np.random.default_rng(seed)
    each = {name: value + noise * rng.standard_normal(units) for name, value in worth.items()}
    return lambda choices: {choice: np.sum([each[name] for name in choice], 0) for choice in choices}


def test_regions_that_carry_come_first_and_the_path_ends_at_the_share():
    worth = {"a": 0.0, "b": 0.3, "c": 0.01, "d": 0.2, "e": 0.0}
    scores = additive(worth, 6, 0.001, 0)
    whole = scores([frozenset(worth)])[frozenset(worth)]
    (path,) = forward_paths(list(worth), whole, [np.ones(6, bool)], scores)
    assert path == ["b", "d"]  # .50 of .51


def test_each_set_is_asked_for_once_although_paths_share_their_steps():
    worth = {"a": 0.3, "b": 0.2, "c": 0.1, "d": 0.05}
    scores, asked = additive(worth, 6, 0.0, 0), []

    def counted(choices):
        asked.extend(choices)
        return scores(choices)

    whole = scores([frozenset(worth)])[frozenset(worth)]
    paths = forward_paths(list(worth), whole, [p.choose for p in parts_of(6, False)], counted)
    assert len(asked) == len(set(asked)) == 4 + 3 + 2 + 1
    assert paths == [["a", "b", "c", "d"]] * FOLDS


@given(st.integers(2, 40))
def test_every_story_is_held_out_once_and_never_chooses_its_own_path(n):
    parts = parts_of(n, False)
    assert (np.sum([p.held_out for p in parts], 0) == 1).all()
    assert not any((p.choose & p.held_out).any() for p in parts) and all(p.choose.any() for p in parts)


@given(st.integers(5, 40))
def test_blocks_beside_those_held_out_choose_nothing(n):
    for part in parts_of(n, True):
        held = np.flatnonzero(part.held_out)
        near = [k for k in (held[0] - 1, held[-1] + 1) if 0 <= k < n]
        assert part.choose.any() and not part.choose[near].any() and not (part.choose & part.held_out).any()


@pytest.mark.parametrize("units, blocks", [(1, False), (4, True)])
def test_nothing_is_left_out_of_too_little(units, blocks):
    assert parts_of(units, blocks) == []


def test_nothing_is_chosen_where_all_regions_score_nothing():
    scores = additive({"a": 0.1, "b": 0.1}, 4, 0.0, 0)
    assert forward_paths(["a", "b"], np.full(4, -0.1), [np.ones(4, bool)], scores) == [[]]


def test_a_path_has_an_end_although_nothing_reaches_the_share():
    names = [f"r{k}" for k in range(60)]
    scores = additive(dict.fromkeys(names, 0.0), 4, 0.0, 0)
    (path,) = forward_paths(names, np.ones(4), [np.ones(4, bool)], scores)
    assert path == names[:MOST_STEPS]  # of equal scores, the first


def test_of_noise_the_chosen_score_is_too_large_and_the_held_out_one_is_not():
    """The score of the best of 16 empty regions, where it was chosen and where it was not; its worth is 0."""
    chosen, held = [], []
    for seed in range(200):
        names = [f"r{k}" for k in range(16)]
        scores = additive(dict.fromkeys(names, 0.0), 6, 0.1, seed)
        parts = parts_of(6, False)
        paths = forward_paths(names, np.full(6, 0.001), [p.choose for p in parts], scores)
        for part, path in zip(parts, paths, strict=True):
            first = scores([frozenset(path[:1])])[frozenset(path[:1])]
            chosen.append(first[part.choose].mean())
            held.append(first[part.held_out].mean())
    assert np.mean(chosen) > 0.05 and abs(np.mean(held)) < 0.01

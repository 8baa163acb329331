"""What many choices of ROIs share gives the same readout as solving each by itself."""

import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.models.readout import Readout
from fmri2ges.models.region_readout import RegionReadout, chosen_penalty

LENGTHS = (30, 22, 41, 30)


def readout(n_features, penalty=20.0, seed=0):
    rng = np.random.default_rng(seed)
    stories = [rng.standard_normal((n, n_features)).astype(np.float32) for n in LENGTHS]
    return Readout(stories, rng.standard_normal((sum(LENGTHS), 3)), penalty)


@pytest.mark.parametrize("n_features", [8, 60], ids=["fewer features than volumes", "more features than volumes"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99, 1.0])
def test_every_choice_is_the_readout_solved_for_it(n_features, share):
    one = readout(n_features)
    shared, columns = RegionReadout(one), np.arange(max(1, int(share * n_features)))
    quick, slow = shared.solve(columns[::-1]), one.solve(columns)
    new = np.random.default_rng(1).standard_normal((25, n_features)).astype(np.float32)
    np.testing.assert_array_equal(quick.columns, columns)
    np.testing.assert_allclose(quick.dual, slow.dual, atol=2e-5)
    np.testing.assert_allclose(quick.crossfit, slow.crossfit, atol=2e-4)
    np.testing.assert_allclose(one.predict(quick, new), one.predict(slow, new), atol=2e-4)


def test_another_penalty_shares_what_does_not_depend_on_it():
    one, other = readout(8), readout(8, penalty=300.0)
    quick = RegionReadout(one).with_penalty(300.0)
    for columns in ([2], list(range(7))):
        np.testing.assert_allclose(quick.solve(columns).dual, other.solve(np.array(columns)).dual, atol=1e-6)


def test_the_penalty_that_predicts_left_out_stories_best_is_chosen():
    one = readout(8)
    solutions = {p: RegionReadout(one).with_penalty(p).solve([0, 1]) for p in (1.0, 100.0)}
    y, p = one.targets, {k: s.crossfit for k, s in solutions.items()}
    r = {k: (v * y).sum() / np.sqrt((v * v).sum() * (y * y).sum()) for k, v in p.items()}
    assert chosen_penalty(solutions, y, [slice(0, 3)]) == max(r, key=r.get)


def test_no_column_is_one_clear_line():
    with pytest.raises(UserError, match="holds no parcel"):
        RegionReadout(readout(4)).solve([])

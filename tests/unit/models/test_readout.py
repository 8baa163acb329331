"""The closed-form readout against ridge written out and scikit-learn."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from fmri2ges.brain.hrf import delayed
from fmri2ges.errors import UserError
from fmri2ges.models import readout as module
from fmri2ges.models.normal_equations import NormalEquations
from fmri2ges.models.readout import DELAYS, Readout, best_penalty, penalty_scores
from fmri2ges.models.region_readout import RegionReadout

PENALTY = 20.0


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    stories = [rng.standard_normal((n, 16)).astype(np.float32) for n in (30, 22, 41, 30)]
    return stories, rng.standard_normal((sum(map(len, stories)), 3))


def design(stories, columns):
    return np.concatenate([delayed(s[:, columns], DELAYS) for s in stories])


@pytest.mark.parametrize("columns", [list(range(16)), [1, 4], [3]], ids=["dual", "primal", "one column"])
def test_predicts_like_scikit_learn_for_any_choice_of_columns(data, columns):
    stories, targets = data
    readout = Readout(stories, targets, PENALTY)
    new = np.random.default_rng(1).standard_normal((25, 16)).astype(np.float32)
    # The readout centres the targets but, like FIR models of z-scored BOLD, fits no intercept.
    reference = Ridge(alpha=PENALTY, fit_intercept=False).fit(design(stories, columns), targets - targets.mean(0))
    predicted = readout.predict(readout.solve(np.array(columns)), new)
    np.testing.assert_allclose(predicted, reference.predict(delayed(new[:, columns], DELAYS)), atol=2e-5)


@pytest.mark.parametrize("n", [16, 6], ids=["dual", "primal"])
def test_crossfit_is_ridge_without_the_own_story(data, n):
    stories, targets = data
    readout = Readout(stories, targets, PENALTY)
    crossfit = readout.solve(np.arange(n)).crossfit
    x, y, story = design(stories, list(range(n))), targets - targets.mean(0), np.repeat(range(4), readout.lengths)
    for k in range(4):
        model = Ridge(alpha=PENALTY, fit_intercept=False).fit(x[story != k], y[story != k])
        np.testing.assert_allclose(crossfit[story == k], model.predict(x[story == k]), atol=2e-5)


def test_crossfit_of_pure_noise_does_not_predict():
    rng = np.random.default_rng(2)
    stories = [rng.standard_normal((60, 40)).astype(np.float32) for _ in range(10)]
    targets = rng.standard_normal((600, 20))
    readout = Readout(stories, targets, 50.0)
    solution = readout.solve(np.arange(40))
    inside = np.concatenate([readout.predict(solution, s) for s in stories])
    r_inside = np.corrcoef(inside.ravel(), readout.targets.ravel())[0, 1]
    r_crossfit = np.corrcoef(solution.crossfit.ravel(), readout.targets.ravel())[0, 1]
    assert r_inside > 0.4  # what a leak would look like
    assert abs(r_crossfit) < 0.05


def test_penalty_is_weaker_with_signal_shared_by_subjects_and_ties_go_to_the_stronger():
    rng = np.random.default_rng(3)
    grid, blocks = (1.0, 100.0, 100_000.0), (slice(0, 1),)
    scores = []
    for _ in range(3):
        stories = [rng.standard_normal((50, 4)).astype(np.float32) for _ in range(8)]
        signal = np.concatenate([s[:, :1] for s in stories])
        noisy = signal + 0.5 * rng.standard_normal(signal.shape)
        scores.append(penalty_scores(stories, noisy, blocks, grid, delays=(0, 1)))
    assert best_penalty(scores) < 100_000.0
    assert best_penalty([dict.fromkeys(grid, 0.1)] * 2) == 100_000.0


def test_short_story_and_empty_choice_are_one_clear_line(data):
    stories, targets = data
    with pytest.raises(UserError, match="story 1 has 4 volumes, not more than the longest FIR delay of 5"):
        Readout([stories[0][:4]], targets[:4], 1.0)
    with pytest.raises(UserError, match="choose at least one ROI"):
        Readout(stories, targets, 1.0).solve(np.array([], int))


# Recordings with more volumes than a kernel may have.


@pytest.fixture
def long(monkeypatch):
    """Every recording counts as long: the normal equations are made story by story."""
    monkeypatch.setattr(module, "MAX_VOLUMES", 20)


@pytest.mark.parametrize("columns", [list(range(16)), [1, 4], [3]], ids=["stories shorter", "both", "stories longer"])
def test_a_long_recording_gives_the_numbers_of_the_kernel(data, long, columns):
    stories, targets = data
    readout, columns = Readout(stories, targets, PENALTY), np.array(columns)
    dual = readout._dual(columns, readout._kernel(columns), PENALTY)
    streamed = readout.solve(columns)
    np.testing.assert_allclose(streamed.crossfit, dual.crossfit, atol=2e-5)
    np.testing.assert_allclose(streamed.dual, dual.dual, atol=2e-5)
    new = np.random.default_rng(1).standard_normal((25, 16)).astype(np.float32)
    np.testing.assert_allclose(readout.predict(streamed, new), readout.predict(dual, new), atol=2e-5)


def test_a_long_recording_is_scored_and_shared_as_a_short_one(data, long, monkeypatch):
    stories, targets = data
    grid, blocks = (1.0, 30.0, 1000.0), (slice(0, 1), slice(1, 3))
    streamed = penalty_scores(stories, targets, blocks, grid)
    shared = RegionReadout(Readout(stories, targets, PENALTY)).solve([1, 4])
    alone = Readout(stories, targets, PENALTY).solve(np.array([1, 4]))
    np.testing.assert_allclose(shared.crossfit, alone.crossfit, atol=2e-5)
    monkeypatch.setattr(module, "MAX_VOLUMES", 1000)
    assert penalty_scores(stories, targets, blocks, grid) == pytest.approx(streamed, abs=2e-5)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 25), min_size=2, max_size=5), st.integers(1, 4), st.floats(1.0, 1e4), st.booleans())
def test_normal_equations_are_ridge_without_the_own_story(lengths, n_columns, penalty, wide):
    rng = np.random.default_rng(0)
    delays = (1, 2, 3, 4, 5) if wide else (1,)
    stories = [rng.standard_normal((n, n_columns)) for n in lengths]
    targets = [rng.standard_normal((n, 2)) for n in lengths]
    fit = NormalEquations(stories, targets, delays).solve(penalty)
    x, y = np.concatenate([delayed(s, delays) for s in stories]), np.concatenate(targets)
    story = np.repeat(range(len(lengths)), lengths)
    whole = Ridge(alpha=penalty, fit_intercept=False).fit(x, y)
    np.testing.assert_allclose(fit.weights.T, whole.coef_, atol=1e-9)
    np.testing.assert_allclose(fit.residual, y - whole.predict(x), atol=1e-9)
    for k in range(len(lengths)):
        model = Ridge(alpha=penalty, fit_intercept=False).fit(x[story != k], y[story != k])
        np.testing.assert_allclose(fit.crossfit[story == k], model.predict(x[story == k]), atol=1e-9)


def test_normal_equations_give_the_weights_of_himalaya():
    from himalaya.ridge import solve_ridge_svd

    rng = np.random.default_rng(0)
    stories = [rng.standard_normal((n, 6)) for n in (30, 22, 41)]
    targets = [rng.standard_normal((n, 3)) for n in (30, 22, 41)]
    x, y = np.concatenate([delayed(s, DELAYS) for s in stories]), np.concatenate(targets)
    fit = NormalEquations(stories, targets, DELAYS).solve(PENALTY)
    np.testing.assert_allclose(fit.weights, solve_ridge_svd(x, y, alpha=PENALTY), atol=1e-6)


def test_a_long_recording_holds_nothing_as_large_as_volumes_squared():
    """A kernel of 40,000 volumes would need 6.4 GB for a kernel."""
    rng = np.random.default_rng(4)
    stories = [rng.standard_normal((n, 2)).astype(np.float32) for n in (400,) * 100]
    signal = np.concatenate([delayed(s[:, :1], (2,)) for s in stories])
    tracemalloc.start()
    readout = Readout(stories, signal + rng.standard_normal(signal.shape), 100.0)
    solution = readout.solve(np.arange(2))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6
    assert np.corrcoef(solution.crossfit[:, 0], signal[:, 0])[0, 1] > 0.99
    np.testing.assert_allclose(solution.weights[:, 0].reshape(5, 2)[1], (1, 0), atol=0.05)


def test_too_many_volumes_and_features_are_refused_with_their_numbers(long, monkeypatch):
    monkeypatch.setattr(module, "MAX_FIR", 60)
    stories = [np.zeros((30, 13), np.float32)] * 2
    with pytest.raises(UserError, match=r"60 volumes and 65 FIR features \(13 features at 5 delays\) are too many"):
        Readout(stories, np.zeros((60, 1)), 1.0)
    Readout([s[:, :12] for s in stories], np.zeros((60, 1)), 1.0)

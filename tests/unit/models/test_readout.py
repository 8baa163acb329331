"""The closed-form readout against ridge written out and scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fmri2ges.brain.hrf import delayed
from fmri2ges.errors import UserError
from fmri2ges.models.readout import DELAYS, Readout, best_penalty, penalty_scores

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

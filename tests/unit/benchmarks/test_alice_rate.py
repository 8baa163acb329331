"""The word-rate benchmark on synthetic recordings: training sees no tested words, and ridge as in scikit-learn."""

import numpy as np
import pytest
from alice_rate import (
    PENALTIES,
    ROWS,
    Problem,
    average_of_forms,
    fir,
    nested,
    predictions,
    prewhiten,
    ridge_predictions,
    score,
)

from fmri2ges.data.study.folds import within_story_folds


@pytest.fixture(scope="module")
def recording():
    rng = np.random.default_rng(0)
    counts = rng.poisson(5, (200, 2)).astype(float)
    bold = rng.normal(size=(3, 200, 2)).cumsum(1) * 0.3
    bold[:, 2:] += 0.3 * counts[:-2, :1]
    return Problem((bold - bold.mean(1, keepdims=True)) / bold.std(1, keepdims=True), 20 + 2.0 * np.arange(200)), counts


@pytest.mark.parametrize("fold", range(5))
def test_words_outside_the_training_part_change_nothing(recording, fold):
    problem, counts = recording
    train, test = within_story_folds(problem.times, problem.folds, problem.gap)[fold]
    changed = counts.copy()
    changed[~train] = np.random.default_rng(1).normal(0, 50, changed[~train].shape)  # the test block and its gap
    inner, _, predicted = nested(problem, counts)
    inner_changed, _, predicted_changed = nested(problem, changed)
    np.testing.assert_array_equal(inner[fold], inner_changed[fold])
    for row in ROWS.values():
        p, _ = predictions(problem, inner, predicted, row)
        q, _ = predictions(problem, inner_changed, predicted_changed, row)
        np.testing.assert_array_equal(p[:, test], q[:, test])


@pytest.mark.parametrize("trained, listeners", [(0, [1]), (1, [0, 1, 2]), (2, [0, 2])])
def test_ridge_agrees_with_scikit_learn(recording, trained, listeners):
    from sklearn.linear_model import Ridge

    problem, counts = recording
    train, test = within_story_folds(problem.times, problem.folds, problem.gap)[2]
    (found,) = ridge_predictions(problem, counts, train, [test])
    z = fir(prewhiten(problem.bold, train), problem.delays, train)
    model = Ridge(alpha=len(listeners) * PENALTIES[3] * train.sum())
    model.fit(np.concatenate([z[k, train] for k in listeners]), np.tile(counts[train, 0], len(listeners)))
    expected = model.predict(z[1, test]) - counts[train, 0].mean()
    np.testing.assert_allclose(found[1, trained, 3, 1, :, 0], expected, atol=1e-9)


def test_score_is_the_correlation_of_the_held_out_predictions(recording):
    problem, counts = recording
    inner, outer, predicted = nested(problem, counts)
    p, _ = predictions(problem, inner, predicted, ROWS["+ both"])
    r = score(inner, outer, ROWS["+ both"])
    np.testing.assert_allclose(r[:, 0], [np.corrcoef(q, counts[:, 0])[0, 1] for q in p])
    assert r[-1, 0] > 0.2 > abs(r[-1, 1])  # planted in the first target, absent from the second


def test_average_of_forms_is_that_of_their_held_out_predictions(recording):
    problem, counts = recording
    inner, _, predicted = nested(problem, counts)
    forms = [(False, "own"), (True, "own"), (False, "pooled"), (True, "pooled")]
    r, p = average_of_forms(problem, counts, inner, forms)
    np.testing.assert_allclose(r[:, 0], [np.corrcoef(q, counts[:, 0])[0, 1] for q in p])
    each = np.stack([average_of_forms(problem, counts, inner, [form])[1] for form in forms])
    np.testing.assert_allclose(p, each.sum(0))
    _, only = average_of_forms(problem, counts, inner, forms[:1])
    one, _ = predictions(problem, inner, predicted, forms[:1])
    for _, test in within_story_folds(problem.times, problem.folds, problem.gap):
        np.testing.assert_allclose(only[:, test], one[:, test] / one[:, test].std(1, keepdims=True))

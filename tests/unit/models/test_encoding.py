"""The encoding model and its streamed ridge against scikit-learn, himalaya and loops written out."""

import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fmri2ges.brain.hrf import delayed
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.models import ridge
from fmri2ges.models.encoding import EncodingModel, StoryVoxels, fit_encoding
from fmri2ges.models.ridge import fit_ridge
from fmri2ges.models.story_folds import story_folds
from fmri2ges.work import Work

GRID = (0.3, 3.0, 30.0, 300.0, 3000.0)
LENGTHS = [40, 31, 52, 40, 37]


def study(n_features, n_voxels=24, seed=0, lengths=LENGTHS, delays=(1, 2, 3, 4)):
    """Features and BOLD of some stories; signal grows from none (first voxel) to much (last)."""
    rng = np.random.default_rng(seed)
    features = [rng.normal(1.0, 2.0, (n, n_features)) for n in lengths]
    weights = rng.normal(size=(len(delays) * n_features, n_voxels)) * np.linspace(0, 2, n_voxels)
    bold = []
    for f in features:
        clean = delayed((f - 1.0) / 2.0, [-d for d in delays]) @ weights / np.sqrt(len(weights))
        bold.append((clean + rng.normal(size=clean.shape)).astype(np.float32))
    return features, bold, weights


def design_of(features, delays=(1, 2, 3, 4)):
    both = np.concatenate(features)
    return np.concatenate([delayed((f - both.mean(0)) / both.std(0), [-d for d in delays]) for f in features])


@pytest.fixture(params=["whole", "streamed"])
def batches(request, monkeypatch):
    """The same results with everything at once and with a few voxels and one factor at a time."""
    if request.param == "streamed":
        monkeypatch.setattr(ridge, "BATCH_BYTES", 20e3)
        monkeypatch.setattr(ridge, "FACTOR_BYTES", 1.0)


shapes = pytest.mark.parametrize("n_features", [3, 70], ids=["primal", "dual"])


@shapes
def test_fixed_penalty_equals_scikit_learn_per_voxel(n_features, batches):
    features, bold, _ = study(n_features)
    model = fit_encoding(features, StoryVoxels(bold), penalties=(30.0,))
    expected = Ridge(alpha=30.0, fit_intercept=False).fit(design_of(features), np.concatenate(bold)).coef_.T
    np.testing.assert_allclose(model.weights, expected, atol=2e-6)
    new = np.random.default_rng(1).normal(size=(20, n_features))
    both = np.concatenate(features)
    z = (new - both.mean(0)) / both.std(0)
    np.testing.assert_allclose(model.predict(new), delayed(z, [-1, -2, -3, -4]) @ expected, atol=1e-4)


@shapes
def test_penalty_is_the_one_of_a_written_out_loop(n_features, batches):
    features, bold, _ = study(n_features)
    x, y = design_of(features), np.concatenate(bold).astype(float)
    fold = np.repeat(story_folds(LENGTHS, 3), LENGTHS)
    loss = np.zeros((len(GRID), y.shape[1]))
    for k in range(3):
        for i, penalty in enumerate(GRID):
            fit = Ridge(alpha=penalty, fit_intercept=False).fit(x[fold != k], y[fold != k])
            loss[i] += ((y[fold == k] - fit.predict(x[fold == k])) ** 2).sum(0)
    model = fit_encoding(features, StoryVoxels(bold), penalties=GRID[::-1], n_folds=3)
    np.testing.assert_allclose(model.penalty, np.array(GRID)[loss.argmin(0)], rtol=1e-6)
    np.testing.assert_allclose(model.score, 1 - loss.min(0) / (y**2).sum(0), atol=1e-5)
    assert len(set(model.penalty.tolist())) > 1  # else the test could not fail


@shapes
def test_equals_himalaya(n_features):
    from himalaya.ridge import solve_ridge_cv_svd
    from sklearn.model_selection import PredefinedSplit

    lengths = [40] * 5
    features, bold, _ = study(n_features, lengths=lengths)
    x, y = design_of(features).astype(np.float32), np.concatenate(bold)
    split = PredefinedSplit(np.repeat(story_folds(lengths, 5), lengths))
    penalty, weights, _ = solve_ridge_cv_svd(x, y, np.array(GRID), cv=split, warn=False)
    fitted = fit_ridge(x, StoryVoxels(bold), lengths, GRID)
    np.testing.assert_allclose(fitted.penalty, penalty, rtol=1e-5)
    np.testing.assert_allclose(fitted.weights, weights, atol=2e-6)


def test_in_a_large_design_a_voxel_walks_to_where_its_loss_falls(batches, monkeypatch):
    """From the middle penalty to the nearest minimum of the held-out loss, with the weights of that penalty."""
    grid = np.logspace(-1, 5, 13)
    features, bold, _ = study(70, n_voxels=60)
    for b in bold:
        b[:, 0] = 0
    x, _, lengths = design_of(features).astype(np.float32), np.concatenate(bold), LENGTHS
    one_by_one = np.stack([1 - fit_ridge(x, StoryVoxels(bold), lengths, (a,), 3).score for a in grid])
    exact = fit_ridge(x, StoryVoxels(bold), lengths, grid, 3)
    monkeypatch.setattr(ridge, "WALK", 0)
    walked = fit_ridge(x, StoryVoxels(bold), lengths, grid, 3)
    expected = []
    for loss in one_by_one.T[1:]:
        k = middle = len(grid) // 2
        while k + 1 < len(grid) and loss[k + 1] <= loss[k]:
            k += 1
        while k <= middle and k > 0 and loss[k - 1] < loss[k]:
            k -= 1
        expected.append(grid[k])
    np.testing.assert_allclose(walked.penalty, [grid[-1], *expected], rtol=1e-6)
    assert min(expected) < grid[6] < max(expected)  # both ways, else the test could not fail
    same = walked.penalty == exact.penalty
    assert same.mean() > 0.9
    np.testing.assert_allclose(walked.weights[:, same], exact.weights[:, same], atol=2e-6)
    np.testing.assert_allclose(walked.score, exact.score, atol=2e-3)


def test_a_penalty_that_no_voxel_meets_is_not_factorised(monkeypatch):
    features, bold, _ = study(70)
    strong = [b[:, -4:] for b in bold]
    monkeypatch.setattr(ridge, "WALK", 0)
    made, inverse = [], ridge._Dual.inverse
    monkeypatch.setattr(ridge._Dual, "inverse", lambda self, k: made.append(k) or inverse(self, k))
    model = fit_encoding(features, StoryVoxels(strong), penalties=np.logspace(-6, 5, 23))
    chosen = {int(round(2 * (np.log10(p) + 6))) for p in model.penalty}
    assert len(made) < 23 and sorted(made) == sorted(set(made)) and chosen < set(made)


@shapes
def test_ties_take_the_stronger_penalty(n_features):
    features, bold, _ = study(n_features)
    for b in bold:
        b[:, 5] = 0
    model = fit_encoding(features, StoryVoxels(bold), penalties=GRID)
    assert model.penalty[5] == max(GRID)
    assert model.score[5] == 0 and not model.weights[:, 5].any()


def test_planted_voxels_are_found_and_others_are_not():
    features, bold, weights = study(6, n_voxels=40, lengths=[150] * 8)
    model = fit_encoding(features[:6], StoryVoxels(bold[:6]))
    r = model.correlation(features[6:], StoryVoxels(bold[6:]))
    assert abs(r[0]) < 0.12 and abs(model.score[0]) < 0.02
    assert (r[20:] > 0.6).all() and np.corrcoef(model.weights[:, -1], weights[:, -1])[0, 1] > 0.98
    assert set(model.best(15)) <= set(range(20, 40))
    part = model.select(np.array([3, 30]))
    np.testing.assert_array_equal(part.weights, model.weights[:, [3, 30]])
    again = EncodingModel.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.predict(features[7]), model.predict(features[7]))
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(model.predict(features[7]).T, bold[7].T, strict=True)]
    np.testing.assert_allclose(model.correlation(features[7:], StoryVoxels(bold[7:]), width=7), expected, atol=1e-5)


def test_nothing_leaks_across_stories():
    features, bold, _ = study(3)
    design = fit_encoding(features, StoryVoxels(bold)).design(features[1])
    assert not design[0].any() and not design[3, 9:].any() and design[3, :9].all()


def test_voxels_are_read_in_blocks_from_disk(tmp_path):
    """What is read at once is a small part of the data (torch's own memory is measured by benchmarks/encoding.py)."""
    rng = np.random.default_rng(0)
    lengths, n_voxels = [500] * 4, 4000
    features = [rng.normal(size=(n, 4)).astype(np.float32) for n in lengths]
    stories = []
    for k, n in enumerate(lengths):
        np.save(tmp_path / f"{k}.npy", rng.normal(size=(n, n_voxels)).astype(np.float32))
        stories.append(np.load(tmp_path / f"{k}.npy", mmap_mode="r"))
    old, ridge.BATCH_BYTES = ridge.BATCH_BYTES, 3e6
    tracemalloc.start()
    try:
        model = fit_encoding(features, StoryVoxels(stories), penalties=GRID)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        ridge.BATCH_BYTES = old
    assert peak < 0.3 * sum(s.nbytes for s in stories)
    some = slice(100, 110)
    direct = fit_encoding(features, StoryVoxels([s[:, some] for s in stories]), penalties=GRID)
    np.testing.assert_allclose(model.weights[:, some], direct.weights, atol=1e-6)


def test_weights_can_be_written_to_a_memory_map(tmp_path):
    features, bold, _ = study(3)
    out = np.lib.format.open_memmap(tmp_path / "w.npy", "w+", np.float32, (12, 24))
    model = fit_encoding(features, StoryVoxels(bold), out=out)
    assert model.weights is out
    np.testing.assert_array_equal(out, fit_encoding(features, StoryVoxels(bold)).weights)


def test_progress_ends_at_one_and_stop_stops(batches):
    features, bold, _ = study(3)
    seen = []
    fit_encoding(features, StoryVoxels(bold), work=Work(lambda f, m: seen.append(f)))
    assert seen[-1] == 1.0 and sorted(seen) == seen
    with pytest.raises(Cancelled):
        fit_encoding(features, StoryVoxels(bold), work=Work(should_stop=lambda: True))


def test_folds_are_whole_stories_of_about_equal_length():
    lengths = np.random.default_rng(0).integers(100, 400, 27)
    sizes = np.bincount(story_folds(lengths, 5), weights=lengths)
    assert len(sizes) == 5 and sizes.max() < 1.1 * sizes.min()
    assert set(story_folds([10, 10, 10], 5)) == {0, 1, 2}


def test_bad_input_is_one_clear_line():
    features, bold, _ = study(3)
    nan = [b.copy() for b in bold]
    nan[2][:, 7] = np.nan
    with pytest.raises(UserError, match="column 7 holds NaN or infinity in 52 of 200 volumes"):
        fit_encoding(features, StoryVoxels(nan))
    with pytest.raises(UserError, match="story 1 has 4 volumes, not more than the longest delay of 4"):
        fit_encoding([features[0][:4], *features[1:]], StoryVoxels([bold[0][:4], *bold[1:]]))
    with pytest.raises(UserError, match="200 volumes of features, 160 of BOLD"):
        fit_encoding(features, StoryVoxels(bold[1:]))
    with pytest.raises(UserError, match="stories have 3, 4 features"):
        fit_encoding([np.ones((40, 4)), *features[1:]], StoryVoxels(bold))
    with pytest.raises(UserError, match="stories have 2, 24 voxels"):
        StoryVoxels([bold[0][:, :2], bold[1]])
    with pytest.raises(UserError, match="1 story; the penalty is chosen on held-out stories"):
        fit_encoding(features[:1], StoryVoxels(bold[:1]))
    with pytest.raises(UserError, match="penalties: must be numbers above 0"):
        fit_encoding(features, StoryVoxels(bold), penalties=(0.0, 1.0))
    model = fit_encoding(features, StoryVoxels(bold))
    with pytest.raises(UserError, match="trained on 3 features"):
        model.predict(np.ones((9, 5)))
    with pytest.raises(UserError, match="trained on 24"):
        model.correlation(features, StoryVoxels([b[:, :3] for b in bold]))

"""The fast likelihood against the Gaussian written out over voxels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.brain.lanczos import lanczos_matrix
from fmri2ges.errors import UserError
from fmri2ges.models.encoding import EncodingModel
from fmri2ges.models.likelihood import Evidence, Likelihood
from fmri2ges.models.noise import NoiseModel

TR, N_VOLUMES, N_FEATURES, N_VOXELS = 2.0, 25, 7, 40
TIMES = 11.0 + TR * np.arange(N_VOLUMES)


def make(seed=0, n_features=N_FEATURES, n_voxels=N_VOXELS, delays=(1, 2, 3, 4)):
    rng = np.random.default_rng(seed)
    mean, sd = rng.normal(size=n_features), rng.uniform(0.5, 2, n_features)
    weights = rng.normal(size=(len(delays) * n_features, n_voxels)).astype(np.float32)
    model = EncodingModel(mean, sd, weights, np.ones(n_voxels), np.ones(n_voxels), delays)
    noise = rng.normal(size=(60, n_voxels)) @ rng.normal(size=(n_voxels, n_voxels)) / 6
    covariance = (noise.T @ noise / 60).astype(np.float32)
    return model, NoiseModel(covariance, 60.0), rng.normal(size=(N_VOLUMES, n_voxels))


def written_out(model, noise, bold, word_times, features) -> float:
    """-1/2 sum of (xW - r)' P (xW - r), with nothing precomputed; P is a plain inverse."""
    precision = np.linalg.inv(noise.shrunk())
    resampled = lanczos_matrix(word_times, TIMES) @ features
    z = (resampled - model.mean) / model.sd
    total = 0.0
    for t in range(len(bold)):
        predicted = np.zeros(bold.shape[1])
        for k, d in enumerate(model.delays):
            if t - d >= 0:
                predicted += z[t - d] @ model.weights[k * len(model.mean) : (k + 1) * len(model.mean)].astype(float)
        error = predicted - bold[t]
        total -= 0.5 * error @ precision @ error
    return total


# From before the first volume to after the last; several words within one volume.
WORDS = np.sort(np.concatenate([np.linspace(3, 64, 23), [30.0, 30.1, 30.2, 61.0]]))


@pytest.mark.parametrize("delays", [(1, 2, 3, 4), (2, 5), (3,)])
def test_each_step_equals_the_formula_to_1e_8(delays):
    model, noise, bold = make(delays=delays)
    rng = np.random.default_rng(1)
    likelihood = Likelihood(Evidence(model, noise), bold, TIMES, WORDS)
    beam, texts = likelihood.start(), [np.zeros((0, N_FEATURES))]
    empty = written_out(model, noise, bold, WORDS[:0], texts[0])
    for word in range(len(WORDS)):
        features, parents = rng.normal(size=(5, N_FEATURES)), rng.integers(0, len(beam), 5)
        step = likelihood.step(beam, word)
        texts = [np.vstack([texts[p], e]) for p, e in zip(parents, features, strict=True)]
        expected = [written_out(model, noise, bold, WORDS[: word + 1], t) for t in texts]
        np.testing.assert_allclose(step.score(features, parents) + empty, expected, rtol=1e-8)
        beam = step.extend(features, parents)
    np.testing.assert_allclose(likelihood.total(texts[0]), expected[0], rtol=1e-8)


def test_ranks_ten_thousand_candidates_as_the_formula_does():
    model, noise, bold = make(2)
    rng = np.random.default_rng(3)
    times, text = WORDS[:12], rng.normal(size=(11, N_FEATURES))
    candidates = rng.normal(size=(10_000, N_FEATURES))
    likelihood = Likelihood(Evidence(model, noise), bold, TIMES, times)
    beam = likelihood.start()
    for word, e in enumerate(text):
        beam = likelihood.step(beam, word).extend(e[None], np.zeros(1, int))
    fast = likelihood.step(beam, 11).score(candidates, np.zeros(len(candidates), int))
    # The formula for all candidates at once: only the last word differs.
    precision = np.linalg.inv(noise.shrunk())
    lanczos = lanczos_matrix(times, TIMES)
    z = (lanczos[:, :11] @ text + lanczos[:, 11][:, None] * candidates[:, None, :] - model.mean) / model.sd
    slow = np.zeros(len(candidates))
    for t in range(N_VOLUMES):
        x = np.concatenate([z[:, t - d] if t >= d else np.zeros_like(z[:, 0]) for d in model.delays], 1)
        error = x @ model.weights.astype(float) - bold[t]
        slow -= 0.5 * np.einsum("nv,nv->n", error @ precision, error)
    assert (np.argsort(fast) == np.argsort(slow)).all()
    difference = slow - written_out(model, noise, bold, WORDS[:0], text[:0])
    np.testing.assert_allclose(fast, difference, rtol=1e-8)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), start=st.floats(-20, 60), gap=st.floats(0, 4), n=st.integers(1, 12))
def test_word_by_word_adds_up_to_the_whole_text_for_any_times(seed, start, gap, n):
    model, noise, bold = make(seed)
    rng = np.random.default_rng(seed)
    times, features, expected = (
        start + gap * np.arange(n),
        rng.normal(size=(n, N_FEATURES)),
        rng.normal(size=N_FEATURES),
    )
    evidence = Evidence(model, noise)
    whole = Likelihood(evidence, bold, TIMES, times).total(features)
    for average in (None, expected):
        likelihood = Likelihood(evidence, bold, TIMES, times, average)
        beam = likelihood.start()
        for word in range(n):
            beam = likelihood.step(beam, word).extend(features[word : word + 1], np.zeros(1, int))
        base = likelihood.total(np.zeros((n, N_FEATURES)) if average is None else np.tile(average, (n, 1)))
        assert beam.log_likelihood[0] + base == pytest.approx(whole, rel=1e-9)


def test_a_choice_of_voxels_is_the_formula_on_those_voxels():
    model, noise, bold = make(4)
    roi = np.array([0, 3, 4, 11, 30])
    features = np.random.default_rng(0).normal(size=(len(WORDS), N_FEATURES))
    part = Likelihood(Evidence(model.select(roi), noise.select(roi)), bold[:, roi], TIMES, WORDS)
    expected = written_out(model.select(roi), noise.select(roi), bold[:, roi], WORDS, features)
    assert part.total(features) == pytest.approx(expected, rel=1e-8)


def test_single_precision_agrees():
    model, noise, bold = make(5)
    features = np.random.default_rng(0).normal(size=(50, N_FEATURES))
    scores = [
        Likelihood(e, bold, TIMES, WORDS)
        .step(Likelihood(e, bold, TIMES, WORDS).start(), 9)
        .score(features, np.zeros(len(features), int))
        for e in (Evidence(model, noise, np.float32), Evidence(model, noise))
    ]
    np.testing.assert_allclose(scores[0], scores[1], rtol=2e-4, atol=2e-4 * np.abs(scores[1]).max())


def test_true_words_beat_others_and_null_bold_does_not_prefer_them():
    model, noise, _ = make(6)
    rng = np.random.default_rng(6)
    times = np.sort(rng.uniform(14, 55, 40))
    truth = rng.normal(size=(40, N_FEATURES))
    z = (lanczos_matrix(times, TIMES) @ truth - model.mean) / model.sd
    signal = np.zeros((N_VOLUMES, N_VOXELS))
    for k, d in enumerate(model.delays):
        signal[d:] += z[:-d] @ model.weights[k * N_FEATURES : (k + 1) * N_FEATURES]
    error = rng.multivariate_normal(np.zeros(N_VOXELS), noise.shrunk(), N_VOLUMES)
    evidence = Evidence(model, noise)
    better = {}
    for name, bold in (("signal", signal + error), ("null", error)):
        likelihood = Likelihood(evidence, bold, TIMES, times)
        others = [likelihood.total(rng.permutation(truth)) for _ in range(99)]
        better[name] = np.mean(likelihood.total(truth) > np.array(others))
    assert better["signal"] == 1.0
    assert better["null"] < 0.995


def test_bad_input_is_one_clear_line():
    model, noise, bold = make()
    evidence = Evidence(model, noise)
    with pytest.raises(UserError, match="has 40 voxels; give the same voxels"):
        Likelihood(evidence, bold[:, :3], TIMES, WORDS)
    with pytest.raises(UserError, match="bold: 1 values are NaN"):
        Likelihood(
            evidence, np.where(np.arange(N_VOXELS) + np.arange(N_VOLUMES)[:, None] == 0, np.nan, bold), TIMES, WORDS
        )
    with pytest.raises(UserError, match="4 volumes, not more than the longest delay of 4"):
        Likelihood(evidence, bold[:4], TIMES[:4], WORDS)
    with pytest.raises(UserError, match="ascending order"):
        Likelihood(evidence, bold, TIMES, WORDS[::-1])
    with pytest.raises(UserError, match="choose at least one ROI"):
        Evidence(model.select(np.array([], int)), noise)
    with pytest.raises(UserError, match="noise covariance: shape must be"):
        Evidence(model.select(np.arange(3)), noise)

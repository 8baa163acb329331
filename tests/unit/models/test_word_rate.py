"""The word-rate model: planted responses, its forms against ridge written out, and the words placed by it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter
from sklearn.linear_model import Ridge

from fmri2ges.brain.hrf import delayed
from fmri2ges.errors import UserError
from fmri2ges.models.word_rate import (
    Pair,
    PooledRate,
    RateSettings,
    RateTraining,
    WordRate,
    averaged,
    believed_correlation,
    fit_whitening,
    pooled_scores,
)
from fmri2ges.text.timing import spread_words, word_counts
from fmri2ges.types import Words

DELAYS, N, WIDTH = (1, 2, 3, 4, 5), 150, 6
OWN, SHARED = Pair(300.0, 300.0), Pair(900.0, 900.0)


def heard(n_stories: int = 8) -> list[np.ndarray]:
    """Counts of 0 to 6 words with pauses."""
    rng = np.random.default_rng(0)
    return [rng.poisson(4, N).clip(0, 6) * (rng.random(N) > 0.2).astype(np.float32) for _ in range(n_stories)]


def listener(signal: float, seed: int, counts=None, phi: float = 0.7) -> RateTraining:
    """A listener whose areas answer 2 and 3 volumes after the words, under red noise."""
    rng = np.random.default_rng(seed)
    counts = heard() if counts is None else counts
    gain = 1 + 0.3 * rng.normal(size=WIDTH)
    stories = []
    for c in counts:
        noise = lfilter([1.0], [1.0, -phi], rng.normal(size=(len(c), WIDTH)), axis=0)
        bold = signal * delayed((c - c.mean())[:, None], [-2, -3]).sum(1)[:, None] * gain + 3 * noise
        stories.append(((bold - bold.mean(0)) / bold.std(0)).astype(np.float32))
    return RateTraining(stories, counts, DELAYS)


def first(training: RateTraining, n: int) -> RateTraining:
    """The same listener with the first few stories alone."""
    return replace(training, stories=training.stories[:n], counts=training.counts[:n])


def held_out_r(model: WordRate, whole: RateTraining, columns=range(WIDTH)) -> float:
    """r in the last two stories, of which the model has seen nothing."""
    found = [
        np.corrcoef(model.predict(np.array(columns), s, np.arange(N)), c)[0, 1]
        for s, c in zip(whole.stories[6:], whole.counts[6:], strict=True)
    ]
    return float(np.mean(found))


def test_planted_rate_is_found_in_held_out_stories_and_noise_is_not():
    strong, silent = listener(1.0, 1), listener(0.0, 1)
    model = WordRate(first(strong, 6), RateSettings(OWN))
    assert held_out_r(model, strong) > 0.5
    assert held_out_r(model, strong, [0]) > 0.2  # one area alone
    null = [held_out_r(WordRate(first(x, 6), RateSettings(OWN)), x) for x in (silent, listener(0.0, 2))]
    assert abs(np.mean(null)) < 0.12


def test_weights_of_several_listeners_help_each_of_them_and_make_nothing_of_noise():
    def gain(signal: float) -> np.ndarray:
        people = [listener(signal, seed) for seed in range(6)]
        trained = [first(p, 2) for p in people]
        pooled = PooledRate(trained, Pair(*(6 * p for p in OWN)))
        settings = RateSettings(OWN, pooled.penalties, tuple(range(6)))
        alone = [held_out_r(WordRate(t, RateSettings(OWN)), p) for t, p in zip(trained, people, strict=True)]
        both = [held_out_r(WordRate(t, settings, lambda _: pooled), p) for t, p in zip(trained, people, strict=True)]
        return np.array([np.mean(alone), np.mean(both)])

    alone, both = gain(0.15)
    assert both > alone + 0.02 > 0.05
    assert np.abs(gain(0.0)).max() < 0.1


def test_the_forms_are_ridge_as_scikit_learn_has_it():
    training = listener(1.0, 1)
    model, columns, rows = WordRate(training, RateSettings(OWN)), np.array([0, 2, 5]), np.arange(20, 90)
    y, story = np.concatenate(training.counts), training.stories[3]
    forms, crossfits, bounds = [], [], np.arange(9) * N
    for series, new in zip(training.series, (story, training.whitening.apply(story)), strict=True):
        x = np.concatenate([delayed(s[:, columns], DELAYS) for s in series])
        ridge = Ridge(alpha=300.0, fit_intercept=False)
        forms.append(ridge.fit(x, y - y.mean()).predict(delayed(new[:, columns], DELAYS))[rows])
        held = [np.r_[lo:hi] for lo, hi in zip(bounds[:-1], bounds[1:], strict=True)]
        others = [np.setdiff1d(np.arange(len(y)), own) for own in held]
        parts = [ridge.fit(x[o], y[o] - y.mean()).predict(x[own]) for own, o in zip(held, others, strict=True)]
        crossfits.append(np.concatenate(parts))
    z = averaged(crossfits)
    swing = y.std() * believed_correlation(np.corrcoef(z, y)[0, 1], len(y))
    expected = np.maximum(y.mean() + swing * averaged(forms), 0)
    np.testing.assert_allclose(model.predict(columns, story, rows), expected, atol=5e-3)
    np.testing.assert_allclose(model.crossfit(columns), np.maximum(y.mean() + swing * z, 0), atol=5e-3)
    np.testing.assert_allclose(model.for_many_choices().predict(columns, story, rows), expected, atol=5e-3)


def test_the_rate_moves_as_far_as_it_can_be_believed():
    whole, columns = listener(1.0, 1), np.arange(WIDTH)
    model = WordRate(first(whole, 6), RateSettings(OWN))
    counts, rate = whole.counts[7], model.predict(columns, whole.stories[7], np.arange(N))
    assert np.polyfit(rate, counts, 1)[0] == pytest.approx(1, abs=0.25)  # a word more is a word more
    silent = WordRate(first(listener(0.0, 1), 6), RateSettings(OWN))
    assert silent.predict(columns, whole.stories[7], np.arange(N)).std() < 0.12 * counts.std()
    flat = model.predict(columns, np.zeros((N, WIDTH), np.float32), np.arange(N))
    np.testing.assert_allclose(flat, model.mean)


@given(st.floats(-1, 1), st.integers(10, 30_000))
def test_a_believed_correlation_is_above_zero_and_with_much_data_what_was_found(r, n):
    believed, sd = believed_correlation(r, n), 1 / np.sqrt(n)
    drawn = np.linspace(0, max(r, 0) + 12 * sd, 20_001)
    weight = np.exp(-((drawn - r) ** 2) / (2 * sd**2) + (min(r, 0) / sd) ** 2 / 2)
    assert believed == pytest.approx((drawn * weight).sum() / weight.sum(), rel=0.01, abs=1e-4)
    assert max(r, 0) <= believed <= max(r, 0) + sd


def test_pooled_weights_are_one_ridge_of_all_listeners():
    people = [listener(1.0, seed) for seed in range(3)]
    solved = PooledRate(people, SHARED).solve(np.array([1, 4]))
    for weights, form in zip(solved, ("plain", "white"), strict=True):
        stories = [s[:, [1, 4]] for p in people for s in getattr(p.series, form)]
        x, y = np.concatenate([delayed(s, DELAYS) for s in stories]), np.concatenate([*people[0].centred] * 3)
        np.testing.assert_allclose(weights, Ridge(alpha=900.0, fit_intercept=False).fit(x, y).coef_, atol=1e-4)


def test_the_penalty_of_pooled_weights_is_scored_on_stories_that_no_listener_trained_with():
    """Six listeners without noise of their own: what one heard in a story would tell all about it."""
    rng = np.random.default_rng(3)
    counts = [rng.poisson(3, 60).astype(np.float32) for _ in range(6)]
    noise = [rng.normal(size=(60, 40)).astype(np.float32) for _ in range(6)]
    same = [RateTraining(noise, counts, DELAYS) for _ in range(4)]
    for scores in pooled_scores(same):
        assert len(scores) == 5 and all(abs(r) < 0.2 for r in scores.values())
    for scores in pooled_scores([listener(1.0, seed) for seed in range(3)]):
        assert max(scores.values()) > 0.4
    one = [replace(p, stories=p.stories[:1], counts=p.counts[:1]) for p in same]
    assert {r for scores in pooled_scores(one) for r in scores.values()} == {0.0}


@given(st.floats(-0.9, 0.95), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_whitening_takes_the_past_out_and_leaves_unit_variance(phi, step, seed):
    rng = np.random.default_rng(seed)
    past = np.zeros(step - 1)
    series = lfilter([1.0], [1.0, *past, -phi], rng.normal(size=(3000, 2)), axis=0)
    found = fit_whitening([series[:1500], series[1500:]], step)
    white = found.apply(series[1500:])
    assert abs(found.phi - phi) < 0.08
    assert abs(np.corrcoef(white[step:, 0], white[:-step, 0])[0, 1]) < 0.12
    assert white.std(0) == pytest.approx([1, 1], rel=0.12)


def test_the_mean_of_forms_counts_each_alike_and_one_that_says_nothing_adds_nothing():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=50), 30 * rng.normal(size=50) + 7
    one, two = ((x - x.mean()) / x.std() for x in (a, b))
    np.testing.assert_allclose(averaged([a, b]), (one + two) / (one + two).std())
    np.testing.assert_allclose(averaged([a, np.full(50, 7.0)]), one)
    assert not averaged([np.full(50, 7.0), np.zeros(50)]).any()


def test_listeners_that_differ_in_their_features_have_no_weights_in_common():
    one = listener(1.0, 1)
    other = replace(one, stories=[s[:, :3] for s in one.stories])
    with pytest.raises(UserError, match="listeners of one set of weights differ"):
        PooledRate([one, other], SHARED)


def test_volumes_without_words_stay_empty():
    times = 11.0 + 2.0 * np.arange(6)
    volume, start, duration = spread_words(np.array([2.0, 0.0, 0.0, 4.0, 0.0, 1.0]), times, 2.0, lead=0.0)
    assert volume.tolist() == [0, 0, 3, 3, 3, 3, 5]
    words = Words(("x",) * 7, start, duration)
    assert word_counts(words, times, 2.0).tolist() == [2, 0, 0, 4, 0, 1]
    assert [len(part) for part in spread_words(np.zeros(6), times, 2.0)] == [0, 0, 0]


def test_a_steady_rate_gives_even_words_and_a_rising_one_closer_words_towards_its_end():
    times = 1.0 + 2.0 * np.arange(20)
    _, start, duration = spread_words(np.full(20, 4.4), times, 2.0, lead=0.15)
    np.testing.assert_allclose(np.diff(start + duration / 2), 2.0 / 4.4, atol=1e-3)
    assert start[0] + duration[0] / 2 == pytest.approx(0.5 * 2.0 / 4.4 - 0.15, abs=1e-3)
    _, start, duration = spread_words(np.array([1.0, 4.0, 8.0, 4.0, 1.0]), times[:5], 2.0)
    gaps = np.diff(start + duration / 2)
    assert (np.diff(gaps[:8]) < 0).all()  # up to the peak of the rate
    assert (np.diff(gaps[-8:]) > 0).all()  # and from it on

"""The word-rate model on planted responses, and the words that are placed by it."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fmri2ges.brain.hrf import delayed
from fmri2ges.errors import UserError
from fmri2ges.models.word_rate import fit_word_rate
from fmri2ges.text.timing import spread_words, word_counts
from fmri2ges.types import Words


def study(signal: float, n_stories: int = 7, n: int = 150):
    """Counts of 0 to 6 words with pauses, and voxels that answer 2 and 3 volumes later."""
    rng = np.random.default_rng(0)
    counts = [rng.poisson(4, n).clip(0, 6) * (rng.random(n) > 0.2) for _ in range(n_stories)]
    gain = rng.normal(size=12)
    bold = []
    for c in counts:
        answer = delayed((c - 3.0)[:, None], [-2, -3]).sum(1)
        bold.append((signal * answer[:, None] * gain + rng.normal(size=(n, 12)) * 3).astype(np.float32))
    return bold, counts


def test_planted_rate_is_found_in_a_held_out_story_and_noise_is_not():
    bold, counts = study(1.0)
    model = fit_word_rate(bold[:6], counts[:6])
    assert np.corrcoef(model.predict(bold[6]), counts[6])[0, 1] > 0.7 and model.score > 0.4
    bold, counts = study(0.0)
    null = fit_word_rate(bold[:6], counts[:6])
    assert abs(np.corrcoef(null.predict(bold[6]), counts[6])[0, 1]) < 0.25 and null.score < 0.02


def test_equals_scikit_learn_at_a_fixed_penalty():
    bold, counts = study(1.0)
    model = fit_word_rate(bold, counts, penalties=(20.0,))
    x, y = np.concatenate([delayed(b, (1, 2, 3, 4)) for b in bold]), np.concatenate(counts)
    expected = Ridge(alpha=20.0, fit_intercept=False).fit(x, y - y.mean())
    np.testing.assert_allclose(model.weights, expected.coef_, atol=1e-5)
    np.testing.assert_allclose(model.predict(bold[0]), (expected.predict(x[:150]) + y.mean()).clip(0), atol=1e-4)


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


def test_bad_input_is_one_clear_line():
    bold, counts = study(1.0, 2, 20)
    with pytest.raises(UserError, match="choose at least one ROI"):
        fit_word_rate([b[:, :0] for b in bold], counts)
    with pytest.raises(UserError, match="story 2 has 4 volumes"):
        fit_word_rate([bold[0], bold[1][:4]], counts)
    with pytest.raises(UserError, match="3 voxels given, but it was trained on 12"):
        fit_word_rate(bold, counts).predict(bold[0][:, :3])

"""As much of what was heard is found at any repetition time: the same words and responses, scanned otherwise."""

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import fftconvolve, lfilter

from fmri2ges.brain.hrf import double_gamma, fir_delays
from fmri2ges.models.readout import Readout, best_penalty
from fmri2ges.models.word_rate import Pair, RateSettings, RateTraining, WordRate

STEP = 0.02  # seconds; divides all repetition times
SECONDS, N_STORIES, N_TRAIN, N_AREAS = 360, 10, 8, 12
BIN = 6.0  # seconds; words are counted in the same bins at each repetition time


@cache
def heard():
    """Word counts on a fine clock, and the areas' response with slow noise of its own, of each story."""
    rng, n = np.random.default_rng(0), round(SECONDS / STEP)
    response = double_gamma(np.arange(0, 30, STEP)) * STEP
    counts, bold = [], []
    for _ in range(N_STORIES):
        course = gaussian_filter1d(rng.standard_normal(n), 5 / STEP, mode="wrap")
        counts.append(rng.poisson(np.clip(2.5 + 1.5 * course / course.std(), 0, 6) * STEP).astype(float))
        answer = fftconvolve(counts[-1] / STEP, response)[:n]
        noise = lfilter([1.0], [1.0, -np.exp(-STEP / 2.0)], rng.standard_normal((n, N_AREAS)), axis=0)  # over 2 s
        bold.append((answer - answer.mean())[:, None] / answer.std() + 6 * noise / noise.std(0))
    return counts, bold


def scanned(tr: float):
    """The same stories in volumes: words of each volume, and its z-scored BOLD with the noise of the scanner."""
    counts, bold = heard()
    rng, width = np.random.default_rng(1), round(tr / STEP)
    n = round(SECONDS / STEP) // width
    per_volume = [c[: n * width].reshape(n, width).sum(1) for c in counts]
    volumes = [b[width // 2 :: width][:n] + rng.standard_normal((n, N_AREAS)) for b in bold]
    return per_volume, [((v - v.mean(0)) / v.std(0)).astype(np.float32) for v in volumes]


def in_bins(per_volume: np.ndarray, tr: float) -> np.ndarray:
    """Words in each bin; a volume that stands in two of them is shared."""
    total = np.concatenate([[0], np.cumsum(per_volume)])
    return np.diff(np.interp(np.arange(0, SECONDS - BIN, BIN), tr * np.arange(len(total)), total))


def score(predicted, true, tr: float) -> float:
    pairs = [np.corrcoef(in_bins(p, tr), in_bins(t, tr))[0, 1] for p, t in zip(predicted, true, strict=True)]
    return float(np.mean(pairs))


def word_rate_r(tr: float, delays=None) -> float:
    counts, bold = scanned(tr)
    training = RateTraining(bold[:N_TRAIN], counts[:N_TRAIN], delays or fir_delays(tr))
    plain, white = (training.n_fir * best_penalty([scores]) for scores in training.scores)
    model, columns = WordRate(training, RateSettings(Pair(plain, white))), np.arange(N_AREAS)
    found = [model.predict(columns, b, np.arange(len(b))) for b in bold[N_TRAIN:]]
    return score(found, counts[N_TRAIN:], tr)


def readout_r(tr: float, delays=None) -> float:
    counts, bold = scanned(tr)
    readout = Readout(bold[:N_TRAIN], np.concatenate(counts[:N_TRAIN])[:, None], 1000.0, delays or fir_delays(tr))
    solution = readout.solve(np.arange(N_AREAS))
    return score([readout.predict(solution, b)[:, 0] for b in bold[N_TRAIN:]], counts[N_TRAIN:], tr)


@pytest.mark.parametrize("found", [word_rate_r, readout_r])
def test_word_rate_is_found_as_well_at_other_repetition_times(found):
    at_2_s = found(2.0)
    assert at_2_s > 0.4
    for tr in (0.5, 0.72, 1.0, 1.5, 3.0):
        assert found(tr) > 0.85 * at_2_s, tr


def test_five_neighbouring_volumes_end_too_early_at_a_short_repetition_time():
    assert word_rate_r(0.5, (1, 2, 3, 4, 5)) < 0.9 * word_rate_r(0.5)

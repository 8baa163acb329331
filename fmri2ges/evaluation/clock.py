"""The clock check: whether BOLD follows the words by as much as a haemodynamic response does.

BOLD follows speech by the haemodynamic response. Where words and volumes share one clock, the
correlation of words per volume with BOLD peaks some 5 s after the words; a wrong onset moves the
peak by just that much. The height of the peak is tested against word rates with the same spectrum and random phases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError, check_positive, check_shape
from ..types import Words
from .nulls import N_NULL, p_value

MAX_LAG = 20.0  # seconds
HRF_WINDOW = (3.0, 9.0)  # seconds after the words in which a response may peak
STEP = 0.2  # seconds between lags, at most
ALPHA = 0.05
BLOCK = 40.0  # seconds; the interval of the peak comes from drawing blocks of this length again
N_BOOT = 500
TOP = 200  # the interval is made from this many columns, those that respond most
CHUNK = 2048  # columns that are transformed at a time, to bound memory
NULL_COLUMNS = 400  # p is made from this many columns at most, evenly spaced; more cost time and add little


@dataclass(frozen=True)
class ClockCheck:
    """What the lag of the response says about the clock; see `check_clock`.

    Parameters
    ----------
    lags : array (n_lags,), seconds by which BOLD comes after the words
    curve : array (n_lags,), root mean square over columns of the positive correlations at each lag
    column_r : array (n_columns,), correlation of each column at the peak
    peak_lag : seconds, where the curve is highest
    interval : (low, high), seconds, 95 % percentile interval of the peak over blocks of 40 s
    expected_lag : seconds, where the canonical response to these words peaks
    offset : peak_lag - expected_lag, seconds: add it to the words' times to correct the clock
    p : share of random word rates whose curve peaks at least as high, (1 + k) / (1 + n)
    null : array (n_null,), those heights, in the unit of the curve
    verdict : 'on time' (the peak lies where an HRF puts it), 'shifted' (the whole interval lies
        elsewhere), 'unclear' (only a part of it does), or 'no response' (p >= .05: nothing can be said)
    message : the verdict with its numbers, one line for people
    """

    lags: np.ndarray
    curve: np.ndarray
    column_r: np.ndarray
    peak_lag: float
    interval: tuple[float, float]
    expected_lag: float
    offset: float
    p: float
    null: np.ndarray
    verdict: str
    message: str

    def plot_data(self) -> dict:
        """Everything that a chart of the check shows, as plain lists and numbers."""
        return {
            "lags": self.lags.tolist(),
            "curve": self.curve.tolist(),
            "null_95": float(np.quantile(self.null, 0.95)),
            "hrf_window": list(HRF_WINDOW),
            "peak_lag": self.peak_lag,
            "interval": list(self.interval),
            "expected_lag": self.expected_lag,
            "offset": self.offset,
            "p": self.p,
            "n_null": len(self.null),
            "verdict": self.verdict,
            "message": self.message,
        }


def check_clock(words: Words, bold: np.ndarray, volume_times: np.ndarray, tr: float) -> ClockCheck:
    """Correlate word rate with BOLD over lags and say whether the response comes when it should.

    The statistic is the highest correlation at lags of -20 to 20 s. Under the null the same search meets word rates
    with random phases and the spectrum of the true one (Theiler et al. 1992, Physica D 58, 77-94): they vary as slowly,
    and they belong to no BOLD. Circular shifts would be worth one or two independent searches in a story of 5 minutes.

    Parameters
    ----------
    words : Words, on the clock to check
    bold : array (n_volumes, n_columns), z-scored within the story
    volume_times : array (n_volumes,), seconds, centres of the volumes
    tr : seconds

    Returns
    -------
    ClockCheck

    Raises
    ------
    UserError
        When the story is shorter than 2 minutes, or no words lie on the volumes' clock.
    """
    check_positive("tr", tr, "seconds")
    bold = np.asarray(bold)
    n, rng = len(volume_times), np.random.default_rng(0)
    check_shape("bold", bold, (n, None))
    if n * tr < 6 * MAX_LAG:
        raise UserError(
            f"clock check: needs at least {6 * MAX_LAG:g} s of BOLD for its null; this story has {n * tr:g} s"
        )
    steps = int(np.ceil(tr / STEP))
    rates = _rates(words, volume_times, tr, steps)
    lags, scores = _scores(rates, bold, tr)
    near = np.abs(lags) <= MAX_LAG + 1e-9
    peak = int(np.flatnonzero(near)[scores[near].argmax()])
    null, p = _random_rates(rates[0], bold, tr, float(scores[peak]), rng)
    expected = _expected_lag(words, volume_times, tr, steps)
    peak_lag = float(lags[peak])
    column_r = _column_r(words, bold, volume_times, tr, peak_lag)
    interval = _peak_interval(rates, bold, tr, np.argsort(np.nan_to_num(column_r))[-TOP:], rng)
    verdict = _verdict(peak_lag, interval, p)
    return ClockCheck(
        lags=lags[near],
        curve=scores[near],
        column_r=column_r,
        peak_lag=peak_lag,
        interval=interval,
        expected_lag=expected,
        offset=peak_lag - expected,
        p=p,
        null=null,
        verdict=verdict,
        message=_message(verdict, peak_lag, interval, expected, p),
    )


def _verdict(peak: float, interval: tuple[float, float], p: float) -> str:
    low, high = HRF_WINDOW
    if p >= ALPHA:
        return "no response"
    if low <= peak <= high:
        return "on time"
    return "unclear" if interval[0] <= high and interval[1] >= low else "shifted"


def _message(verdict: str, peak: float, interval: tuple[float, float], expected: float, p: float) -> str:
    if verdict == "no response":
        return (
            f"clock: no response to the word rate was found (p = {p:.2f}), "
            "so the clock cannot be checked with these columns"
        )
    found = (
        f"clock: BOLD follows the words by {peak:.1f} s "
        f"(95 % interval {interval[0]:.1f} to {interval[1]:.1f} s, p = {p:.3f})"
    )
    window = f"{HRF_WINDOW[0]:g} to {HRF_WINDOW[1]:g} s"
    if verdict == "on time":
        return f"{found}, where a haemodynamic response puts it"
    if verdict == "unclear":
        return (
            f"{found}; {window} is expected and possible: use more columns or the mean of several listeners to be sure"
        )
    offset = peak - expected
    return (
        f"{found}, not by {window} as a haemodynamic response does; the words seem to be {abs(offset):.0f} s too "
        f"{'early' if offset > 0 else 'late'}: check first_volume_at and the words' onset"
    )


def _rates(words: Words, volume_times: np.ndarray, tr: float, steps: int) -> np.ndarray:
    """Words per volume for words moved by 0, 1/steps, ... of a TR, array (steps, n_volumes), mean removed."""
    n = len(volume_times)
    first = volume_times[0] - tr / 2
    start = np.asarray(words.start)
    rates = np.zeros((steps, n))
    for k in range(steps):
        index = np.floor((start + k * tr / steps - first) / tr).astype(np.int64)
        index = index[(index >= 0) & (index < n)]
        rates[k] = np.bincount(index, minlength=n)
    if not rates[0].any() or np.ptp(rates[0]) == 0:
        raise UserError(
            f"clock check: {'all volumes hold the same number of' if rates[0].any() else 'no'} words between "
            f"{first:.1f} and {first + n * tr:.1f} s; check first_volume_at, tr and the words"
        )
    return rates - rates.mean(1, keepdims=True)


def _scores(rates: np.ndarray, bold: np.ndarray, tr: float) -> tuple[np.ndarray, np.ndarray]:
    """(lags in seconds, in order; score) for every circular shift of the words, by FFT."""
    from scipy import fft

    steps, n = rates.shape
    scale = np.linalg.norm(rates, axis=1)
    spectra = fft.rfft((rates / np.maximum(scale, 1e-12)[:, None]).astype(np.float32), axis=1)
    power, used = np.zeros((steps, n)), 0
    for first in range(0, bold.shape[1], CHUNK):
        part = bold[:, first : first + CHUNK].astype(np.float32)
        part = part - part.mean(0)
        norm = np.linalg.norm(part, axis=0)
        part = part[:, norm > 1e-9] / norm[norm > 1e-9]
        used += part.shape[1]
        columns = fft.rfft(part, axis=0)
        for k in range(steps):
            # r[s] = sum over t of word rate[t] * BOLD[t + s]
            r = fft.irfft(columns * np.conj(spectra[k])[:, None], n, axis=0)
            power[k] += (np.maximum(r, 0) ** 2).sum(1)
    if not used:
        raise UserError("clock check: no column of the BOLD data varies")
    # The words were moved by k / steps of a TR and BOLD by s volumes: it lags by s + k / steps volumes.
    lags = (np.arange(n) + np.arange(steps)[:, None] / steps) * tr
    lags = np.where(lags > n * tr / 2, lags - n * tr, lags)
    order = np.argsort(lags, axis=None)
    return lags.ravel()[order], np.sqrt(power / used).ravel()[order]


def _peak_interval(rates: np.ndarray, bold: np.ndarray, tr: float, columns: np.ndarray, rng) -> tuple[float, float]:
    """95 % percentile interval of the lag of the peak: blocks of the story are drawn again."""
    steps, n = rates.shape
    y = bold[:, columns].astype(np.float64)
    y = y - y.mean(0)
    y = y / np.maximum(np.linalg.norm(y, axis=0), 1e-12)
    first = np.unique(np.linspace(0, n, max(2, round(n * tr / BLOCK)), endpoint=False).astype(int))
    fine = np.arange(-int(MAX_LAG / tr * steps), int(MAX_LAG / tr * steps) + 1)  # lags in steps
    x = np.stack([np.roll(rates[k % steps], k // steps) for k in fine])
    sums = np.stack([np.add.reduceat(row[:, None] * y, first, axis=0) for row in x], axis=1)  # (blocks, lags, columns)
    draws = rng.multinomial(len(first), np.full(len(first), 1 / len(first)), N_BOOT).astype(float)
    norm = np.linalg.norm(x, axis=1)
    peaks = [(np.maximum(np.tensordot(w, sums, 1), 0) ** 2).sum(1) / norm**2 for w in draws]
    low, high = np.quantile(fine[np.argmax(peaks, axis=1)] * tr / steps, [0.025, 0.975])
    return float(low), float(high)


def _random_rates(
    rate: np.ndarray, bold: np.ndarray, tr: float, height: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Heights of the peak of word rates with random phases, array (N_NULL,), and the p of the true rate.

    Lags are whole volumes and columns at most `NULL_COLUMNS`, for the true rate as well; the heights are scaled so that
    they compare with `height`, the peak over all columns and lags.
    """
    from scipy import fft

    n = len(rate)
    varies = np.flatnonzero(np.ptp(bold, axis=0) > 1e-9)
    chosen = varies[np.unique(np.linspace(0, len(varies) - 1, NULL_COLUMNS).round().astype(int))]
    columns = bold[:, chosen].astype(np.float32)
    columns = columns - columns.mean(0)
    columns = columns / np.linalg.norm(columns, axis=0)
    spectra = fft.rfft(columns, axis=0)
    reach = int(MAX_LAG / tr + 1e-9)
    near = np.r_[0 : reach + 1, n - reach : n]

    def peak(x: np.ndarray) -> float:
        spectrum = np.conj(fft.rfft((x / np.linalg.norm(x)).astype(np.float32)))
        r = fft.irfft(spectra * spectrum[:, None], n, axis=0)[near]
        return float(np.sqrt((np.maximum(r, 0) ** 2).mean(1).max()))

    size = np.abs(fft.rfft(rate))
    phases = np.exp(2j * np.pi * rng.random((N_NULL, len(size))))
    null = np.array([peak(x) for x in fft.irfft(size * phases, n, axis=1)])
    own = peak(rate)
    return null * height / max(own, 1e-12), p_value(own, null)


def _expected_lag(words: Words, volume_times: np.ndarray, tr: float, steps: int) -> float:
    """Lag at which a canonical response to these words correlates best with their rate, seconds."""
    from ..brain.hrf import double_gamma

    grid = 0.1
    first = float(volume_times[0]) - tr / 2 - 30
    edges = first + grid * np.arange(int((len(volume_times) * tr + 30) / grid) + 2)
    impulses = np.histogram(words.start, edges)[0].astype(float)
    response = np.convolve(impulses, double_gamma(np.arange(0, 30, grid)))[: len(impulses)]
    at = np.interp(volume_times, edges[:-1] + grid / 2, response)[:, None]
    lags, scores = _scores(_rates(words, volume_times, tr, steps), at, tr)
    near = np.abs(lags) <= MAX_LAG
    return float(lags[near][scores[near].argmax()])


def _column_r(words: Words, bold: np.ndarray, volume_times: np.ndarray, tr: float, lag: float) -> np.ndarray:
    """Correlation of each column with the word rate moved by `lag`; NaN for a column that does not vary."""
    rate = _rates(words.shift(lag), volume_times, tr, 1)[0]
    centred = bold - bold.mean(0)
    norm = np.linalg.norm(centred, axis=0) * np.linalg.norm(rate)
    return np.divide(rate @ centred, norm, out=np.full(bold.shape[1], np.nan), where=norm > 1e-9)

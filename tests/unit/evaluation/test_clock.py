"""The clock check: a planted offset is found, noise is not, and time that is right passes."""

import numpy as np
import pytest
from scipy.signal import lfilter

from fmri2ges.brain.hrf import double_gamma
from fmri2ges.errors import UserError
from fmri2ges.evaluation.clock import check_clock
from fmri2ges.types import Words

TR = 2.0
SECONDS = 600


def speech(rng):
    """Words with pauses, about two a second while the speaker talks."""
    start = np.cumsum(rng.gamma(2, 0.2, 1600) + (rng.random(1600) < 0.08) * rng.uniform(1, 6, 1600))
    start = start[start < SECONDS - 5]
    return Words(tuple("w" for _ in start), start, np.full(len(start), 0.2))


def response(words, times, rng, gain, n_columns=20, smooth=3):
    """BOLD that answers the words, in half of the columns, under autocorrelated noise."""
    grid = np.arange(-30, times[-1] + 31, 0.1)
    impulses = np.histogram(words.start, np.append(grid, grid[-1] + 0.1))[0]
    heard = np.interp(times, grid, np.convolve(impulses, double_gamma(np.arange(0, 30, 0.1)))[: len(grid)])
    heard = (heard - heard.mean()) / heard.std()
    noise = rng.standard_normal((len(times) + smooth, n_columns))
    noise = np.stack([np.convolve(c, np.ones(smooth) / smooth**0.5, "valid") for c in noise.T], 1)[: len(times)]
    noise += rng.standard_normal((len(times), 1)) * 0.5  # shared by all columns
    bold = noise + gain * heard[:, None] * (np.arange(n_columns) % 2 == 0)
    return ((bold - bold.mean(0)) / bold.std(0)).astype(np.float32)


@pytest.fixture
def times():
    return 1.0 + TR * np.arange(SECONDS // int(TR))


@pytest.mark.parametrize("offset", [0.0, 10.0, -9.0])
def test_a_planted_offset_is_reported_to_within_one_tr(offset, times):
    rng = np.random.default_rng(0)
    words = speech(rng)
    bold = response(words, times, rng, gain=0.4)
    check = check_clock(words.shift(-offset), bold, times, TR)
    assert check.p < 0.01 and len(check.null) >= 1000
    assert check.offset == pytest.approx(offset, abs=TR)
    assert check.verdict == ("shifted" if offset else "on time")
    if offset:
        assert f"{abs(check.offset):.0f} s too {'early' if offset > 0 else 'late'}" in check.message
        corrected = check_clock(words.shift(check.offset - offset), bold, times, TR)
        assert corrected.verdict == "on time"
    assert np.nanmean(check.column_r[::2]) > 0.2 > abs(np.nanmean(check.column_r[1::2]))


def test_noise_leads_to_a_claim_no_more_often_than_the_test_allows(times):
    p = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        check = check_clock(speech(rng), response(speech(rng), times, rng, gain=0), times, TR)
        assert (check.verdict == "no response") == (check.p >= 0.05)
        p.append(check.p)
    # 60 draws at .05: more than 8 come up less than once in 250 times.
    assert sum(value < 0.05 for value in p) <= 8
    assert 0.3 < np.mean(p) < 0.7


@pytest.mark.parametrize("minutes", [2, 5])
def test_short_stories_do_not_make_claims_of_noise(minutes):
    """Circular shifts gave p < .01 in 35 % of recordings of 2 minutes, and in 15 % of those of 5."""
    p, times = [], 1.0 + TR * np.arange(minutes * 30)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        noise = lfilter([1], [1, -0.5], rng.standard_normal((len(times) + 50, 6)), axis=0)[50:]
        p.append(check_clock(speech(rng), noise, times, TR).p)
    assert sum(value < 0.05 for value in p) <= 8 and sum(value < 0.01 for value in p) <= 3


def test_a_constant_or_missing_column_does_no_harm(times):
    rng = np.random.default_rng(1)
    words = speech(rng)
    bold = response(words, times, rng, gain=0.6)
    full = check_clock(words, bold, times, TR)
    with_zeros = check_clock(words, np.concatenate([bold, np.zeros((len(bold), 3), np.float32)], 1), times, TR)
    assert with_zeros.p == full.p and with_zeros.peak_lag == full.peak_lag
    assert np.isnan(with_zeros.column_r[-3:]).all()


def test_the_curve_is_pearsons_r(times):
    rng = np.random.default_rng(2)
    words = speech(rng)
    bold = response(words, times, rng, gain=0.6, n_columns=1)
    check = check_clock(words, bold, times, TR)
    rate = np.histogram(words.start, np.append(times - 1, times[-1] + 1))[0]
    for volumes in (0, 2, 5):
        r = np.corrcoef(rate, np.roll(bold[:, 0], -volumes))[0, 1]
        assert check.curve[np.argmin(abs(check.lags - volumes * TR))] == pytest.approx(max(r, 0), abs=1e-6)


def test_plot_data_are_plain(times):
    import json

    rng = np.random.default_rng(3)
    words = speech(rng)
    data = check_clock(words, response(words, times, rng, 0.5), times, TR).plot_data()
    assert json.loads(json.dumps(data)) == data and len(data["lags"]) == len(data["curve"])
    assert data["lags"][0] == -20 and data["lags"][-1] == 20


def test_what_cannot_be_checked_is_said(times):
    rng = np.random.default_rng(4)
    words = speech(rng)
    bold = response(words, times, rng, 0.5)
    with pytest.raises(UserError, match="at least 120 s"):
        check_clock(words, bold[:40], times[:40], TR)
    with pytest.raises(UserError, match="no words between"):
        check_clock(words.shift(5000), bold, times, TR)
    with pytest.raises(UserError, match="bold: shape must be"):
        check_clock(words, bold[:-1], times, TR)
    with pytest.raises(UserError, match="no column of the BOLD data varies"):
        check_clock(words, np.zeros_like(bold), times, TR)


def test_alice_is_on_time_and_an_error_of_ten_seconds_is_seen(shared):
    from fmri2ges.data.bold.read import read_bold
    from fmri2ges.data.words.files import read_words

    words = read_words(shared / "alice" / "DownTheRabbitHoleFinal_exp120_pad_1.TextGrid", "word")
    columns = ("LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG")
    files = sorted((shared / "alice" / "6mm").glob("*-timecourses.txt"))
    bold = np.mean([read_bold(f, columns).data for f in files], axis=0)
    times = 20 + TR * np.arange(len(bold))
    assert check_clock(words, bold, times, TR).verdict == "on time"
    wrong = check_clock(words.shift(10), bold, times, TR)
    assert wrong.verdict == "shifted" and wrong.offset == pytest.approx(-10, abs=TR)

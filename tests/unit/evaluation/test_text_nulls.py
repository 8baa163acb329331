"""Scores against hand counts and written-out formulas; p values that are uniform when there is nothing to find."""

from functools import lru_cache

import numpy as np
import pytest
from scipy.signal import csd
from scipy.stats import binom

from fmri2ges.errors import UserError
from fmri2ges.evaluation.bold_nulls import phase_randomised, shifted_bold, swapped_bold
from fmri2ges.evaluation.metrics import GREEDY_MATCH, R_ONE, Better
from fmri2ges.evaluation.rows import NullKind
from fmri2ges.evaluation.text_rows import TextKind, TextScore, pooled, score_texts, text_rows
from fmri2ges.evaluation.text_scores import (
    Bleu1,
    GreedyMatch,
    Meteor,
    WordErrorRate,
    f1_of_matches,
    meteor,
    window_frequency_weights,
    word_ranges,
)
from fmri2ges.evaluation.text_timeline import sliding_windows, timeline
from fmri2ges.types import Words


@lru_cache
def vector(word):
    return np.random.default_rng(list(word.encode())).standard_normal(20)


def embed(words):
    """A fixed random vector for each word."""
    return np.array([vector(w) for w in words])


ALL = (WordErrorRate(), Bleu1(), Meteor(), GreedyMatch("random vectors", embed))


def words(text, step=1.0):
    text = text.split()
    return Words.from_lists(text, step * np.arange(len(text)), np.full(len(text), 0.3))


@pytest.mark.parametrize(
    "true, guess, matches, chunks",
    [
        ("the cat sat on the mat", "the cat sat on the mat", 6, 1),
        ("on a mat sat the cat", "the cat sat on a mat", 6, 3),  # (on a mat) (sat) (the cat)
        ("she walked home", "she walks home", 3, 1),  # walked and walks share a stem
        ("a red house", "blue houses", 1, 1),
        ("dog", "sea boat", 0, 0),
    ],
)
def test_meteor_by_hand(true, guess, matches, chunks):
    true, guess = true.split(), guess.split()
    expected = 0.0
    if matches:
        precision, recall = matches / len(guess), matches / len(true)
        mean = precision * recall / (0.9 * precision + 0.1 * recall)
        expected = mean * (1 - 0.5 * (chunks / matches) ** 3)
    assert meteor(true, guess) == pytest.approx(expected)
    assert meteor([], guess) == 0 and meteor(true, []) == 0


def written_out_match(true, guess, idf, unseen):
    def cosine(a, b):
        a, b = embed([a])[0], embed([b])[0]
        return a @ b / np.sqrt((a @ a) * (b @ b))

    def side(these, those):
        weights = [idf.get(w, unseen) for w in these]
        return sum(w * max(cosine(a, b) for b in those) for w, a in zip(weights, these, strict=True)) / sum(weights)

    recall, precision = side(true, guess), side(guess, true)
    return 2 * precision * recall / (precision + recall)


def test_the_greedy_match_is_the_written_out_formula():
    idf, unseen = window_frequency_weights({"a": 0.5, "dog": 0.1, "boat": 0.0}, words=2)
    assert idf["a"] == pytest.approx(-np.log(0.75)) and unseen == idf["dog"] == pytest.approx(-np.log(1 - 0.81))
    score = GreedyMatch("random vectors", embed, idf, unseen)
    true, guess = "the dog ran to a boat", "a boat ran dogs away"
    got = score(words(true), words(guess), np.array([[0.0, 3.0], [0.0, 60.0]]))
    expected = [
        written_out_match(t, g, idf, unseen)
        for t, g in [(["the", "dog", "ran"], ["a", "boat", "ran"]), (true.split(), guess.split())]
    ]
    np.testing.assert_allclose(got, expected)
    assert score.metric == GREEDY_MATCH.of("random vectors")
    assert score.metric.label == "greedy word-vector match (random vectors)"
    assert f1_of_matches(np.eye(3), np.ones(3), np.ones(3)) == pytest.approx(1)


def test_windows_and_their_words():
    np.testing.assert_allclose(sliding_windows(10, 33), [[10, 30], [11, 31], [12, 32], [13, 33]])
    text = words("a b c d e", 10.0)
    assert word_ranges(text, [[0, 20], [15, 45], [50, 70]]).tolist() == [[0, 2], [2, 5], [5, 5]]
    with pytest.raises(UserError, match="shorter than a window"):
        sliding_windows(0, 19)


@pytest.mark.parametrize("score", ALL, ids=lambda s: s.metric.id)
def test_the_same_text_is_best_nothing_decoded_is_worst_and_silence_is_no_score(score):
    heard = words("she walked along the river with a dog")
    windows = np.array([[0.0, 8.0], [20.0, 30.0]])
    best, nothing = score(heard, heard, windows), score(heard, words(""), windows)
    other = score(heard, words("he bought seven old boats from them yesterday"), windows)
    sign = -1 if score.metric.better == Better.LOWER else 1
    assert best[0] == pytest.approx(0 if score.metric.better == Better.LOWER else 1, abs=2e-3)
    assert sign * best[0] > sign * other[0] >= sign * nothing[0]
    assert np.isnan(best[1]) and np.isnan(nothing[1])


def draw(synthetic, rng, n, seconds=120.0):
    return [synthetic.speech(rng, seconds) for _ in range(n)]


def test_a_decoded_text_that_knows_something_stands_out(synthetic):
    rng = np.random.default_rng(0)
    heard, *null = draw(synthetic, rng, 41)
    guess = [
        h if k < len(heard) // 2 else w
        for k, (h, w) in enumerate(zip(heard.text, rng.permutation(heard.text).tolist(), strict=True))
    ]
    decoded = Words(tuple(guess), heard.start, heard.duration)
    found = timeline(WordErrorRate(), heard, decoded, null, sliding_windows(0, 120, step=5))
    assert found.story_p == pytest.approx(1 / 41)
    half = found.windows[:, 1] <= 55
    assert (found.q[half] <= 0.06).all() and (found.q >= found.p).all()
    assert np.median(found.p[found.windows[:, 0] >= 65]) > 0.15
    assert found.null.shape == (40, len(found.windows)) and found.story_value == pytest.approx(np.mean(found.value))


def test_rows_hold_every_text_score_and_null(synthetic):
    rng = np.random.default_rng(1)
    heard, other, *null = draw(synthetic, rng, 24, 60)
    nulls = {NullKind.LANGUAGE_MODEL: null[:20], NullKind.SHIFTED_BOLD: null[20:], NullKind.SWAPPED_BOLD: []}
    texts = {TextKind.ORACLE: heard, TextKind.DECODED: other}
    rows = text_rows(score_texts(ALL, heard, texts, nulls, sliding_windows(0, 60, step=10)))
    assert len(rows) == 2 * len(ALL)
    assert {tuple(r.nulls) for r in rows} == {(NullKind.LANGUAGE_MODEL, NullKind.SHIFTED_BOLD)}
    best = [r.nulls[NullKind.LANGUAGE_MODEL] for r in rows if r.text == TextKind.ORACLE]
    assert len(best) == len(ALL) and all(n.n == 20 and n.p == pytest.approx(1 / 21) for n in best)
    assert all(r.n_windows == 5 for r in rows)


def test_the_mean_over_stories_counts_each_story_once_and_takes_what_all_have():
    rng = np.random.default_rng(4)
    shared = [rng.normal(0, 1, n) for n in (400, 300)]
    shifted, swapped = NullKind.SHIFTED_BOLD, NullKind.SWAPPED_BOLD
    one = TextScore(
        R_ONE,
        {TextKind.DECODED: 1.0, TextKind.NEAREST: 0.5},
        {TextKind.DECODED: 10, TextKind.NEAREST: 10},
        {shifted: shared[0], swapped: shared[0]},
    )
    two = TextScore(R_ONE, {TextKind.DECODED: 2.0}, {TextKind.DECODED: 4}, {shifted: shared[1]})
    (row,) = text_rows(pooled([[one], [two]]))
    assert (row.text, row.value, row.n_windows) == (TextKind.DECODED, 1.5, 14)
    assert set(row.nulls) == {shifted} and row.nulls[shifted].n == 300
    # The mean of two independent nulls is narrower than each: 1.64 / sqrt(2).
    assert row.nulls[shifted].q95 == pytest.approx(1.16, abs=0.2)
    assert row.nulls[shifted].p < text_rows([one])[0].nulls[shifted].p
    assert pooled([[one], []]) == []


def test_no_null_or_no_speech_is_refused(synthetic):
    heard = synthetic.speech(np.random.default_rng(2), 60)
    with pytest.raises(UserError, match="no null texts"):
        timeline(Bleu1(), heard, heard, [], sliding_windows(0, 60))
    with pytest.raises(UserError, match="no word was heard"):
        timeline(Bleu1(), heard, heard, [heard], sliding_windows(200, 260))


def test_story_p_is_uniform_when_the_decoded_text_is_one_of_the_null(synthetic):
    rng = np.random.default_rng(3)
    n, windows = 200, sliding_windows(0, 60, step=20)
    score = GreedyMatch("random vectors", embed)
    pool = draw(synthetic, rng, 60, 60)
    p = []
    for _ in range(n):
        heard, decoded, *null = (pool[k] for k in rng.permutation(60)[:21])
        p.append(timeline(score, heard, decoded, null, windows).story_p)
    for level in (0.1, 0.5):
        low, high = binom.ppf([0.001, 0.999], n, level) / n
        assert low <= (np.array(p) <= level).mean() <= high


def coloured(rng, n, columns=4):
    x = rng.standard_normal((n, columns)) @ rng.standard_normal((columns, columns))
    for t in range(1, n):
        x[t] += 0.7 * x[t - 1]
    return x + 3


@pytest.mark.parametrize("n", [128, 127])
def test_phase_randomised_bold_keeps_covariance_and_cross_spectra_and_nothing_else(n):
    rng = np.random.default_rng(4)
    bold = coloured(rng, n)
    made = phase_randomised(bold, rng)
    np.testing.assert_allclose(made.mean(0), bold.mean(0))
    np.testing.assert_allclose(np.cov(made.T), np.cov(bold.T), rtol=1e-9)
    for a, b in ((0, 0), (0, 1), (2, 3)):  # one segment: scipy's cross-spectrum of the whole series
        options = {"nperseg": n, "window": "boxcar", "detrend": False}
        np.testing.assert_allclose(
            csd(made[:, a], made[:, b], **options)[1], csd(bold[:, a], bold[:, b], **options)[1], atol=1e-9
        )
    r = [np.corrcoef(phase_randomised(bold, rng)[:, 0], bold[:, 0])[0, 1] for _ in range(50)]
    assert abs(np.mean(r)) < 0.1
    assert phase_randomised(bold.astype(np.float32), rng).dtype == np.float32


def test_shifted_bold_is_moved_by_at_least_20_s():
    rng = np.random.default_rng(5)
    bold = np.arange(60.0)[:, None]
    found = [int(b[0, 0]) for b in shifted_bold(bold, 2.0, rng, 30)]
    assert len(set(found)) == 30 and min(found) >= 10 and max(found) <= 50
    with pytest.raises(UserError, match="shorter than 40 s"):
        shifted_bold(bold[:19], 2.0, rng)


def test_swapped_bold_has_the_length_of_the_story():
    other = np.arange(10.0)[:, None]
    made = swapped_bold(other, 25, np.random.default_rng(6))[:, 0]
    assert len(made) == 25 and set(np.diff(made) % 10) == {1.0}

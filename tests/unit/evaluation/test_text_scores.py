import jiwer
import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.beats import SIGMA, beat_scores, consistency, f_measure, motion_beats
from fmri2ges.evaluation.gesture import on_body
from fmri2ges.evaluation.metrics import Better
from fmri2ges.evaluation.text import (
    against_transcript,
    bleu_counts,
    bleu_of,
    rotate,
    wer_counts,
    wer_of,
    window_edges,
    window_texts,
)
from fmri2ges.evaluation.text_scores import Likeness
from fmri2ges.evaluation.wordrate import word_rate
from fmri2ges.models.f2t import text_targets
from fmri2ges.text.timing import word_counts
from fmri2ges.types import Motion, Words


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def scores(measures):
    return {m.metric.id: m for m in measures}


def embed(words):
    """A fixed random vector for each word."""
    return np.array([np.random.default_rng(list(w.encode())).standard_normal(20) for w in words])


TRUE = ["the dog ran home", "a small boat", "she ate bread and bread"]
GUESS = ["the the dog sat", "", "bread she ate a lot of bread today"]


def test_summed_word_errors_agree_with_jiwer():
    assert wer_of(wer_counts(TRUE, GUESS).sum(0)) == pytest.approx(jiwer.wer(TRUE, GUESS))
    assert wer_counts([""], ["two words"]).tolist() == [[2, 0]]


@pytest.mark.parametrize("guess", [GUESS, TRUE, ["dog", "boat", "bread"], ["x", "y", "z"]])
def test_summed_word_matches_agree_with_sacrebleu(guess):
    metric = BLEU(max_ngram_order=1, effective_order=True, tokenize="none", smooth_method="none")
    expected = metric.corpus_score(guess, [TRUE]).score / 100
    assert bleu_of(bleu_counts(TRUE, guess).sum(0)) == pytest.approx(expected)


def test_rotation_keeps_words_and_order_up_to_the_cut(synthetic, rng):
    words = synthetic.speech(rng, 60)
    moved = rotate(words, 25.0, 0.0, 60.0)
    assert sorted(moved.text) == sorted(words.text)
    k = int(np.argmax(words.start >= 35.0))  # the first word that wraps around
    assert moved.text == words.text[k:] + words.text[:k]
    back = rotate(moved, 35.0, 0.0, 60.0)
    assert back.text == words.text and np.allclose(back.start, words.start)


def test_windows_hold_the_words_by_onset():
    words = Words.from_lists("abcd", [0.0, 19.99, 20.0, 45.0], [0.1] * 4)
    edges = window_edges(0.0, 59.0)
    assert edges.tolist() == [0, 20, 40]
    assert window_texts(words, edges) == ["a b", "c"]


def test_the_heard_words_themselves_score_best(synthetic, rng):
    heard = synthetic.speech(rng, 200)
    found = scores(against_transcript(heard, heard, 0.0, 200.0, embed))
    assert found[metrics.WER.id].value == 0 and found[metrics.BLEU1.id].value == 1
    assert found[metrics.WORD_VECTORS.id].value == pytest.approx(1)
    assert found[metrics.TEXT_RANK.id].value == 1
    for measure in found.values():
        worst = measure.shifted.min() if measure.metric.better == Better.LOWER else -measure.shifted.max()
        assert worst > (measure.value if measure.metric.better == Better.LOWER else -measure.value)


def test_windows_without_heard_words_do_not_count(synthetic, rng):
    """They have no likeness, and their zeros would move the mean that is taken off the others."""
    heard = synthetic.speech(rng, 200)
    before = synthetic.speech(rng, 199).shift(-200.0)  # decoded from a scan that begins before the story
    onset, length = (np.concatenate([getattr(w, name) for w in (before, heard)]) for name in ("start", "duration"))
    decoded = Words(before.text + heard.text, onset, length)
    found = scores(against_transcript(heard, decoded, -200.0, 200.0, embed))
    assert found[metrics.WORD_VECTORS.id].value == pytest.approx(1) and found[metrics.WORD_VECTORS.id].n == 10
    assert found[metrics.TEXT_RANK.id].value == 1
    windows = np.stack([np.arange(-200.0, 200.0, 20.0), np.arange(-180.0, 220.0, 20.0)], 1)
    likeness, other = Likeness(embed), synthetic.speech(rng, 200)
    whole = likeness(heard, other, windows)
    assert np.isnan(whole[:10]).all()
    np.testing.assert_allclose(whole[10:], likeness(heard, other, windows[10:]))


def test_unrelated_words_lie_inside_their_null(synthetic, rng):
    found = scores(against_transcript(synthetic.speech(rng, 300), synthetic.speech(rng, 300), 0.0, 300.0, embed))
    assert set(found) == {m.id for m in (metrics.WER, metrics.BLEU1, metrics.WORD_VECTORS, metrics.TEXT_RANK)}
    for measure in found.values():
        assert abs(measure.value - measure.shifted.mean()) < 3.5 * measure.shifted.std()


def test_the_interval_of_a_text_score_is_about_that_score(synthetic, rng):
    for measure in against_transcript(synthetic.speech(rng, 300), synthetic.speech(rng, 300), 0.0, 300.0, embed):
        assert measure.statistic(np.ones((1, measure.blocks)))[0] == pytest.approx(measure.value, abs=0.06)


def test_nothing_decoded_gives_no_score(synthetic, rng):
    nothing = Words.from_lists([], [], [])
    assert against_transcript(synthetic.speech(rng, 60), nothing, 0.0, 60.0) == []


def test_a_rate_is_scored_against_the_counts_that_the_models_learn_from(rng):
    """Long words reach into the next volume: a rate that equals what F2T takes for the truth has an r of 1."""
    heard = Words(("w",) * 700, np.cumsum(rng.exponential(0.4, 700)), rng.uniform(0.1, 1.5, 700))
    times = 1 + 2.0 * np.arange(130)
    learnt = text_targets(heard, np.zeros((700, 2)), times, 2.0)[:, -1]
    own, _ = word_rate(heard, heard, times, 2.0, rate=learnt)
    assert own.value == pytest.approx(1)
    begun = np.histogram(heard.start, np.append(times - 1, times[-1] + 1))[0]
    assert np.corrcoef(begun, learnt)[0, 1] < 0.9  # the volumes in which they begin are others


def test_word_rate_is_pearson_with_a_shift_null(synthetic, rng):
    heard, other = synthetic.speech(rng, 300), synthetic.speech(rng, 300)
    times = 1 + 2.0 * np.arange(150)
    (found,) = word_rate(heard, other, times, 2.0)
    a, b = (word_counts(w, times, 2.0) for w in (heard, other))
    assert found.value == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert found.statistic(np.ones((1, found.blocks)))[0] == pytest.approx(found.value)
    assert len(found.shifted) == 150 - 20 + 1
    assert word_rate(heard, heard, times, 2.0)[0].value == pytest.approx(1)
    assert word_rate(heard, other, times[:9], 2.0) == []
    smooth, _ = word_rate(heard, other, times, 2.0, rate=3 * a + 1)
    assert smooth.value == pytest.approx(1)


def test_consistency_by_hand():
    beats = np.array([1.0, 2.0])
    expected = [1.0, np.exp(-0.5), np.exp(-(0.5**2) / (2 * SIGMA**2))]
    assert np.allclose(consistency(np.array([1.0, 2.0 + SIGMA, 1.5]), beats), expected)
    assert consistency(np.array([1.0]), np.array([])).tolist() == [0.0]
    assert f_measure(np.array([1.0]), beats) == pytest.approx(2 * 0.5 / 1.5)


def test_motion_beats_are_where_the_hand_turns():
    t = np.arange(150) / 15
    positions = np.zeros((150, 10, 3))
    positions[:, [5, 6, 8, 9], 1] = np.sin(2 * np.pi * t / 2)[:, None]  # turns every second, from 0.5 s
    assert np.allclose(motion_beats(positions)[1:-1], np.arange(1.5, 9), atol=0.04)


def test_words_on_the_beats_beat_the_null_and_random_words_do_not(synthetic, rng):
    truth, _ = synthetic.gesture(rng, 120)
    beats = motion_beats(on_body(truth.positions))
    chosen = np.sort(rng.choice(beats, 100, replace=False))
    on = Words.from_lists(["w"] * 100, chosen, np.full(100, 0.01))
    found, null = scores(beat_scores(truth, on, "text")), scores(beat_scores(truth, synthetic.speech(rng, 120), "text"))
    assert found[metrics.BC_WORD.id].value > found[metrics.BC_WORD.id].shifted.max()
    assert abs(null[metrics.BC_WORD.id].value) < 4 * null[metrics.BC_WORD.id].shifted.std()
    assert found[metrics.BEATS.id].value == pytest.approx(len(beats) / 120)


def test_a_clip_too_short_for_a_null_has_no_beat_score(synthetic, rng):
    short, _ = synthetic.gesture(rng, 30)
    assert [m.metric for m in beat_scores(short, synthetic.speech(rng, 30), "text")] == [metrics.BEATS]
    still = Motion(np.repeat(short.positions[:1], 900, axis=0))
    assert scores(beat_scores(still, synthetic.speech(rng, 60), "text"))[metrics.BC_WORD.id].value == 0

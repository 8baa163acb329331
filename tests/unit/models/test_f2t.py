"""Posterior texts are exact, calibrated and free of the transcript."""

import itertools

import numpy as np

from fmri2ges.models.f2t import F2T, Blocks, sample_texts, text_targets
from fmri2ges.models.readout import Readout
from fmri2ges.models.region_readout import RegionReadout
from fmri2ges.models.signatures import words_heard
from fmri2ges.text.ngram import Bigram
from fmri2ges.text.timing import spread_words, word_counts
from fmri2ges.types import Words

LANGUAGE = Bigram.fit([["a", "b", "c", "a", "b"], ["c", "b", "a"]])


def test_samples_follow_the_posterior_of_all_texts():
    evidence = np.array([[0.5, 0.0, -1.0], [0.0, 2.0, 0.0], [1.0, 0.0, 0.3]])
    log_p = {}
    for text in itertools.product(range(3), repeat=3):
        value = np.log(LANGUAGE.unigram[text[0]]) + sum(
            np.log(LANGUAGE.transition[a, b]) for a, b in itertools.pairwise(text)
        )
        log_p[text] = value + sum(evidence[t, w] for t, w in enumerate(text))
    p = np.exp(np.array(list(log_p.values())))
    p /= p.sum()
    drawn, score = sample_texts(LANGUAGE, evidence, 20_000, np.random.default_rng(0))
    counts = {text: 0 for text in log_p}
    for row in drawn:
        counts[tuple(row)] += 1
    assert np.abs(np.array(list(counts.values())) / 20_000 - p).max() < 0.012
    for row, s in zip(drawn[:20], score[:20], strict=True):
        assert abs(s - log_p[tuple(row)]) < 1e-4


def make(signal: float, seed: int = 0):
    """A decoder of three words from four features that carry `signal` times the word."""
    rng = np.random.default_rng(seed)
    vectors = np.array([[1.5, 0.0], [-1.0, 1.0], [0.0, -1.5]])
    stories, targets, heard = [], [], []
    for _ in range(8):
        n = 60
        times = 1.0 + 2.0 * np.arange(n)
        index = rng.integers(0, 3, n)
        words = Words(tuple("abc"[i] for i in index), times - 0.5, np.full(n, 0.4))
        features = rng.standard_normal((n, 4))
        features[1:, :2] += signal * vectors[index[:-1]]  # the response comes one volume later
        stories.append(features.astype(np.float32))
        targets.append(np.concatenate([text_targets(words, vectors[index], times, 2.0), np.zeros((n, 0))], 1))
        heard.append(words)
    centred = vectors - (LANGUAGE.unigram[:, None] * vectors).sum(0)
    covariance = (LANGUAGE.unigram[:, None] * centred).T @ centred
    readout = Readout(stories, np.concatenate(targets), 10.0)
    return F2T(readout, Blocks(2, 0), LANGUAGE, centred, covariance), stories, heard


def share_right(signal: float) -> float:
    f2t, stories, heard = make(signal)
    decoder = f2t.decoder(np.arange(4))
    times = 1.0 + 2.0 * np.arange(60)
    right = []
    for k, words in enumerate(heard):
        prediction = decoder.solution.crossfit[60 * k : 60 * (k + 1)]
        rate = f2t.rate(decoder, prediction, stories[k])
        texts = f2t.decode_texts(decoder, prediction, times, 2.0, 20, np.random.default_rng(1), rate)
        right += [np.mean([a == b for a, b in zip(t.text, words.text, strict=True)]) for t in texts]
    return float(np.mean(right))


def test_decodes_words_with_signal_and_the_prior_without():
    assert share_right(2.0) > 0.6
    assert abs(share_right(0.0) - 1 / 3) < 0.06


def test_uninformative_features_give_tokens_near_zero():
    f2t, _, _ = make(0.0)
    decoder = f2t.decoder(np.arange(4))
    assert np.abs(f2t.tokens(decoder, decoder.solution.crossfit)).mean() < 0.12
    loud, _, _ = make(2.0)
    decoder = loud.decoder(np.arange(4))
    assert np.abs(loud.tokens(decoder, decoder.solution.crossfit)).mean() > 0.3


def test_targets_count_words_and_average_vectors():
    words = Words(("a", "b", "c"), np.array([0.2, 1.0, 5.0]), np.array([0.2, 0.2, 0.2]))
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    out = text_targets(words, vectors, np.array([1.0, 3.0, 5.0]), 2.0)
    np.testing.assert_allclose(out[:, 4], [2, 0, 1])
    np.testing.assert_allclose(out[:, :2], [[0.5, 0.5], [0, 0], [2, 2]])


def test_word_slots_keep_the_total_of_the_rate():
    rate = np.array([1.3, 2.7, 0.0, 4.2, 0.4, 1.4])
    times = 10 + 2.0 * np.arange(6)
    volume, start, duration = spread_words(rate, times, 2.0, lead=0.0)
    assert len(volume) == round(rate.sum())
    assert (np.diff(start) > 0).all() and (duration > 0).all()
    words = Words(("x",) * len(start), start, duration)
    assert np.abs(np.cumsum(word_counts(words, times, 2.0)) - np.cumsum(rate)).max() <= 0.5 + 1e-9


def test_no_words_at_all_gives_empty_texts():
    f2t, stories, _ = make(0.0)
    decoder = f2t.decoder(np.arange(4))
    silent = np.zeros((5, f2t.blocks.width))
    silent[:, f2t.blocks.rate] = -1e6
    f2t.decoder(np.arange(4)).gains[f2t.blocks.rate] = 1.0
    rate = f2t.rate(decoder, silent, stories[0])
    texts = f2t.decode_texts(decoder, silent, np.arange(5) * 2.0, 2.0, 3, np.random.default_rng(0), rate)
    assert [len(t) for t in texts] == [0, 0, 0]


def with_signatures(signal: float) -> tuple[F2T, list[Words]]:
    f2t, _, heard = make(signal)
    f2t.heard = words_heard([np.arange(60)] * len(heard), heard, [60] * len(heard), LANGUAGE.vocabulary)
    return f2t, heard


def test_word_signatures_decode_words_too_and_only_where_the_brain_shows_them():
    def right(signal: float) -> float:
        f2t, heard = with_signatures(signal)
        decoder = f2t.decoder(np.arange(4))
        found = []
        times, rates = 1.0 + 2.0 * np.arange(60), np.split(f2t.crossfit_rate(decoder), 8)
        for k, (words, part) in enumerate(zip(heard, np.split(decoder.solution.crossfit, 8), strict=True)):
            blind = f2t.without_story(k)
            texts = blind.decode_texts(decoder, part, times, 2.0, 20, np.random.default_rng(1), rates[k])
            found += [np.mean([a == b for a, b in zip(t.text, words.text, strict=True)]) for t in texts]
        return float(np.mean(found))

    assert right(2.0) > 0.6
    assert abs(right(0.0) - 1 / 3) < 0.06


def test_words_of_a_story_leave_no_trace_in_the_signatures_that_decode_it():
    f2t, heard = with_signatures(2.0)
    decoder = f2t.decoder(np.arange(4))
    first = decoder.solution.crossfit[:60]
    seen, blind = f2t.evidence(decoder, first), f2t.without_story(0).evidence(decoder, first)
    rng = np.random.default_rng(0)
    f2t.heard.word[:60] = rng.permutation(f2t.heard.word[:60])
    f2t._signatures.clear()
    assert np.abs(f2t.evidence(decoder, first) - seen).max() > 0.01
    np.testing.assert_array_equal(f2t.without_story(0).evidence(decoder, first), blind)


def test_another_penalty_of_the_same_rois_has_signatures_of_its_own():
    """As an ROI study that refits meets the ROIs of one that does not, in the same process."""
    f2t, _ = with_signatures(2.0)
    columns = np.arange(4)
    refitted = f2t.calibrated(RegionReadout(f2t.readout, 1000 * f2t.readout.penalty).solve(columns))
    wanted = with_signatures(2.0)[0].evidence(refitted, refitted.solution.crossfit)
    first = f2t.evidence(f2t.decoder(columns), refitted.solution.crossfit)
    np.testing.assert_allclose(f2t.evidence(refitted, refitted.solution.crossfit), wanted, atol=1e-5)
    assert np.abs(first - wanted).max() > 0.1


def test_products_of_the_bigram_are_those_of_its_table():
    rng = np.random.default_rng(0)
    language = Bigram.fit([rng.choice(list("abcdefghij"), 40).tolist() for _ in range(3)])
    state = rng.random(len(language)).astype(np.float32)
    np.testing.assert_allclose(language.after(state), state @ language.transition, rtol=1e-5)
    np.testing.assert_allclose(language.expected(state), language.transition @ state, rtol=1e-5)
    np.testing.assert_array_equal(language.into(np.array([2, 5])), language.transition[:, [2, 5]].T)

"""Beam search against one that recomputes everything for every text."""

from functools import partial

import numpy as np
import pytest

from fmri2ges.brain.lanczos import lanczos_matrix
from fmri2ges.errors import Cancelled, UserError
from fmri2ges.models.beam import decode_beam, sample_prior
from fmri2ges.models.encoding import EncodingModel
from fmri2ges.models.likelihood import Evidence, Likelihood
from fmri2ges.models.noise import NoiseModel
from fmri2ges.text.causal_lm import CausalLM
from fmri2ges.text.engine import Engine
from fmri2ges.text.lm import BigramLM
from fmri2ges.text.ngram import Bigram
from fmri2ges.text.proposals import Proposals
from fmri2ges.work import Work
from tests.lm_files import SENTENCES, VOCABULARY, make_model, make_tokenizer

TR, N_VOLUMES, N_VOXELS, N_WORDS = 2.0, 16, 30, 9
VOLUMES = 1.0 + TR * np.arange(N_VOLUMES)
START = np.linspace(2.0, 14.0, N_WORDS)
DURATION = np.full(N_WORDS, 0.4)


class RandomVectors:
    """A fixed random vector for each word."""

    dim = 6

    def matrix(self, words):
        made = [np.random.default_rng(list(w.encode())).standard_normal(self.dim) for w in words]
        return np.array(made, np.float32).reshape(-1, self.dim)


def bigram_lm():
    return BigramLM(Bigram.fit([s.lower().split() for s in SENTENCES]), RandomVectors(), context=3)


def causal_lm():
    tokenizer = make_tokenizer()
    return CausalLM(Engine(make_model(len(tokenizer)), 2, "tiny"), tokenizer, VOCABULARY, "tiny", context=3)


@pytest.fixture(scope="module", params=[bigram_lm, causal_lm])
def lm(request):
    return request.param()


def encoding(lm, seed=0):
    rng = np.random.default_rng(seed)
    texts = [[str(w) for w in rng.choice(lm.vocabulary, N_WORDS)] for _ in range(8)]
    matrix = lanczos_matrix(START + DURATION / 2, VOLUMES)
    x = np.concatenate([matrix @ lm.story_features(t) for t in texts])
    weights = rng.normal(size=(4 * lm.n_features, N_VOXELS)).astype(np.float32)
    model = EncodingModel(x.mean(0), x.std(0), weights, np.ones(N_VOXELS), np.ones(N_VOXELS))
    mixed = rng.normal(size=(80, N_VOXELS)) @ rng.normal(size=(N_VOXELS, N_VOXELS))
    return model, NoiseModel((mixed.T @ mixed / 80).astype(np.float32), 80.0)


def bold_of(lm, model, text, noise=0.0, seed=0):
    predicted = model.predict(lanczos_matrix(START + DURATION / 2, VOLUMES) @ lm.story_features(text))
    return predicted + noise * predicted.std() * np.random.default_rng(seed).normal(size=predicted.shape)


def likelihood_of(lm, bold, model, noise, n=N_WORDS):
    return Likelihood(Evidence(model, noise), bold, VOLUMES, (START + DURATION / 2)[:n])


def next_words(lm, text):
    """P(next word | text), from nothing but the text."""
    contexts = lm.start()
    for word in text:
        contexts = lm.extend(contexts, np.zeros(1, int), np.array([word]))
    return lm.next_words(contexts)


def naive_beam(lm, model, noise, bold, width, prior_weight):
    """Every candidate text is scored anew: features of the whole text, likelihood of the whole story."""
    beam = [((), 0.0)]
    for n in range(1, N_WORDS + 1):
        likelihood = likelihood_of(lm, bold, model, noise, n)
        grown = []
        for text, prior in beam:
            _, words, log_p = Proposals.of(lm).propose(next_words(lm, text), np.array([text], int))
            for word, lp in zip(words, log_p, strict=True):
                new = (*text, int(word))
                features = lm.story_features([lm.vocabulary[i] for i in new])
                grown.append((likelihood.total(features) + prior_weight * (prior + lp), new, prior + lp))
        grown.sort(key=lambda g: -g[0])
        beam = [(text, prior) for _, text, prior in grown[:width]]
        scores = [s for s, _, _ in grown[:width]]
    return [tuple(lm.vocabulary[i] for i in text) for text, _ in beam], np.array(scores)


@pytest.mark.parametrize("prior_weight", [1.0, 0.0])
def test_the_fast_beam_returns_what_the_naive_one_returns(lm, prior_weight):
    model, noise = encoding(lm)
    bold = bold_of(lm, model, list(lm.vocabulary[3 : 3 + N_WORDS]), noise=1.0)
    texts, scores = naive_beam(lm, model, noise, bold, 4, prior_weight)
    found = decode_beam(likelihood_of(lm, bold, model, noise), lm, START, DURATION, width=4, prior_weight=prior_weight)
    assert [w.text for w, _ in found] == texts
    expected = scores - np.logaddexp.reduce(scores)
    np.testing.assert_allclose([p for _, p in found], expected, rtol=1e-4, atol=1e-3)


def test_a_text_that_can_be_proposed_is_found_without_noise():
    lm = bigram_lm()
    model, noise = encoding(lm)
    text = tuple("a young girl saw her mother in the garden".split())
    bold = bold_of(lm, model, text)
    (best, log_p), *_ = decode_beam(likelihood_of(lm, bold, model, noise), lm, START, DURATION)
    assert best.text == text and log_p > np.log(0.99)
    np.testing.assert_array_equal(best.start, START)


def test_a_wider_beam_scores_at_least_as_well(lm):
    model, noise = encoding(lm)
    bold = bold_of(lm, model, list(lm.vocabulary[5 : 5 + N_WORDS]), noise=2.0)
    total = []
    for width in (1, 40):
        likelihood = likelihood_of(lm, bold, model, noise)
        (best, _), *_ = decode_beam(likelihood, lm, START, DURATION, width=width, prior_weight=0.0)
        total.append(likelihood.total(lm.story_features(best.text)))
    assert total[1] >= total[0] - 1e-6 * abs(total[0])


def test_texts_differ_and_their_probabilities_fall_and_sum_to_one():
    lm = bigram_lm()
    model, noise = encoding(lm)
    bold = bold_of(lm, model, list(lm.vocabulary[:N_WORDS]), noise=2.0)
    found = decode_beam(likelihood_of(lm, bold, model, noise), lm, START, DURATION, width=7)
    assert len({w.text for w, _ in found}) == 7
    p = np.exp([lp for _, lp in found])
    assert (np.diff(p) <= 0).all() and p.sum() == pytest.approx(1)


def test_no_word_times_give_one_empty_text(lm):
    found = decode_beam(_Flat(), lm, np.zeros(0), np.zeros(0), width=3)
    assert [(len(w), p) for w, p in found] == [(0, 0.0)]


def test_the_beam_is_never_empty_although_every_word_repeats():
    lm = BigramLM(Bigram.fit([["dog", "dog", "dog"]]), RandomVectors())
    (best, _), *_ = decode_beam(_Flat(), lm, START, DURATION, width=3)
    assert best.text == ("dog",) * N_WORDS


def test_progress_and_cancel():
    lm, seen = bigram_lm(), []
    decode_beam(_Flat(), lm, START, DURATION, work=Work(lambda f, m: seen.append(f)))
    assert np.allclose(seen, np.arange(1, N_WORDS + 1) / N_WORDS)
    for search in (
        lambda stop: decode_beam(_Flat(), lm, START, DURATION, work=Work(should_stop=stop)),
        lambda stop: sample_prior(lm, START, DURATION, 2, np.random.default_rng(0), work=Work(should_stop=stop)),
    ):
        answers = iter([False, False, False, True])
        with pytest.raises(Cancelled):
            search(partial(next, answers))
        assert not list(answers)  # asked until the answer was yes


def test_a_beam_without_room_is_refused():
    with pytest.raises(UserError, match="beam width"):
        decode_beam(_Flat(), bigram_lm(), START, DURATION, width=0)


def test_prior_texts_follow_the_language_model_and_its_rules(lm):
    rng = np.random.default_rng(0)
    texts = sample_prior(lm, START[:2], DURATION[:2], 3000, rng)
    index = {w: k for k, w in enumerate(lm.vocabulary)}
    _, words, log_p = Proposals.of(lm).propose(lm.next_words(lm.start()), np.zeros((1, 0), int))
    p = np.exp(log_p) / np.exp(log_p).sum()
    first = np.bincount([index[t.text[0]] for t in texts], minlength=len(index))
    assert set(np.flatnonzero(first)) <= set(words)
    assert (np.abs(first[words] - 3000 * p) < 5 * np.sqrt(3000 * p * (1 - p)) + 1).all()
    again = sample_prior(lm, START[:2], DURATION[:2], 3000, np.random.default_rng(0))
    assert [t.text for t in again] == [t.text for t in texts]


class _Flat:
    """A likelihood that likes every text."""

    def start(self):
        return self

    def step(self, hypotheses, word):
        return self

    def score(self, features, parents):
        return np.zeros(len(parents))

    def extend(self, features, parents):
        return self

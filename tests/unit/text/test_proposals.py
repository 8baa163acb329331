from types import SimpleNamespace

import numpy as np
import pytest

from fmri2ges.text.lm import BigramLM
from fmri2ges.text.ngram import Bigram
from fmri2ges.text.proposals import PerturbedProposals, Proposals
from fmri2ges.text.stems import content_stem

NONE = np.zeros((1, 0), int)
WORDS = tuple("the of dog dogs walked walking house boat bread sea".split())


def propose(p, text=(), vocabulary=WORDS, **options):
    rules = Proposals(vocabulary, **options)
    texts = np.array([[vocabulary.index(w) for w in text]], int).reshape(1, -1)
    rows, words, log_p = rules.propose(np.asarray(p, float)[None], texts)
    np.testing.assert_allclose(log_p, np.log(np.asarray(p)[words]))
    assert (rows == 0).all()
    return [vocabulary[w] for w in words]


def written_out_nucleus(p, mass, ratio):
    """As in the reference decoder: words of at least ratio * max, cut where the mass is reached."""
    likely = sorted((w for w in range(len(p)) if p[w] >= ratio * p.max()), key=lambda w: -p[w])
    total, kept = 0.0, []
    for w in likely:
        kept.append(w)
        total += p[w]
        if total >= mass:
            break
    return kept


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_the_nucleus_is_the_written_out_one(sharpness):
    rng = np.random.default_rng(0)
    vocabulary = tuple(f"w{k}x" for k in range(40))
    rules = Proposals(vocabulary, most=40)
    for _ in range(50):
        p = rng.dirichlet(np.full(40, 1 / sharpness))
        _, words, _ = rules.propose(p[None], NONE)
        assert words.tolist() == written_out_nucleus(p, 0.9, 0.1)


def test_at_most_the_asked_number():
    rules = Proposals(tuple(f"w{k}x" for k in range(100)))
    _, words, _ = rules.propose(np.full((1, 100), 0.01), NONE)
    assert words.tolist() == list(range(32))


def test_a_language_model_says_how_many_candidates_it_can_afford():
    flat = np.full((1, 100), 0.01)
    costly = SimpleNamespace(vocabulary=tuple(f"w{k}x" for k in range(100)))
    assert len(Proposals.of(costly).propose(flat, NONE)[1]) == 32
    cheap = BigramLM(
        Bigram.fit([costly.vocabulary]), SimpleNamespace(dim=2, matrix=lambda words: np.zeros((len(words), 2)))
    )
    assert len(Proposals.of(cheap).propose(flat, NONE)[1]) == 90  # the whole nucleus


FLAT = np.full(10, 0.1)


def test_content_stems_of_recent_words_are_left_out_and_function_words_are_not():
    left = propose(FLAT, ("the", "dog", "walked"), mass=1.0)
    assert left == ["the", "of", "house", "boat", "bread", "sea"]


def test_a_pair_of_words_is_not_repeated():
    assert "of" not in propose(FLAT, ("the", "of", "sea", "the"))
    assert "of" in propose(FLAT, ("of", "the"))


def test_only_recent_words_count():
    assert "dog" in propose(FLAT, ("dog", "the", "of"), memory=2)
    assert "dog" not in propose(FLAT, ("dog", "the", "of"), memory=3)


def test_there_is_always_a_proposal():
    sure = np.full(10, 1e-4)
    sure[2] = 1 - sure.sum()
    assert propose(sure, ("dog",)) == ["the"]  # the nucleus is "dog" alone: the next word that repeats nothing
    assert propose([0.2, 0.8], ("dog", "cat"), vocabulary=("dog", "cat")) == ["cat"]


def test_rows_belong_to_their_hypotheses():
    p = np.array([[0.6, 0.4, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0.05, 0.95]], float)
    rows, words, _ = Proposals(WORDS).propose(p, np.array([[6], [7]]))
    assert list(zip(rows.tolist(), words.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 9)]


@pytest.mark.parametrize(
    "word, stem",
    [
        ("walking", "walk"),
        ("walked", "walk"),
        ("dogs", "dog"),
        ("the", None),
        ("don't", None),
        ("couldn't", None),
        ("i'm", None),
        ("alice's", "alic"),
        ("alice", "alic"),
        ("'ll", None),
    ],
)
def test_stems(word, stem):
    assert content_stem(word) == stem


def test_perturbed_proposals_are_the_same_words_with_one_noise_per_word_and_step():
    rules = Proposals(WORDS)
    perturbed = PerturbedProposals(rules, len(WORDS), np.random.default_rng(0))
    p = np.random.default_rng(1).dirichlet(np.ones(len(WORDS)), 3)
    texts = np.zeros((3, 0), int)
    rows, words, log_p = rules.propose(p, texts)
    noises = []
    for _ in range(4000):
        again, same, noisy = perturbed.propose(p, texts)
        assert (again == rows).all() and (same == words).all()
        noise = noisy - log_p
        for word in set(words):
            np.testing.assert_allclose(noise[words == word], noise[words == word][0])  # in every hypothesis
        noises.append(noise[0])
    assert np.mean(noises) == pytest.approx(np.euler_gamma, abs=0.1)  # Gumbel
    assert np.var(noises) == pytest.approx(np.pi**2 / 6, rel=0.15)

"""Word signatures: the evidence is the Gaussian one, means are shrunk as the model says, and noise tells nothing."""

import numpy as np
from scipy.stats import multivariate_normal

from fmri2ges.models import signatures
from fmri2ges.models.signatures import (
    SHRINKAGES,
    Fitted,
    Heard,
    choose_shrinkage,
    fit_signatures,
    words_heard,
)
from fmri2ges.types import Words

STORIES, VOLUMES = 12, 80
BOUNDS = np.arange(STORIES + 1) * VOLUMES


def study(strength: float, n_words: int = 60, width: int = 6, rare: int = 0, seed: int = 0):
    """Tokens of stories in which every volume has one word whose signature follows from its vector and from itself."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n_words, 4))
    planted = strength * (vectors @ rng.standard_normal((4, width)) / 2 + 0.5 * rng.standard_normal((n_words, width)))
    frequency = np.r_[np.zeros(rare), np.ones(n_words - rare)]
    word = rng.choice(n_words, STORIES * VOLUMES, p=frequency / frequency.sum())
    noise = rng.standard_normal((STORIES * VOLUMES, width)) * np.linspace(0.5, 1.5, width)
    return planted[word] + noise, Heard(np.arange(len(word)), word), vectors, planted


def test_evidence_is_the_log_ratio_of_two_gaussians():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((4, 4))
    covariance, means, centre = root @ root.T + np.eye(4), rng.standard_normal((3, 4)), rng.standard_normal(4)
    x = rng.standard_normal((5, 4))
    evidence = Fitted(centre, means, covariance).discriminant(0.2).evidence(x)
    shrunk = 0.8 * covariance + 0.2 * np.trace(covariance) / 4 * np.eye(4)
    nothing = multivariate_normal(centre, shrunk).logpdf(x)
    for word, mean in enumerate(means):
        ratio = multivariate_normal(centre + mean, shrunk).logpdf(x) - nothing
        np.testing.assert_allclose(evidence[:, word], ratio, atol=1e-5)


def test_signatures_are_nearer_to_the_planted_ones_than_plain_means():
    tokens, heard, vectors, planted = study(0.7)
    fitted = fit_signatures(tokens, BOUNDS, heard, vectors)
    centre = planted[heard.word].mean(0)
    plain = np.stack([tokens[heard.row[heard.word == w]].mean(0) for w in range(len(vectors))]) - fitted.centre
    error = ((fitted.means - (planted - centre)) ** 2).mean()
    assert error < 0.9 * ((plain - (planted - centre)) ** 2).mean()
    assert error < 0.3 * ((planted - centre) ** 2).mean()


def test_a_word_that_was_never_heard_takes_the_signature_of_its_vector():
    tokens, heard, vectors, planted = study(1.5, rare=10)
    means = fit_signatures(tokens, BOUNDS, heard, vectors).means
    assert np.corrcoef(means[:10].ravel(), planted[:10].ravel())[0, 1] > 0.8


def test_tokens_without_words_give_hardly_any_evidence():
    def size(strength: float) -> float:
        tokens, heard, vectors, _ = study(strength)
        share = choose_shrinkage(tokens, BOUNDS, heard, vectors)
        return float(fit_signatures(tokens, BOUNDS, heard, vectors).discriminant(share).evidence(tokens).std())

    assert size(0.0) < 0.25
    assert size(1.5) > 1.0


def test_the_share_is_judged_on_words_of_stories_that_did_not_train(monkeypatch):
    tokens, heard, vectors, _ = study(1.0)
    trained, judged = [], []

    def fit(tokens, bounds, rest, vectors):
        trained.append(set((rest.row // VOLUMES).tolist()))
        return fit_signatures(tokens, bounds, rest, vectors)

    def evidence(self, own):
        rows = np.flatnonzero((tokens[:, None] == own).all(2).any(1))
        judged.append(set((rows // VOLUMES).tolist()))
        return kept(self, own)

    kept = signatures.Signatures.evidence
    monkeypatch.setattr(signatures, "fit_signatures", fit)
    monkeypatch.setattr(signatures.Signatures, "evidence", evidence)
    choose_shrinkage(tokens, BOUNDS, heard, vectors)
    assert len(trained) == 3 and len(judged) == 3 * len(SHRINKAGES)
    for k, stories in enumerate(judged):
        assert stories and not stories & trained[k // len(SHRINKAGES)]
    assert set().union(*judged) == set(range(STORIES))


def test_a_direction_without_any_variance_says_nothing():
    tokens, heard, vectors, _ = study(1.0)
    wider = np.concatenate([tokens, np.zeros((len(tokens), 2))], 1)
    signatures = fit_signatures(wider, BOUNDS, heard, vectors).discriminant(0.1)
    assert np.isfinite(signatures.weights).all() and np.abs(signatures.weights[-2:]).max() < 1e-6
    silent = fit_signatures(0 * wider, BOUNDS, heard, vectors).discriminant(0.1)
    np.testing.assert_array_equal(silent.evidence(0 * wider), 0)


def test_every_word_heard_once_is_allowed():
    tokens, _, vectors, _ = study(1.0)
    once = Heard(np.arange(60) * 16, np.arange(60))
    evidence = fit_signatures(tokens, BOUNDS, once, vectors).discriminant(0.1).evidence(tokens)
    assert np.isfinite(evidence).all()


def test_the_share_is_chosen_by_words_of_other_stories():
    tokens, heard, vectors, _ = study(1.5)
    assert choose_shrinkage(tokens, BOUNDS, heard, vectors) in SHRINKAGES
    # Thin directions in which two stories differ from all others by chance are best left out.
    assert choose_shrinkage(tokens, BOUNDS, heard, vectors) < SHRINKAGES[-1]


def test_words_are_counted_over_all_stories_and_unknown_or_outside_ones_left_out():
    texts = [Words(("a", "x", "b"), np.arange(3.0), np.ones(3)), Words(("b", "a"), np.arange(2.0), np.ones(2))]
    heard = words_heard([np.array([0, 1, 4]), np.array([-1, 2])], texts, [5, 3], ("a", "b"))
    assert heard.row.tolist() == [0, 4, 7] and heard.word.tolist() == [0, 1, 0]

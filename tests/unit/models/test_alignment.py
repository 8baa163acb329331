"""Functional alignment: planted maps between two listeners, against refits and scikit-learn, and nothing from wrong pairs."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fmri2ges.brain.hrf import delayed
from fmri2ges.brain.lanczos import lanczos_matrix
from fmri2ges.errors import UserError
from fmri2ges.models.alignment import (
    Reference, aligned_decoder, aligned_rate, fit_alignment, left_out_predictions, likelihood_scale,
)  # fmt: skip
from fmri2ges.models.bayes import HeardStory, fit_bayes
from fmri2ges.models.encoding import StoryVoxels, fit_encoding
from fmri2ges.models.likelihood import Likelihood
from fmri2ges.models.word_rate import WordRate
from fmri2ges.text.lm import BigramLM
from fmri2ges.text.ngram import Bigram
from fmri2ges.text.open_lm import BIGRAM, LmChoice
from fmri2ges.text.timing import word_counts
from fmri2ges.types import Words

TR, N_VOLUMES, N_TRAIN = 2.0, 60, 14
TIMES = TR * np.arange(N_VOLUMES) + TR / 2
NAMES = tuple(f"word{k}" for k in range(30))
CHOICE = LmChoice(BIGRAM)
PARCEL = np.repeat([0, 1, -1], [20, 15, 5])


class RandomVectors:
    dim = 24

    def matrix(self, words):
        return np.stack([np.random.default_rng(int(w[4:])).standard_normal(self.dim) for w in words])


def z(x):
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


@pytest.fixture(scope="module")
def world():
    """Three listeners, the same 6 responses to words mixed differently; voxels 20 to 39 hold noise only."""
    rng = np.random.default_rng(0)
    lm = BigramLM(Bigram.fit([NAMES]), RandomVectors(), context=1)
    responses = rng.standard_normal((4 * lm.n_features, 6))
    mixing = rng.standard_normal((3, 6, 40)) * (np.arange(40) < 20)
    stories = []
    for _ in range(N_TRAIN + 6):
        start = np.sort(rng.uniform(0, N_VOLUMES * TR - 1, 100))
        words = Words(tuple(map(str, rng.choice(NAMES, 100))), start, np.full(100, 0.3))
        x = delayed(lanczos_matrix(start + 0.15, TIMES) @ lm.story_features(words.text), [-1, -2, -3, -4])
        signal = z(x @ responses)
        bold = [z(0.4 * signal @ m / np.sqrt(6) + rng.standard_normal((N_VOLUMES, 40))) for m in mixing]
        stories.append((words, bold))
    return lm, stories


def listener(stories, who: int) -> list[HeardStory]:
    return [HeardStory(bold[who], TIMES, words) for words, bold in stories]


def reference(lm, stories, who: int, shared) -> Reference:
    """A listener who heard the first `N_TRAIN` stories."""
    features = [lanczos_matrix(w.start + 0.15, TIMES) @ lm.story_features(w.text) for w, _ in stories[:N_TRAIN]]
    model = fit_encoding(features, StoryVoxels([b[who] for _, b in stories[:N_TRAIN]]), device="cpu")
    return Reference(model, np.zeros(lm.n_features), [b[who] for _, b in shared], [TIMES] * len(shared))


def evidence_of_words(decoder, lm, story: HeardStory) -> float:
    """Log-likelihood of the heard words above that of 50 other orders of them, in standard deviations."""
    evidence, columns = decoder.evidence(np.array([0, 1]))
    likelihood = Likelihood(evidence, story.bold[:, columns], TIMES, story.words.start + 0.15, decoder.expected)
    features, rng = lm.story_features(story.words.text), np.random.default_rng(9)
    others = [likelihood.total(rng.permutation(features)) for _ in range(50)]
    spread = np.std(others)
    return (likelihood.total(features) - np.mean(others)) / spread if spread > 0 else 0.0  # 0: all texts are alike


def held_out(decoder, lm, stories) -> float:
    return np.mean([evidence_of_words(decoder, lm, s) for s in listener(stories[N_TRAIN:], 2)])


def test_map_equals_ridge_and_recovers_a_planted_one():
    rng = np.random.default_rng(1)
    planted = rng.standard_normal((8, 5))
    source = [z(rng.standard_normal((n, 8))) for n in (50, 70, 60)]
    target = [z(s @ planted + 0.1 * rng.standard_normal((len(s), 5))) for s in source]
    x, y = np.concatenate(source[:2]), np.concatenate(target[:2])
    fixed = fit_alignment(source[:2], target[:2], penalties=(20.0,))
    expected = Ridge(alpha=20.0, fit_intercept=False).fit(x, y).coef_.T
    np.testing.assert_allclose(fixed.weights, expected, atol=1e-5)
    chosen = fit_alignment(source[:2], target[:2])
    mapped = chosen.apply(source[2])
    assert min(np.corrcoef(mapped.T, target[2].T)[range(5), range(5, 10)]) > 0.98 and chosen.score.min() > 0.9
    np.testing.assert_allclose(mapped.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(mapped.std(0), 1, atol=1e-5)


def test_a_single_story_is_held_out_in_blocks():
    rng = np.random.default_rng(2)
    x = z(rng.standard_normal((80, 6)))
    assert fit_alignment([x], [z(x @ rng.standard_normal((6, 4)))]).score.min() > 0.5
    assert fit_alignment([x], [z(rng.standard_normal((80, 4)))]).score.max() < 0.1


def test_predictions_are_those_of_refits_without_the_story():
    rng = np.random.default_rng(3)
    lengths = [20, 31, 25]
    story = np.repeat(range(3), lengths)
    x, y, query = rng.normal(size=(76, 90)), rng.normal(size=(76, 5)).astype(np.float32), rng.normal(size=(76, 90))
    penalty = np.array([1.0, 30.0, 1.0, 30.0, 8.0])
    found = left_out_predictions(x, StoryVoxels(np.split(y, [20, 51])), lengths, penalty, query)
    for k in range(3):
        fit = Ridge(alpha=penalty, fit_intercept=False).fit(x[story != k], y[story != k])
        np.testing.assert_allclose(found[story == k], fit.predict(query[story == k]), atol=1e-4)


def test_references_help_a_listener_with_little_data_and_wrong_pairs_do_not(world):
    lm, stories = world
    shared = stories[:3]
    references = [reference(lm, stories, who, shared) for who in (0, 1)]
    heard = listener(shared, 2)
    decoder = aligned_decoder(references, heard, PARCEL, lm, CHOICE, n_best=30, per_parcel=3)
    own = fit_bayes(heard, PARCEL, lm, CHOICE, n_best=30, per_parcel=3, device="cpu")
    aligned = held_out(decoder, lm, stories)
    assert aligned > 4 and aligned > held_out(own, lm, stories) + 0.7
    assert (decoder.parcel >= 0).all() and decoder.model.score[decoder.columns < 20].min() > 0.1

    wrong = [replace(r, shared=r.shared[1:] + r.shared[:1]) for r in references]
    null = aligned_decoder(wrong, heard, PARCEL, lm, CHOICE, n_best=30, per_parcel=3)
    assert held_out(null, lm, stories) < 1.5


def test_scale_is_that_of_the_planted_signal_and_below_one_where_noise_was_fitted():
    rng = np.random.default_rng(6)
    signal = rng.standard_normal((400, 30))
    mixing = np.eye(30) + 0.3 * rng.standard_normal((30, 30))
    bold = 0.5 * signal + rng.standard_normal((400, 30)) @ mixing
    assert likelihood_scale(signal * 0.25, bold, [100] * 4) == pytest.approx(2.0, rel=0.1)
    assert likelihood_scale(0.5 * signal + 0.5 * rng.standard_normal((400, 30)), bold, [100] * 4) < 0.8
    assert likelihood_scale(-signal, bold, [100] * 4) == 0.0


def test_noise_holds_what_the_alignment_leaves(world):
    """Residuals of stories that nothing was fitted on are as large as the noise model says."""
    lm, stories = world
    shared = stories[:3]
    heard = listener(shared, 2)
    decoder = aligned_decoder([reference(lm, stories, 0, shared)], heard, PARCEL, lm, CHOICE, n_best=30, per_parcel=3)
    residuals = []
    for words, bold in stories[N_TRAIN:]:
        features = lanczos_matrix(words.start + 0.15, TIMES) @ lm.story_features(words.text)
        residuals.append(bold[2][:, decoder.columns] - decoder.model.predict(features))
    found = np.square(np.concatenate(residuals)).mean()
    assert np.diag(decoder.noise.covariance).mean() == pytest.approx(found, rel=0.05)


def test_references_on_another_scale_predict_the_same(world):
    """A reference whose features were z-scored with other numbers is brought to the first one's."""
    lm, stories = world
    shared = stories[:3]
    first, second = (reference(lm, stories, who, shared) for who in (0, 1))
    other = replace(second.model, sd=3 * second.model.sd, weights=3 * second.model.weights)
    found = [
        aligned_decoder([first, replace(second, model=m)], listener(shared, 2), PARCEL, lm, CHOICE, n_best=30, per_parcel=3)
        for m in (second.model, other)
    ]
    np.testing.assert_allclose(found[0].model.weights, found[1].model.weights, rtol=1e-3, atol=1e-6)


def test_word_rate_is_read_through_the_alignment():
    rng = np.random.default_rng(4)
    mixing = rng.standard_normal((5, 5))
    counts = rng.poisson(3.0, 200).astype(float)
    answer = delayed((counts - 3)[:, None] * np.ones(5), [-2]) + rng.standard_normal((200, 5))
    gain = np.concatenate([np.zeros(5), np.full(5, 0.15), np.zeros(10)]).astype(np.float32)
    reader = WordRate(gain, 3.0, (1, 2, 3, 4), 0.0)
    alignment = fit_alignment([z(answer[:100] @ mixing)], [z(answer[:100])])
    found = aligned_rate([reader, reader], [alignment, alignment], z(answer[100:] @ mixing))
    assert np.corrcoef(found, counts[100:])[0, 1] > 0.7


def test_aligned_decoder_decodes(world):
    lm, stories = world
    decoder = aligned_decoder([reference(lm, stories, 0, stories[:4])], listener(stories[:4], 2), PARCEL, lm, CHOICE)
    story = listener(stories[N_TRAIN:], 2)[0]
    rate = word_counts(story.words, TIMES, TR)
    (best, log_p), *_ = decoder.decode(story.bold, np.array([0, 1]), rate, TIMES, TR, lm, width=5)
    assert len(best) == int(rate.sum()) and log_p <= 0


def test_bad_input_is_one_clear_line(world):
    lm, stories = world
    shared, heard = stories[:2], listener(stories[:2], 2)
    one = reference(lm, stories, 0, shared)
    x = shared[0][1][0]

    def refused(message, references, heard=heard):
        with pytest.raises(UserError, match=message) as caught:
            aligned_decoder(references, heard, PARCEL, lm, CHOICE)
        assert "\n" not in str(caught.value)

    refused("no reference listener", [])
    refused("no story was heard by both", [replace(one, shared=[], volume_times=[])], [])
    refused("2 stories of one listener, 1 of the other", [one], heard[:1])
    refused("shared story 1 has 50 volumes in one listener and 60", [replace(one, shared=[x[:50], x])])
    refused("up to 59.00 s apart", [replace(one, volume_times=[TIMES, TIMES * 1.5 - 0.5])])
    refused("6, 48 word features", [replace(one, model=replace(one.model, mean=np.zeros(6)))])
    refused("different delays", [one, replace(one, model=replace(one.model, delays=(2, 3, 4, 5)))])
    refused("NaN or infinite in shared story 2", [replace(one, shared=[x, np.full_like(x, np.nan)])])
    with pytest.raises(UserError, match="one shared story has 6 volumes"):
        fit_alignment([x[:6]], [x[:6]])
    with pytest.raises(UserError, match="fitted on 40 features"):
        fit_alignment([x], [x]).apply(x[:, :3])

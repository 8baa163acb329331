"""The posterior of words in their slots is that of all texts, whatever is computed beside it."""

import itertools

import numpy as np
import pytest

from fmri2ges.models import word_posterior
from fmri2ges.models.f2t import WordSlots
from fmri2ges.models.word_posterior import LANES, word_posteriors
from fmri2ges.text.ngram import Bigram

LANGUAGE = Bigram.fit([["a", "b", "c", "a", "b"], ["c", "b", "a"]])


def slots(evidence, volume) -> WordSlots:
    n = len(volume)
    return WordSlots(np.asarray(evidence, np.float32), np.asarray(volume, int), np.arange(n) * 1.0, np.full(n, 0.3))


def of_all_texts(story: WordSlots) -> np.ndarray:
    """The sum over every text that can be written."""
    evidence, n = story.evidence[story.volume].astype(float), len(story.volume)
    total = np.zeros((n, len(LANGUAGE)))
    for text in itertools.product(range(len(LANGUAGE)), repeat=n):
        p = LANGUAGE.unigram[text[0]] * np.prod([LANGUAGE.transition[a, b] for a, b in itertools.pairwise(text)])
        p *= np.exp(sum(evidence[t, w] for t, w in enumerate(text)))
        for t, w in enumerate(text):
            total[t, w] += p
    return total / total.sum(1, keepdims=True)


def stories(n: int) -> list[WordSlots]:
    """Stories of different length; some volumes have several slots, some none."""
    rng = np.random.default_rng(0)
    lengths = [4, 1, 6, 2, 5]
    return [slots(2 * rng.standard_normal((4, 3)), np.sort(rng.integers(0, 4, lengths[k % 5]))) for k in range(n)]


@pytest.mark.parametrize("n", [1, 3, LANES + 2])
def test_it_is_that_of_all_texts_also_beside_shorter_and_longer_stories(n):
    asked = stories(n)
    found = list(word_posteriors(LANGUAGE, asked))
    assert len(found) == n
    for one, story in zip(found, asked, strict=True):
        np.testing.assert_allclose(one, of_all_texts(story), atol=1e-6)


def test_a_long_story_is_made_alone_and_is_the_same(monkeypatch):
    asked = stories(5)
    together = list(word_posteriors(LANGUAGE, asked))
    monkeypatch.setattr(word_posterior, "MOST_BYTES", 1)
    for a, b in zip(together, word_posteriors(LANGUAGE, asked), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)


def test_strong_evidence_does_not_overflow():
    (found,) = word_posteriors(LANGUAGE, [slots(400 * np.eye(3)[[0, 1, 2, 0]], [0, 1, 2, 3])])
    np.testing.assert_array_equal(found.argmax(1), [0, 1, 2, 0])
    assert np.isfinite(found).all()


def test_a_story_without_a_slot_has_no_posterior():
    empty, full = word_posteriors(LANGUAGE, [slots(np.zeros((4, 3)), []), stories(1)[0]])
    assert empty.shape == (0, 3) and full.shape == (4, 3)
    (alone,) = word_posteriors(LANGUAGE, [slots(np.zeros((4, 3)), [])])
    assert alone.shape == (0, 3)

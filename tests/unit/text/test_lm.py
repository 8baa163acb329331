import numpy as np
import pytest

from fmri2ges.text.lm import BigramLM
from fmri2ges.text.ngram import Bigram

STORY = "the dog ran to the boat and the girl ran home".split()


class Vectors:
    dim = 5

    def matrix(self, words):
        return np.array(
            [np.random.default_rng(list(w.encode())).standard_normal(5) for w in words], np.float32
        ).reshape(-1, 5)


@pytest.mark.parametrize("context", [1, 3, 50])
def test_features_are_the_vector_and_the_mean_of_the_last_words(context):
    lm = BigramLM(Bigram.fit([STORY]), Vectors(), context)
    own = Vectors().matrix(STORY)
    expected = [np.concatenate([own[k], own[max(0, k + 1 - context) : k + 1].mean(0)]) for k in range(len(STORY))]
    np.testing.assert_allclose(lm.story_features(STORY), expected, atol=1e-5)
    contexts = lm.start()
    for k, word in enumerate(STORY):
        rows, index = np.zeros(1, int), np.array([lm.vocabulary.index(word)])
        np.testing.assert_allclose(lm.features(contexts, rows, index)[0], expected[k], atol=1e-5)
        contexts = lm.extend(contexts, rows, index)


def test_next_words_are_those_of_the_bigram():
    bigram = Bigram.fit([STORY])
    lm = BigramLM(bigram, Vectors())
    np.testing.assert_array_equal(lm.next_words(lm.start()), bigram.unigram[None])
    words = np.array([3, 1, 3])
    contexts = lm.extend(lm.start(), np.zeros(3, int), words)
    np.testing.assert_array_equal(lm.next_words(contexts), bigram.transition[words])

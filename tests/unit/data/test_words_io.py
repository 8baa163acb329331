"""Timed words: what is kept, what is dropped, and where an error points."""

import numpy as np
import pytest
from praatio import textgrid

from fmri2ges.data.words.files import clean_word, read_words, read_words_tsv, write_words_tsv
from fmri2ges.errors import UserError
from fmri2ges.types import Words


def write_textgrid(path, tiers, form="long_textgrid"):
    grid = textgrid.Textgrid()
    for name, entries in tiers.items():
        grid.addTier(textgrid.IntervalTier(name, entries, 0, 5))
    grid.save(str(path), format=form, includeBlankSpaces=True)
    return path


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_both_text_forms_give_the_same_words(tmp_path, form):
    path = write_textgrid(
        tmp_path / "a.TextGrid", {"word": [(0.5, 1.0, "It's"), (1.0, 1.5, "sp"), (1.5, 2.25, "LATE.")]}, form
    )
    words = read_words(path)
    assert words.text == ("it's", "late")
    assert words.start.tolist() == [0.5, 1.5]
    assert words.duration.tolist() == [0.5, 0.75]


@pytest.mark.parametrize(
    "label, word",
    [
        ("sp", None),
        ("SIL", None),
        ("{sentence_start}", None),
        ("<unk>", None),
        ("  ", None),
        ("br", None),
        ("...", None),
    ]
    + [("n't", "n't"), ("Ma'am,", "ma'am"), ("don’t", "don't"), ("well-known", "well-known"), ("spring", "spring")],
)
def test_marks_are_dropped_and_clitics_kept(label, word):
    assert clean_word(label) == word


def test_utf16_of_praat_is_read(tmp_path):
    path = write_textgrid(tmp_path / "a.TextGrid", {"word": [(0.5, 1.0, "café")]})
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-16")
    assert read_words(path).text == ("café",)


def test_the_tier_is_found_or_asked_for(tmp_path):
    tiers = {"phone": [(0.5, 1.0, "k")], "Words": [(0.5, 1.0, "cat")], "notes": [(0.5, 1.0, "hm")]}
    path = write_textgrid(tmp_path / "a.TextGrid", tiers)
    assert read_words(path).text == ("cat",)
    assert read_words(path, "phone").text == ("k",)
    with pytest.raises(
        UserError, match=r"there is no tier 'word'; tiers: 'phone' \(1 labels\), 'Words' \(1 labels\), 'notes'"
    ):
        read_words(path, "word")
    ambiguous = write_textgrid(tmp_path / "b.TextGrid", {"x": [(0, 1, "a")], "y": [(0, 1, "b")]})
    with pytest.raises(UserError, match="which tier holds the words"):
        read_words(ambiguous)


@pytest.mark.parametrize(
    "content, message",
    [
        ('"Praat chronological TextGrid text file"\n0 1 ! Time domain.\n', "chronological"),
        ("ooBinaryFile\x08TextGrid", "binary"),
        ("word\tstart\n", "is not a TextGrid"),
        ('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\n', "not a readable TextGrid"),
    ],
)
def test_other_forms_get_a_clear_error(tmp_path, content, message):
    path = tmp_path / "a.TextGrid"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        read_words(path)


def tsv(tmp_path, *rows, header="word\tstart\tduration"):
    path = tmp_path / "words.tsv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    "rows, message",
    [
        (["a\t0\t1", "b\t0.5\t1"], r"line 3 \('b'\): overlaps the word in front of it \('a'\) by 0.500 s"),
        (["a\t0\t-1"], r"line 2 \('a'\): has a negative duration"),
        (["a\t3\t.1", "b\t1\t.1"], r"line 3 \('b'\): starts at 1.000 s, before"),
        (["a\tx\t1"], r"line 2 \('a'\): start and duration must be seconds; got 'x' and '1'"),
        (["a\tnan\t1"], "finite"),
        (["a\t0"], "line 2: 2 tab-separated fields where the header has 3"),
        (["two words\t0\t1"], "holds more than one word"),
    ],
)
def test_bad_rows_are_named(tmp_path, rows, message):
    with pytest.raises(UserError, match=message) as error:
        read_words_tsv(tsv(tmp_path, *rows))
    assert "words.tsv" in str(error.value) and "\n" not in str(error.value)


def test_overlap_in_a_textgrid_names_the_interval(tmp_path):
    path = write_textgrid(tmp_path / "a.TextGrid", {"word": [(0.5, 1.0, "one"), (1.0, 2.0, "two")]})
    path.write_text(path.read_text().replace("xmin = 1 ", "xmin = 0.9 "))
    with pytest.raises(UserError, match=r"tier 'word', interval 3 \('two'\): overlaps"):
        read_words(path)


def test_overlap_of_a_rounded_border_is_accepted(tmp_path):
    assert len(read_words_tsv(tsv(tmp_path, "a\t0\t1.015", "b\t1\t1"))) == 2


def test_a_pause_between_overlapping_labels_does_not_hide_the_overlap(tmp_path):
    with pytest.raises(UserError, match="overlaps"):
        read_words_tsv(tsv(tmp_path, "a\t0\t2", "sp\t2\t0", "b\t1\t1"))


def test_columns_may_stand_in_any_order(tmp_path):
    words = read_words_tsv(tsv(tmp_path, "0.5\tnoun\tCat\t0.25", header="start\tpos\tword\tduration"))
    assert words.text == ("cat",) and words.start[0] == 0.5 and words.duration[0] == 0.25


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(UserError, match="line 1: .*missing: duration"):
        read_words_tsv(tsv(tmp_path, "a\t0", header="word\tstart"))


def test_an_empty_text_survives_the_round_trip(tmp_path):
    path = write_words_tsv(tmp_path / "w.tsv", Words((), np.zeros(0), np.zeros(0)))
    assert len(read_words(path)) == 0


def test_alice_transcript(shared):
    words = read_words(shared / "alice" / "DownTheRabbitHoleFinal_exp120_pad_1.TextGrid", "word")
    # 2,423 intervals of the file, 296 of which are marked "sp".
    assert len(words) == 2127
    assert words.text[:6] == ("alice", "was", "beginning", "to", "get", "very")
    assert words.start[0] == pytest.approx(20.0589, abs=1e-3)
    assert "n't" in words.text and "sp" not in words.text

"""One word has one spelling, a mark is no word, and what is no word in seconds is said to be none."""

import json

import numpy as np
import pytest

from fmri2ges.data.words.files import clean_word, read_words, report
from fmri2ges.errors import UserError
from tests import word_files as make

SAID = make.timed("the old man said hi")


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "label, word",
    [
        ("cafe\u0301", "café"),
        ("\u200bhello", "hello"),
        ("wor\u00adld", "world"),
        ("\ufeffx", "x"),
        ("don\u2019t", "don't"),
        ("don\u02bct", "don't"),
        ("don`t", "don't"),
        ("co\u2010speech", "co-speech"),
        ("\u2018hello\u2019", "hello"),
        ("'em", "'em"),
        ("'cause", "'cause"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("#", None),
        ("_", None),
        ("♪", None),
        ("&", None),
        ("*", None),
        ("§", None),
        ("1½", "1½"),
    ],
)
def test_a_label_is_one_word_or_a_mark(label, word):
    assert clean_word(label) == word


def test_marks_without_letters_are_no_words(tmp_path):
    marks = [("#", 0.0, 0.4), *SAID, ("_", 9.0, 9.5), ("♪", 9.5, 10.0)]
    found = report(written(tmp_path / "w.TextGrid", make.textgrid([("words", marks)])))
    assert found.words.text == ("the", "old", "man", "said", "hi") and found.words.start[0] == 0.5


def test_codes_of_special_letters_are_named(tmp_path):
    """Praat's files of its older versions hold sch\\o"n for schön."""
    path = written(tmp_path / "w.TextGrid", make.textgrid([("words", [('sch\\o"n', 0.1, 0.5)])]))
    with pytest.raises(UserError, match="holds a backslash, as Praat's codes of special letters do"):
        read_words(path)


@pytest.mark.parametrize("short", [False, True])
def test_times_with_an_exponent_are_times(tmp_path, short):
    grid = make.textgrid([("words", [("a", 1e-5, 0.3), ("b", 0.3, 0.5)])], short).replace("1e-05", "1.25e-05")
    found = read_words(written(tmp_path / "w.TextGrid", grid))
    np.testing.assert_allclose(found.start, [1.25e-5, 0.3])
    np.testing.assert_allclose(found.duration, [0.3 - 1.25e-5, 0.2])


def test_text_in_an_escaping_encoding_is_refused(tmp_path):
    grid = make.textgrid([("words", make.timed("昔 ある ところ に"))]).encode("iso2022_jp")
    with pytest.raises(UserError, match=r"holds the control character '\\x1b', so it is no text in UTF-8"):
        read_words(written(tmp_path / "w.TextGrid", grid))


HEADER = "onset\tduration\ttrial_type\n"


def test_conditions_of_an_events_file_are_no_words(tmp_path):
    kinds = ("story", "rest", "question", "music")
    rows = "".join(f"{10 * k}\t1\t{kinds[k % 4]}\n" for k in range(12))
    with pytest.raises(UserError, match="trial_type repeats a few conditions"):
        read_words(written(tmp_path / "x_events.tsv", HEADER + rows))
    once = "".join(f"{10 * k}\t1\t{kind}\n" for k, kind in enumerate(("music", "story")))
    with pytest.raises(UserError, match="trial_type repeats a few conditions"):
        read_words(written(tmp_path / "y_events.tsv", HEADER + once))
    text = "the old man went to the river and the young man went to the old house by the river"
    rows = "".join(f"{start}\t{stop - start}\t{word}\n" for word, start, stop in make.timed(text))
    assert read_words(written(tmp_path / "z_events.tsv", HEADER + rows)).text == tuple(text.split())


@pytest.mark.parametrize("factor", [25, 100, 1000])
def test_times_in_another_unit_are_named(tmp_path, factor):
    rows = "".join(f"{w}\t{a * factor}\t{(b - a) * factor}\n" for w, a, b in SAID)
    with pytest.raises(UserError, match="these are no words, or the times look like milliseconds"):
        read_words(written(tmp_path / "w.tsv", f"word\tstart\tduration\n{rows}"))


def test_quotes_around_fields_and_columns_of_one_name(tmp_path):
    assert read_words(written(tmp_path / "a.tsv", '"word"\t"start"\t"duration"\n"hello"\t"1.5"\t"0.3"\n')).start == [
        1.5
    ]
    with pytest.raises(UserError, match="line 1: two columns are called 'word'"):
        read_words(written(tmp_path / "b.tsv", "word\tstart\tduration\tword\nhello\t1.0\t0.3\tx\n"))


TWICE = ["don’t", "“café”", "naïve…", "Zoë", "mañana", "voilà", "plain"]


@pytest.mark.parametrize("taken_for", ["cp1252", "mac_roman"])
def test_utf8_that_was_taken_for_an_older_encoding_and_saved_again_is_read_as_meant(tmp_path, taken_for):
    said = [(word, k, k + 0.5) for k, word in enumerate(TWICE)]
    right = make.textgrid([("words", said)])
    twice = "".join(
        bytes([byte]).decode(taken_for) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in right.encode()
    )
    assert "donâ€™t" in twice or "don‚Äôt" in twice
    found = report(written(tmp_path / "w.TextGrid", twice))
    assert found.words.text == ("don't", "café", "naïve", "zoë", "mañana", "voilà", "plain") and not found.problems
    assert any("saved again; read as meant, for example 'don’t'" in note for note in found.notes)


def test_text_that_was_saved_twice_is_known_behind_the_escapes_of_json(tmp_path):
    said = [{"word": "donâ€™t", "start": 0.1, "end": 0.5}, {"word": "go", "start": 0.6, "end": 0.9}]
    path = written(tmp_path / "w.json", json.dumps({"segments": [{"start": 0, "end": 1, "words": said}]}))
    assert path.read_bytes().isascii() and read_words(path).text == ("don't", "go")


def test_windows_1252_that_was_taken_for_latin_1_is_read_as_meant(tmp_path):
    content = make.textgrid([("words", [("don’t", 0.1, 0.5), ("“café”", 1.0, 1.5)])])
    found = report(written(tmp_path / "w.TextGrid", content.encode("cp1252", "replace").decode("latin-1")))
    assert found.words.text == ("don't", "café")
    assert any("Windows-1252 was taken for Latin-1" in note for note in found.notes)
    broken = make.textgrid([("words", [("don\x81t", 0.1, 0.5)])])
    with pytest.raises(UserError, match="holds a control character; save the file as UTF-8"):
        read_words(written(tmp_path / "v.TextGrid", broken))


@pytest.mark.parametrize("word", ["não", "“hello”", "Spaß“", "mâché", "CAFÉ’S", "ça", "Ã", "größe", "год", "é"])
def test_words_that_are_right_stay_as_they_are(tmp_path, word):
    found = report(written(tmp_path / "w.TextGrid", make.textgrid([("words", [(word, 0.1, 0.5)])])))
    assert found.words.text == (clean_word(word),) and not any("as meant" in note for note in found.notes)


def test_decimal_commas_are_named_once(tmp_path):
    lines = "word\tstart\tduration\n" + "".join(f"w\t{k},25\t0,5\n" for k in range(30))
    found = report(written(tmp_path / "w.tsv", lines))
    assert found.problems == (
        f"{tmp_path / 'w.tsv'}: line 2 ('w'): '0,25' and '0,5' have a decimal comma; save the file with decimal points",
    )

"""Which tier holds the words, in what encoding: nothing is merged, guessed or taken for words in silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.data.words.encoding import decode
from fmri2ges.data.words.files import read_words, report
from fmri2ges.errors import UserError
from tests import word_files as make

LONG = make.timed("once upon a time there was a little girl who lived in a village near the forest and never left it")


def written(path, content, encoding="utf-8"):
    path.write_bytes(content.encode(encoding))
    return path


@pytest.mark.parametrize("short", [False, True])
def test_two_tiers_of_one_name_are_asked_for_by_number(tmp_path, short):
    tiers = [("words", make.timed("a b c")), ("phones", make.timed("k t")), ("words", make.timed("d e"))]
    path = written(tmp_path / "a.TextGrid", make.textgrid(tiers, short))
    with pytest.raises(UserError, match=r"which tier .*'words#1' \(3 labels\), 'phones' \(2 labels\), 'words#2' \(2"):
        read_words(path)
    with pytest.raises(UserError, match="2 tiers are called 'words'; say which one with `tier`: 'words#1', 'words#2'"):
        read_words(path, "words")
    assert read_words(path, "words#1").text == ("a", "b", "c")
    assert read_words(path, "words#2").text == ("d", "e")
    with pytest.raises(UserError, match="there is no tier 'words#3'"):
        read_words(path, "words#3")


@pytest.mark.parametrize("name", ["phones", "Phone", "phoneme", "MAU", "segments", "S1 - phones"])
def test_a_tier_of_phones_is_not_words(tmp_path, name):
    path = written(tmp_path / "a.TextGrid", make.textgrid([(name, make.phones(LONG))]))
    with pytest.raises(UserError, match=f"no tier of words; add one to the file; tiers: '{name}'"):
        read_words(path)


IPA = [(symbol, k / 2, k / 2 + 0.3) for k, symbol in enumerate("ə t ɪ ʃ ŋ tʃ aɪ ð ə k æ t s ɒ n ð ə m æ t".split() * 2)]


@pytest.mark.parametrize("content", [make.phones(LONG), IPA])
def test_phones_are_known_by_their_look_where_the_name_says_nothing(tmp_path, content):
    path = written(tmp_path / "a.TextGrid", make.textgrid([("tier 1", content)]))
    with pytest.raises(UserError, match="tier 'tier 1' holds phones, not words; add a tier of words"):
        read_words(path)
    if content is IPA:  # short words of another language? The user says so
        assert any("looks like phones, not words" in note for note in report(path, "tier 1").notes)
    else:
        with pytest.raises(UserError, match="tier 'tier 1' holds phones, not words"):
            read_words(path, "tier 1")


@pytest.mark.parametrize(
    "said",
    ["我 们 去 公 园 看 花 好 吗 我 不 知 道 你 呢 我 也 不 知 道 走 吧", "а я и ты в лес за ней да и он с нами"],
)
def test_short_words_of_other_scripts_are_words(tmp_path, said):
    words = make.timed(" ".join([said] * 2))
    path = written(tmp_path / "a.TextGrid", make.textgrid([("tier 1", words)]))
    assert len(read_words(path)) == len(words)


def test_the_only_tier_that_may_hold_words_is_taken(tmp_path):
    for name in ("transcript", "Words", "ORT-MAU", "S1 - words"):
        path = written(tmp_path / "a.TextGrid", make.textgrid([(name, LONG), ("MAU", make.phones(LONG))]))
        assert len(read_words(path)) == len(LONG)
    tiers = [("ORT-MAU", LONG), ("KAN-MAU", LONG), ("MAU", make.phones(LONG))]  # WebMAUS
    assert len(read_words(written(tmp_path / "a.TextGrid", make.textgrid(tiers)))) == len(LONG)


def test_another_tier_of_words_that_is_left_out_is_named(tmp_path):
    path = written(tmp_path / "a.TextGrid", make.textgrid([("words", LONG), ("words (partner)", LONG[:3])]))
    found = report(path)
    assert len(found.words) == len(LONG) and "'words (partner)' left out" in found.notes[-1]


def test_unknown_words_are_no_pauses(tmp_path):
    said = [
        ("<unk>", 0.0, 0.4),
        ("the", 0.5, 0.8),
        ("spn", 1.0, 1.2),
        ("<UNK>", 2.0, 2.3),
        ("sp", 3.0, 3.2),
        ("cat", 4, 5),
    ]
    found = report(written(tmp_path / "a.TextGrid", make.textgrid([("words", said)])))
    assert found.words.text == ("the", "cat")
    pauses, unknown = found.notes
    assert pauses.endswith("7 pauses and marks dropped")  # sp, and what lies around the words
    assert "3 of 5 words dropped, which the aligner did not know (2 <unk>, 1 spn)" in unknown


@pytest.mark.parametrize("short", [False, True])
def test_a_file_that_is_cut_off_is_refused(tmp_path, short):
    whole = make.textgrid([("words", LONG)], short)
    cut = whole[: whole.rindex("0.5" if short else "        intervals [")]
    cut = "\n".join(whole.splitlines()[:-9]) + "\n" if short else cut
    with pytest.raises(UserError, match="announces 43 entries and holds 4[0-2]; the file is damaged or cut off"):
        read_words(written(tmp_path / "a.TextGrid", cut))


def test_negative_times_are_refused(tmp_path):
    content = make.textgrid([("words", LONG)]).replace("xmin = 0.5 ", "xmin = -0.5 ")
    with pytest.raises(UserError, match="holds negative times"):
        read_words(written(tmp_path / "a.TextGrid", content))
    assert len(read_words(written(tmp_path / "a.TextGrid", content.replace("-0.5", "-0.0"), "utf-8"))) == len(LONG)


# --- encodings

WORDS = ["don’t", "café", "naïve", "Über", "mañana", "garçon", "“so”", "well…", "élan"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("suffix", [".TextGrid", ".tsv", ".json", ".csv"])
def test_unicode_is_read_with_and_without_a_mark(tmp_path, encoding, suffix):
    words = [(word, k, k + 0.5) for k, word in enumerate(WORDS)]
    content = {
        ".TextGrid": make.textgrid([("words", words)]),
        ".tsv": "word\tstart\tduration\n" + "".join(f"{w}\t{s}\t0.5\n" for w, s, _ in words),
        ".json": make.mfa_json({"S": words}),
        ".csv": make.mfa_csv({"S": words}),
    }[suffix]
    found = report(written(tmp_path / f"w{suffix}", content, encoding))
    assert found.words.text[:3] == ("don't", "café", "naïve") and len(found.words) == len(WORDS)
    assert not any("UTF-8" in note for note in found.notes)


@pytest.mark.parametrize("encoding, name", [("cp1252", "Windows-1252"), ("mac_roman", "MacRoman")])
@pytest.mark.parametrize("word", ["don’t", "café", "mañana", "garçon", "Ärger", "niño"])
def test_old_encodings_are_told_by_what_makes_a_word(tmp_path, encoding, name, word):
    said = ["don’t", "it’s"] if (encoding, word) == ("cp1252", "don’t") else [word, "don’t", "café"]
    words = [(w, k, k + 0.5) for k, w in enumerate([*said, "plain"])]
    found = report(written(tmp_path / "w.TextGrid", make.textgrid([("words", words)]), encoding))
    assert found.words.text == tuple(w.lower().replace("’", "'") for w in [*said, "plain"])
    assert any(f"is not UTF-8 text; read as {name}, for example" in note for note in found.notes)


def test_a_sign_beside_a_word_is_no_reason_to_refuse(tmp_path):
    words = [(w, k, k + 0.5) for k, w in enumerate(["§", "1½", "café", "•", "20°", "3º"])]
    found = read_words(written(tmp_path / "w.TextGrid", make.textgrid([("words", words)]), "cp1252"))
    assert found.text == ("1½", "café", "20°", "3º")  # what has no letter or digit is a mark


def test_latin_1_is_read_as_before_with_a_note(tmp_path):
    found = report(
        written(tmp_path / "w.TextGrid", make.textgrid([("words", [("été", 0, 1), ("Ça", 1, 2)])]), "latin-1")
    )
    assert found.words.text == ("été", "ça") and "read as Latin-1, for example 'été'" in found.notes[-1]


@pytest.mark.parametrize(
    "text, encoding",
    [("привет мир пришла", "cp1251"), ("привет мир пришла", "koi8-r"), ("łódź książka mąż", "cp1250")]
    + [("こんにちは 世界", "shift-jis"), ("καλημέρα κόσμε", "cp1253"), ("你好 世界 朋友", "gbk")],
)
def test_text_of_another_alphabet_is_refused(tmp_path, text, encoding):
    path = written(tmp_path / "w.TextGrid", make.textgrid([("words", make.timed(text))]), encoding)
    with pytest.raises(
        UserError, match="neither UTF-8 nor UTF-16 text, and makes no sense as Latin-1.*save it as UTF-8"
    ):
        read_words(path)


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0\x0e\x0f\x1b"), max_size=60))
def test_utf8_is_never_taken_for_something_else(text):
    # A text of NULs is UTF-16 to anybody; ordinary text holds none.
    assert decode("w", text.encode()).text == text.removeprefix("\ufeff")


@given(data=st.binary(max_size=80))
def test_any_bytes_are_text_or_one_line(data):
    try:
        decode("w", data)
    except UserError as error:
        assert len(str(error).splitlines()) == 1

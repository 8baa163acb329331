"""Files of aligners and of ELAN: every format gives the same words at the same times, or one line why not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.data.words.files import clean_word, read_words, report
from fmri2ges.data.words.formats import READERS
from fmri2ges.errors import UserError
from tests import word_files as make

SAID = make.timed("Well, he didn't see the blue café there and then")
# format -> (ending, a maker of files from timed words)
FORMATS = {
    "textgrid": (".TextGrid", lambda words: make.textgrid([("words", words)])),
    "textgrid, short": (".TextGrid", lambda words: make.textgrid([("words", words)], short=True)),
    "mfa textgrid": (".TextGrid", lambda words: make.mfa_textgrid({"S1": words})),
    "mfa json": (".json", lambda words: make.mfa_json({"S1": words})),
    "mfa csv": (".csv", lambda words: make.mfa_csv({"S1": words})),
    "gentle": (".json", make.gentle),
    "whisper": (".json", make.whisper),
    "whisper-timestamped": (".json", make.whisper_timestamped),
    "whisperX": (".json", make.whisperx),
    "elan": (".eaf", lambda words: make.eaf({"words": words, "gestures": [("left hand", 0.0, 9.0)]})),
}


def written(tmp_path, name: str, content: str):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_words(tmp_path, name):
    ending, maker = FORMATS[name]
    found = report(written(tmp_path, f"w{ending}", maker(SAID)))
    assert found.problems == ()
    assert found.words.text == ("well", "he", "didn't", "see", "the", "blue", "café", "there", "and", "then")
    np.testing.assert_allclose(found.words.start, [start for _, start, _ in SAID], atol=5e-4)
    np.testing.assert_allclose(found.words.duration, 0.25, atol=1e-3)


word = st.text("abcdefghijklmnopqrstuvwxyz'é-", min_size=1, max_size=12).filter(lambda w: clean_word(w) == w)
steps = st.tuples(word, st.integers(0, 3000), st.integers(1, 3000))  # pause and length, milliseconds


@given(name=st.sampled_from(sorted(FORMATS)), rows=st.lists(steps, min_size=1, max_size=15))
def test_what_is_written_is_what_is_read(name, rows, tmp_path_factory):
    words, clock = [], 0
    for label, pause, length in rows:
        words.append((label, (clock + pause) / 1000, (clock + pause + length) / 1000))
        clock += pause + length
    ending, maker = FORMATS[name]
    read = read_words(written(tmp_path_factory.mktemp("w"), f"w{ending}", maker(words)))
    assert read.text == tuple(label for label, _, _ in words)
    np.testing.assert_allclose(read.start, [start for _, start, _ in words], atol=1e-6)
    np.testing.assert_allclose(read.start + read.duration, [end for _, _, end in words], atol=1e-6)


def test_every_reader_of_the_registry_is_among_them():
    assert {ending.lower() for ending, _ in FORMATS.values()} | {".tsv"} == {reader.ending for reader in READERS}


def test_what_is_not_known_is_named(tmp_path):
    with pytest.raises(UserError, match="allowed: .textgrid, .eaf, .tsv, .csv, .json"):
        read_words(written(tmp_path, "w.srt", "1"))
    with pytest.raises(UserError, match="none of the .csv files of words that are known: the Montreal Forced"):
        read_words(written(tmp_path, "w.csv", "word,start\na,1\n"))


# --- the whisper family


def test_words_without_times_are_dropped_and_counted(tmp_path):
    said = make.timed("in 2016, he left")
    found = report(written(tmp_path, "w.json", make.whisperx(said, unaligned=(1,))))
    assert found.words.text == ("in", "he", "left") and found.words.start.tolist() == [0.5, 1.5, 2.0]
    assert "1 of 4 words have no times" in found.notes[0] and "segment 1, word 2 '2016,'" in found.notes[0]


def test_word_segments_alone_are_enough(tmp_path):
    content = '{"segments": [], "word_segments": [{"word": "a", "start": 1.0, "end": 1.5, "score": 0.9}]}'
    assert read_words(written(tmp_path, "w.json", content)).text == ("a",)


def test_speakers_are_told_apart(tmp_path):
    said = make.timed("yes no well so")
    path = written(tmp_path, "w.json", make.whisperx(said, ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00", "SPEAKER_00"]))
    both = report(path)
    assert len(both.words) == 4
    assert "words of 2 speakers are taken together (SPEAKER_00 3, SPEAKER_01 1)" in both.notes[-1]
    assert read_words(path, "SPEAKER_00").text == ("yes", "well", "so")
    with pytest.raises(UserError, match="there is no speaker 'me'; speakers: SPEAKER_00 3, SPEAKER_01 1"):
        read_words(path, "me")


def test_whisper_without_word_times_says_which_option(tmp_path):
    content = '{"text": " a b", "segments": [{"id": 0, "start": 0.0, "end": 1.0, "text": " a b"}], "language": "en"}'
    with pytest.raises(UserError, match="has no word times; run whisper again with --word_timestamps True"):
        read_words(written(tmp_path, "w.json", content))


def test_a_hesitation_is_a_mark(tmp_path):
    found = report(written(tmp_path, "w.json", make.whisper_timestamped([("[*]", 0.1, 0.4), *SAID])))
    assert len(found.words) == len(SAID) and "1 pauses and marks dropped" in found.notes[0]


def test_transcriptions_of_the_openai_service(tmp_path):
    content = '{"task": "transcribe", "duration": 2.0, "text": "a b", "segments": [{"id": 0, "text": "a b"}], "words": '
    content += '[{"word": "a", "start": 0.1, "end": 0.5}, {"word": "b", "start": 0.6, "end": 0.9}]}'
    assert read_words(written(tmp_path, "w.json", content)).start.tolist() == [0.1, 0.6]


# --- Montreal Forced Aligner

TALK = {"Ann": make.timed("how are you", 0.5), "Bo": make.timed("fine thank you very much", 4.0)}


@pytest.mark.parametrize(
    "ending, maker", [(".TextGrid", make.mfa_textgrid), (".json", make.mfa_json), (".csv", make.mfa_csv)]
)
def test_one_of_several_speakers_is_asked_for(tmp_path, ending, maker):
    path = written(tmp_path, f"w{ending}", maker(TALK))
    with pytest.raises(UserError, match=r"which tier holds the words\?.* 'Ann - words' \(3 labels\), 'Ann - phones'"):
        read_words(path)
    assert read_words(path, "Bo - words").text == ("fine", "thank", "you", "very", "much")
    assert read_words(path, "Ann - words").start.tolist() == [0.5, 1.0, 1.5]


def test_blank_lines_and_windows_line_ends_of_a_csv(tmp_path):
    path = written(tmp_path, "w.csv", make.mfa_csv({"S1": SAID}).replace("\r\n", "\r\r\n"))
    assert len(read_words(path)) == len(SAID)
    path = written(tmp_path, "w.csv", "Begin,End,Label,Type,Speaker\n0.1,0.5,a,words\n")
    with pytest.raises(UserError, match="line 2: 4 fields where the header has 5"):
        read_words(path)
    path = written(tmp_path, "w.csv", "Begin,End,Label,Type,Speaker\nx,0.5,a,words,S\n")
    with pytest.raises(UserError, match=r"line 2 \('a'\): start and duration must be seconds; got 'x'"):
        read_words(path)


@pytest.mark.parametrize(
    "entry", ['["a", 1, 2]', "[1, 2]", "[1, null, 3]", "7", '[1e999, 2, "a"]', f'[1, {10**400}, "a"]']
)
def test_entries_that_are_no_interval_are_named(tmp_path, entry):
    content = f'{{"start": 0, "end": 9, "tiers": {{"words": {{"type": "interval", "entries": [{entry}]}}}}}}'
    with pytest.raises(UserError, match="tier 'words', entry 1 .*must be (finite )?seconds") as error:
        read_words(written(tmp_path, "w.json", content))
    assert len(str(error.value)) < 500


def test_two_tiers_of_one_name_in_json_are_refused(tmp_path):
    content = make.mfa_json({"S1": SAID}).replace('"phones"', '"words"')
    with pytest.raises(UserError, match="names 'words' twice"):
        read_words(written(tmp_path, "w.json", content))


# --- ELAN


def test_elan_tiers_are_chosen_as_those_of_praat(tmp_path):
    path = written(tmp_path, "t.eaf", make.eaf({"words@A": TALK["Ann"], "words@B": TALK["Bo"]}))
    with pytest.raises(UserError, match="which tier holds the words"):
        read_words(path)
    assert read_words(path, "words@A").text == ("how", "are", "you")


def test_a_tier_of_phrases_is_refused_once(tmp_path):
    said = [(f"he said {k} words", k, k + 0.5) for k in range(30)]
    path = written(tmp_path, "t.eaf", make.eaf({"utterance": said}))
    with pytest.raises(UserError, match="tier 'utterance' holds phrases such as 'he said 0 words', not words") as error:
        read_words(path)
    assert "more problems" not in str(error.value)


def test_annotations_stand_in_the_order_of_time(tmp_path):
    path = written(tmp_path, "t.eaf", make.eaf({"words": SAID[::-1]}))
    assert read_words(path).start.tolist() == [start for _, start, _ in SAID]


def test_annotations_without_times_are_dropped_and_counted(tmp_path):
    said = [SAID[0], ("lost", math.nan, math.nan), *SAID[1:]]
    found = report(written(tmp_path, "t.eaf", make.eaf({"words": said})))
    assert len(found.words) == len(SAID)
    assert f"1 of {len(said)} words have no times of their own and are dropped" in found.notes[0]


def test_one_annotation_below_another_has_its_times(tmp_path):
    names = [f"Word{k}" for k in range(len(SAID))]
    content = make.eaf({"syllables": SAID}, below={"words": ("syllables", names)})
    found = report(written(tmp_path, "t.eaf", content))
    assert found.words.text == tuple(map(str.lower, names))
    assert found.words.start.tolist() == [start for _, start, _ in SAID]


def test_words_that_share_the_time_of_a_phrase_have_none(tmp_path):
    content = make.eaf({"utterance": [("how are you", 0.5, 2.0)]}, shared={"words": ("utterance", "how are you")})
    with pytest.raises(UserError, match="the words of tier 'words' have no times of their own"):
        read_words(written(tmp_path, "t.eaf", content))


def test_an_offset_of_the_recording_is_a_note(tmp_path):
    media = 'TIME_ORIGIN="1200" MEDIA_URL="file:///a/talk.wav" RELATIVE_MEDIA_URL="./talk.wav"'
    found = report(written(tmp_path, "t.eaf", make.eaf({"words": SAID}, media=media)))
    assert "'talk.wav' with an offset of 1.2 s (TIME_ORIGIN)" in found.notes[0]


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "content, message",
    [
        ("<x", "is not readable XML"),
        ("<x/>", "is not an ELAN file: its root is <x>"),
        (f"{ENTITIES}<ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>", "defines XML entities"),
        (make.eaf({"words": SAID}, units="PAL-frames"), "counts time in PAL-frames"),
        ("<ANNOTATION_DOCUMENT/>", "no tier of words; add one to the file; tiers: none"),
    ],
)
def test_broken_elan_files_are_one_line(tmp_path, content, message):
    with pytest.raises(UserError, match=message) as error:
        read_words(written(tmp_path, "t.eaf", content))
    assert "\n" not in str(error.value)

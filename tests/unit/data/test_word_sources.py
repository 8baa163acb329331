"""Gentle alignments, BIDS events, and reports that name every problem of a file."""

import json

import numpy as np
import pytest

from fmri2ges.data.words.files import read_words, report
from fmri2ges.errors import UserError

# A gentle alignment as its server writes it (offsets are characters of the transcript).
GENTLE = {
    "transcript": "Well, he didn't xylograph it.",
    "words": [
        {
            "alignedWord": "well",
            "case": "success",
            "end": 0.75,
            "endOffset": 4,
            "phones": [{"duration": 0.1, "phone": "w_B"}],
            "start": 0.5,
            "startOffset": 0,
            "word": "Well",
        },
        {
            "alignedWord": "he",
            "case": "success",
            "end": 0.9,
            "endOffset": 8,
            "phones": [],
            "start": 0.75,
            "startOffset": 6,
            "word": "he",
        },
        {"case": "not-found-in-audio", "endOffset": 15, "startOffset": 9, "word": "didn't"},
        {
            "alignedWord": "<unk>",
            "case": "success",
            "end": 2.0,
            "endOffset": 25,
            "phones": [],
            "start": 1.25,
            "startOffset": 16,
            "word": "xylograph",
        },
        {
            "alignedWord": "it",
            "case": "success",
            "end": 2.25,
            "endOffset": 28,
            "phones": [],
            "start": 2.0,
            "startOffset": 26,
            "word": "it",
        },
    ],
}


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_gentle_words_without_times_are_dropped_and_counted(tmp_path):
    found = report(write(tmp_path / "align.json", GENTLE))
    assert found.words.text == ("well", "he", "xylograph", "it")
    np.testing.assert_allclose(found.words.start, [0.5, 0.75, 1.25, 2.0])
    np.testing.assert_allclose(found.words.duration, [0.25, 0.15, 0.75, 0.25])
    assert not found.problems
    assert "1 of 5 words have no times" in found.notes[0] and 'words[3] "didn\'t"' in found.notes[0]


@pytest.mark.parametrize(
    "content, message",
    [
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("[]", "is none of the .json files of words that are known: .*gentle's align.json"),
        ({"words": {}}, "is none of the .json files of words that are known"),
        ('{"words": [], "words": []}', "names 'words' twice"),
        ({"words": [3]}, r"words\[1\]: must be an object"),
        ({"words": [{"start": 0, "end": 1}]}, r"words\[1\]: has no word"),
        ({"words": [{"word": "a", "start": "0", "end": 1}]}, r"words\[1\] .*must be seconds"),
        ({"words": [{"word": "a", "start": 2, "end": 1}]}, r"words\[1\] \('a'\): has a negative duration"),
        (
            {"words": [{"word": "a", "start": 0, "end": 2}, {"word": "b", "start": 1, "end": 3}]},
            r"words\[2\] \('b'\): overlaps .* 1.000 s",
        ),
    ],
)
def test_broken_gentle_files_are_one_clear_line(tmp_path, content, message):
    with pytest.raises(UserError, match=message) as error:
        read_words(write(tmp_path / "align.json", content))
    assert "\n" not in str(error.value)


EVENTS = "onset\tduration\ttrial_type\tstim_file\n0\t3\tmusic\tn/a\n3.0\t400\tstory\tstimuli/pieman_audio.wav\n"


def test_gentle_times_move_to_the_clock_of_the_scan(tmp_path):
    events = write(tmp_path / "sub-1_task-pieman_events.tsv", EVENTS)
    plain, moved = (read_words(write(tmp_path / "align.json", GENTLE), events=e) for e in (None, events))
    np.testing.assert_allclose(moved.start - plain.start, 3.0)
    np.testing.assert_allclose(moved.duration, plain.duration)


def test_words_as_events(tmp_path):
    rows = "1.0\t0.25\tCat\n1.5\tn/a\tsat\n2.0\t0.1\tn/a\n2.5\t0.5\t{br}\n"
    for column in ("word", "trial_type"):
        words = read_words(write(tmp_path / "w_events.tsv", f"onset\tduration\t{column}\n{rows}"))
        assert words.text == ("cat", "sat")
        assert words.start.tolist() == [1.0, 1.5] and words.duration.tolist() == [0.25, 0.0]
    conditions = "".join(f"{k}\t0.5\tnoun\n" for k in range(30))
    with pytest.raises(UserError, match="repeats a few conditions"):
        read_words(write(tmp_path / "x_events.tsv", f"onset\tduration\ttrial_type\n{conditions}"))
    with pytest.raises(UserError, match="no column 'word'"):
        read_words(write(tmp_path / "y_events.tsv", "onset\tduration\tresponse\n1\t1\ta\n"))


def test_every_problem_is_named(tmp_path):
    rows = ["a\t0\t2", "b\t1\t1", "c\t3\t-1", "sp\t4\t1", "d\tx\t1", "e\t5\t1", "f\t4.5\t1"]
    path = write(tmp_path / "w.tsv", "word\tstart\tduration\n" + "\n".join(rows) + "\n")
    found = report(path)
    assert [p.split(": ")[1] for p in found.problems] == [
        "line 3 ('b')",
        "line 4 ('c')",
        "line 6 ('d')",
        "line 8 ('f')",
    ]
    assert found.words.text == ("a", "e") and found.notes == (f"{path}: 1 pauses and marks dropped",)
    with pytest.raises(UserError, match=r"line 3 \('b'\): overlaps .*\(and 3 more problems in this file\)"):
        read_words(path)


def test_times_on_another_clock_are_pointed_out(tmp_path):
    def tsv(scale, onset):
        rows = "".join(f"w{k}\t{(onset + 0.5 * k) * scale}\t{0.4 * scale}\n" for k in range(8))
        return report(write(tmp_path / "w.tsv", "word\tstart\tduration\n" + rows))

    assert tsv(1, 0).problems == tsv(1, 0).notes == ()
    assert "look like milliseconds" in tsv(1000, 0).problems[0]
    assert "4 words start before 0 s (the first at -2.000 s)" in tsv(1, -2).notes[0]
    assert "the first word comes at 90.0 s" in tsv(1, 90).notes[0]
    assert "is no time in seconds" in tsv(1e9, 1).problems[0]


def test_a_file_full_of_errors_stays_readable(tmp_path):
    rows = "".join(f"w{k}\t{k}\t-1\n" for k in range(500))
    found = report(write(tmp_path / "w.tsv", "word\tstart\tduration\n" + rows))
    assert len(found.problems) == 21 and "480 more words" in found.problems[-1]

"""Damaged study and events files: read, or refused line by line, quickly and in little memory."""

import pytest

from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.stimulus import place_story
from fmri2ges.errors import StudyError
from tests.fuzz import mutations, survives

EVENTS = b"onset\tduration\ttrial_type\tstim_file\n0\t9\tmusic\ta.wav\n10\t10\tstory\ta.wav\n30\t10\tstory\ta.wav\n"
STUDY = b"""name = "n"
simulated = false

[[recording]]
subject = "s"
story = "first"
bold = "b.npy"
tr = 2.0
first_volume_at = 1.0
columns = ["X", "Y", "Z"]
words = "w.tsv"
events = "e.tsv"
stim = "story#1"

[[gesture]]
clip = "c"
motion = "b.npy"
words = 'v.tsv'
speaker = "1"

[split]
test_stories = ["first"]
validation_stories = ["c"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b.npy").write_bytes(b"x")
    (tmp_path / "w.tsv").write_text("word\tstart\tduration\na\t12\t1\n")
    (tmp_path / "v.tsv").write_text("word\tstart\tduration\nb\t12\t1\n")
    (tmp_path / "e.tsv").write_bytes(EVENTS)
    return tmp_path


@pytest.mark.parametrize("n", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_damaged_studies(folder, n):
    assert survives(load_study, STUDY, "study.toml", folder)
    refused = sum(not survives(load_study, damaged, "study.toml", folder) for damaged in mutations(STUDY, n, seed=n))
    assert refused > n / 4


@pytest.mark.parametrize("n", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_damaged_events(folder, n):
    def reader(path):
        return place_story(path, "story#2")

    assert survives(reader, EVENTS, "_events.tsv", folder)
    refused = sum(not survives(reader, damaged, "_events.tsv", folder) for damaged in mutations(EVENTS, n, seed=n))
    assert refused > n / 4


@pytest.mark.parametrize(
    "content",
    [
        "".join(f"k{k} = 1\n" for k in range(150_000)),
        "[split]\ntest_stories = [" + ",".join(f'"{k // 2}"' for k in range(200_000)) + "]\n",
        "[[recording]]\nsubject = 1\n" * 50_000,
        "a = " + "[" * 100_000,
        "#" * (3 * 2**20),
    ],
    ids=["keys", "repeated names", "entries", "brackets", "size"],
)
def test_a_study_file_has_bounds(folder, content):
    assert not survives(load_study, content.encode(), "study.toml", folder)
    with pytest.raises(StudyError) as error:
        load_study(folder / "study.toml")
    assert len(error.value.problems) < 600

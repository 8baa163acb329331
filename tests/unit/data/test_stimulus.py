"""Where a story lies in a scan: times count from the start of the audio file, stories on one file can be chosen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.data.study.check import check_study
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import read_words, report, write_words_tsv
from fmri2ges.data.words.stimulus import place_story
from fmri2ges.errors import UserError
from fmri2ges.types import Words

HEADER = "onset\tduration\ttrial_type\tstim_file\n"
# Rows as in the Narratives data set (ds002345): music and story on one file, and two stories on one file.
PIEMAN = HEADER + "0.0\t13.0\tmusic\tpieman_audio.wav\n15.0\t422.0\tstory\tpieman_audio.wav\n"
TWO_STORIES = (
    HEADER + "4.5\t22.0\tmusic\ttwo_audio.wav\n29.5\t100.0\tstory\ttwo_audio.wav\n"
    "144.5\t22.0\tmusic\ttwo_audio.wav\n169.5\t90.0\tstory\ttwo_audio.wav\n"
)
SEPARATE = HEADER + "0\t3\tmusic\tn/a\n3.0\t400\tstory\tstimuli/pieman_audio.wav\n500\t10\tstory\tother.wav\n"


def story_onset(events, stim=None) -> float:
    """Seconds from the start of the scan to the start of the story."""
    return place_story(events, stim).onset


def written(path, content):
    path.write_text(content)
    return path


def words_on_file(path, *stretches: tuple[int, int]):
    """One word a second in stretches of the audio file, (0, 270) s where none is given."""
    rng = np.random.default_rng(0)
    starts = np.concatenate([np.arange(*stretch) + 0.5 for stretch in stretches or [(0, 270)]])
    text = ["".join(rng.choice(list("abcdefghij"), 6)) for _ in starts]
    return write_words_tsv(path, Words.from_lists(text, starts, np.full(len(text), 0.3)))


def test_the_file_starts_at_its_earliest_event(tmp_path):
    path = written(tmp_path / "e.tsv", PIEMAN)
    assert [story_onset(path, stim) for stim in (None, "story", "pieman_audio", "pieman_audio.wav", "MUSIC")] == [
        0.0
    ] * 5
    words, note = (
        words_on_file(tmp_path / "w.tsv"),
        "0 s added to the words (pieman_audio.wav starts at 0 s in e.tsv, its story at 15 s)",
    )
    found = report(words, events=path)
    assert found.words.start[0] == 0.5 and any(note in line for line in found.notes)
    assert place_story(path).volumes is None  # the scan holds no other story


@given(
    onsets=st.lists(st.floats(0, 1000).map(lambda t: round(t, 3)), min_size=1, max_size=6, unique=True),
    seed=st.integers(0, 99),
)
def test_neither_order_nor_kind_of_the_events_of_a_file_matters(onsets, seed, tmp_path_factory):
    rng = np.random.default_rng(seed)
    kinds = rng.permutation(["story", *rng.choice(["music", "silence"], len(onsets) - 1)])
    rows = "".join(f"{t}\t1.0\t{kind}\tsub/A.wav\n" for t, kind in zip(onsets, kinds, strict=True))
    path = written(tmp_path_factory.mktemp("e") / "e.tsv", HEADER + rows)
    assert story_onset(path) == story_onset(path, "a") == min(onsets)


def test_stories_on_files_of_their_own_are_found_or_asked_for(tmp_path):
    one = written(tmp_path / "a_events.tsv", "\n".join(SEPARATE.splitlines()[:3]) + "\n")
    assert story_onset(one) == 3.0 and story_onset(one, "pieman_audio") == 3.0 and story_onset(one, "Music") == 0.0
    with pytest.raises(UserError, match="no event is 'tunnel'.*the file names: music, pieman_audio, pieman_audio.wav"):
        story_onset(one, "tunnel")
    two = written(tmp_path / "b_events.tsv", SEPARATE)
    with pytest.raises(UserError, match="several events are a story; name one event with `stim`.*NAME#2"):
        story_onset(two)
    assert story_onset(two, "other") == story_onset(two, "story#2") == 500 and story_onset(two, "story#1") == 3.0
    for stim in ("story#3", "story#0", "story#", "#1"):
        with pytest.raises(UserError, match="no event is"):
            story_onset(two, stim)
    lone = written(tmp_path / "c_events.tsv", "onset\tduration\n12.5\tn/a\n")
    assert story_onset(lone) == 12.5
    with pytest.raises(UserError, match="line 2: onset must be seconds; got 'x'"):
        story_onset(written(tmp_path / "d_events.tsv", "onset\tduration\nx\t1\n"))
    with pytest.raises(UserError, match="holds no event"):
        story_onset(written(tmp_path / "e_events.tsv", "onset\tduration\n"))


def test_two_stories_on_one_file_are_one_recording_or_two(tmp_path):
    events, path = written(tmp_path / "e.tsv", TWO_STORIES), words_on_file(tmp_path / "w.tsv")
    whole, first, second = (read_words(path, events=events, stim=stim) for stim in (None, "story#1", "story#2"))
    assert whole.start[0] == 5.0 and len(whole) == 270  # 4.5 s are added, whatever is chosen
    assert (first.start[0], first.start[-1]) == (5.0, 169.0)  # what is before the first story is counted to it
    assert (second.start[0], second.start[-1]) == (170.0, 274.0)
    assert set(first.text).isdisjoint(second.text)
    assert any("its 2 stories are taken together" in note for note in report(path, events=events).notes)
    notes = report(path, events=events, stim="story#2").notes
    assert any("165 of 270 words belong to other stories on the file and are left out" in note for note in notes)


def test_a_file_that_is_played_again_is_not_cut_in_two(tmp_path):
    events = written(tmp_path / "e.tsv", HEADER + "0\t60\tstory\ta.wav\n500\t60\tstory\ta.wav\n")
    with pytest.raises(UserError, match="no word lies in the story from 500 s on; if its audio was played again"):
        read_words(words_on_file(tmp_path / "w.tsv", (0, 60)), events=events, stim="story#2")


def test_words_that_are_events_need_no_onset(tmp_path):
    path = written(tmp_path / "e.tsv", "onset\tduration\tword\n1\t0.5\ta\n")
    with pytest.raises(UserError, match="counts from the scan already"):
        read_words(path, events=path)


# --- the volumes of one story of a scan

STUDY = """name = "n"
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
[[recording]]
subject = "s"
story = "second"
bold = "b.npy"
tr = 2.0
first_volume_at = 1.0
columns = ["X", "Y", "Z"]
words = "w.tsv"
events = "e.tsv"
stim = "story#2"
[split]
test_stories = ["second"]
"""


def test_each_story_of_a_scan_has_its_own_volumes(tmp_path):
    written(tmp_path / "e.tsv", TWO_STORIES)
    words_on_file(tmp_path / "w.tsv", (25, 125), (165, 255))
    scan = np.random.default_rng(1).normal(size=(140, 3)).cumsum(0)
    scan[:, 2] = 5.0  # does not vary
    np.save(tmp_path / "b.npy", scan)
    study = load_study(written(tmp_path / "study.toml", STUDY))
    first, second = (study.read_recording(r) for r in study.recordings)
    # From the story's beginning to ten seconds after its end: 29.5 to 139.5 s, and 169.5 to 269.5 s.
    assert (first.volume_times[0], first.volume_times[-1]) == (31.0, 139.0)
    assert (second.volume_times[0], second.volume_times[-1]) == (171.0, 269.0)
    assert set(first.words.text).isdisjoint(second.words.text)
    checked = check_study(tmp_path / "study.toml")
    assert checked.problems == ()
    assert sum("so its volumes from 29.5 to 139.5 s are taken" in note for note in checked.notes) == 1
    assert any("words heard: 2 texts, 190 words" in line for line in checked.summary)
    facts = checked.recordings[0]
    assert (facts.n_volumes, facts.first_volume_at, facts.n_nan, facts.n_constant) == (55, 31.0, 0, 1)

    # As if the file held these volumes alone.
    np.save(tmp_path / "b.npy", scan[85:135])
    alone = STUDY.split("[[recording]]")[2].replace("at = 1.0", "at = 171.0")
    study = load_study(written(tmp_path / "study.toml", f'name = "n"\n[[recording]]{alone}'))
    again = study.read_recording(study.recordings[0])
    assert again.volume_times[0] == 171.0
    np.testing.assert_allclose(again.bold, second.bold, atol=2e-5)


def test_a_scan_that_ends_before_its_story(tmp_path):
    written(tmp_path / "e.tsv", TWO_STORIES)
    words_on_file(tmp_path / "w.tsv", (25, 125), (165, 255))
    np.save(tmp_path / "b.npy", np.random.default_rng(1).normal(size=(60, 3)))
    problems = check_study(written(tmp_path / "study.toml", STUDY)).problems
    assert (
        sum("has 60 volumes, but the story begins at volume 86; check tr, first_volume_at" in p for p in problems) == 1
    )


@pytest.mark.parametrize("column, other", [("image", "face.mp4"), ("stim_file", "n/a")])
def test_sounds_are_found_beside_films_and_an_empty_stim_file(tmp_path, column, other):
    rows = f"5\t60\t{other}\tstim/a.wav\n80\t50\t{other}\tstim/b.wav\n"
    path = written(tmp_path / "e.tsv", f"onset\tduration\t{column}\tsound\n{rows}")
    assert [story_onset(path, stim) for stim in ("a", "b.wav")] == [5.0, 80.0]


@pytest.mark.parametrize("column", ["stim_file", "stimulus", "sound", "audio_file"])
def test_a_column_of_sound_files_is_known_by_what_it_holds(tmp_path, column):
    text = PIEMAN.replace("stim_file", column).replace("pieman_audio.wav", "sounds/Pieman.WAV", 1)
    text = text.replace("pieman_audio.wav", "pieman.wav").replace("0.0\t13.0", "12.0\t13.0").replace("15.0\t", "27.0\t")
    path = written(tmp_path / "e.tsv", text)
    assert [story_onset(path, stim) for stim in (None, "story", "pieman.wav", "pieman")] == [12.0] * 4
    without = written(tmp_path / "f.tsv", "onset\tduration\ttrial_type\n12.0\t13\tmusic\n27.0\t400\tstory\n")
    assert story_onset(without) == 27.0

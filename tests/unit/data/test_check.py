"""`check`: every problem and note of words, skeletons and clocks once, with file and place; what was understood."""

import json
import re

import numpy as np
import pytest

from fmri2ges.cli.main import main
from fmri2ges.data.motion.bvh import propose_for
from fmri2ges.data.motion.skeletons import MAPPING_FILE, write_mapping
from fmri2ges.data.study.check import check_study, checked_to_dict
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.evaluation.ceiling import noise_ceiling
from fmri2ges.types import Words
from tests import rigs
from tests.bold_files import write_gifti_pair, write_hf5
from tests.unit.data.test_bids import NARRATIVES, SIGNAL, TABLE, study_file
from tests.unit.evaluation.test_clock import TR, response, speech

EVENTS = "onset\tduration\ttrial_type\tstim_file\n0\t9\tmusic\tintro.wav\n{}\t400\tspeech\tpieman.wav\n"


def change(path, *replacements):
    text = path.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


@pytest.mark.parametrize("stim", ["", 'stim = "pieman"\n'])
def test_events_move_the_words_of_a_recording(toy, stim):
    before = load_study(toy).read_recording(load_study(toy).recordings[0]).words
    (toy.parent / "e.tsv").write_text(EVENTS.format(4.5))
    study = load_study(change(toy, ('words = "a.tsv"', f'words = "a.tsv"\nevents = "e.tsv"\n{stim}')))
    after = study.read_recording(study.recordings[0]).words
    np.testing.assert_allclose(after.start, before.start + 4.5)
    assert any(
        "a.tsv: 4.5 s added to the words (onset of the story in e.tsv)" in note for note in check_study(toy).notes
    )


@pytest.mark.parametrize(
    "keys, message",
    [
        ('stim = "x"', "recording 1 (s1/a): stim names an event of `events`; add events, or remove stim"),
        ('events = "none.tsv"', "recording 1 (s1/a): events: no such file"),
        ('events = "e.tsv"\nstim = "tunnel"', "no event is 'tunnel'; name one event with `stim`; the file names: "),
    ],
)
def test_wrong_events_are_one_line(toy, keys, message):
    (toy.parent / "e.tsv").write_text(EVENTS.format(4.5))
    change(toy, ('words = "a.tsv"', f'words = "a.tsv"\n{keys}'))
    found = [line for line in check_study(toy).problems if message in line]
    assert len(found) == 1, check_study(toy).problems


def test_events_of_a_bids_folder_are_found_by_name(tmp_path):
    words = Words.from_lists(["a", "b", "c"], [0.0, 1.0, 2.0], [0.2] * 3)
    for subject, onset in (("001", 3.0), ("002", 7.5)):
        write_gifti_pair(tmp_path / "derivatives" / f"sub-{subject}" / "func", NARRATIVES.format(subject, "a"), SIGNAL)
        (tmp_path / f"sub-{subject}_events.tsv").write_text(EVENTS.format(onset))
    write_words_tsv(tmp_path / "words" / "a.tsv", words)
    table = (
        TABLE.format(task="a", space="fsaverage6") + 'tr = 1.5\nevents = "sub-{subject}_events.tsv"\nstim = "pieman"\n'
    )
    study = load_study(study_file(tmp_path, table, test="a"))
    starts = [study.read_words(r).start[0] for r in study.recordings]
    assert starts == [3.0, 7.5]  # one file of words, two clocks
    assert (
        check_study(study_file(tmp_path, table.replace("sub-{subject}_ev", "{subject}_ev"), test="a"))
        .problems[0]
        .startswith("study.toml: bids 1: events: no such file")
    )


def test_every_problem_of_a_words_file_comes_once_with_its_line(toy):
    lines = (toy.parent / "a.tsv").read_text().splitlines()
    lines[3] = "word\t1.0\t-1"
    lines[7] = "two words\t3.0\t0.1"
    (toy.parent / "a.tsv").write_text("\n".join(lines) + "\n")
    change(toy, ('words = "b.tsv"', 'words = "a.tsv"'))  # named twice, reported once
    problems = check_study(toy).problems
    path = toy.parent / "a.tsv"
    for line, what in ((4, "('word'): has a negative duration"), (8, "('two words'): holds more than one word")):
        assert sum(p.startswith(f"{path}: line {line} {what}") for p in problems) == 1, problems
    assert len(problems) == 2


def strange(folder, names=("clip", "clop")):
    """BVH files of a rig whose names say nothing; the trunk alone is told by the tree."""
    turns = rigs.motion(np.random.default_rng(0), 40)
    for name in names:
        rigs.write(folder / f"{name}.bvh", {joint: f"Bone{k}" for k, (joint, _, _) in enumerate(rigs.BODY)}, turns)


def with_clips(toy, *names, extra=""):
    rng = np.random.default_rng(1)
    text = toy.read_text()
    for name in names:
        write_words_tsv(
            toy.parent / f"{name}.tsv", Words.from_lists(["".join(rng.choice(list("abcdef"), 6))], [0.0], [0.5])
        )
        entry = f'[[gesture]]\nclip = "{name}"\nmotion = "{name}.bvh"\nwords = "{name}.tsv"\nspeaker = "2"\n{extra}\n'
        text = text.replace("[split]", f"{entry}[split]")
    toy.write_text(text)
    return toy


def test_an_unknown_rig_is_named_once_and_understood_with_its_mapping(toy):
    strange(toy.parent)
    with_clips(toy, "clip", "clop")
    (line,) = check_study(toy).problems
    assert line.startswith(f"{toy.parent / 'clip.bvh'}: is of no known rig") and line.endswith(
        "(the same in 1 more clips: clop)"
    )

    write_mapping(toy.parent / "maps" / "bones.toml", propose_for(toy.parent / "clip.bvh"))
    change(toy, ('motion = "clip.bvh"', 'motion = "clip.bvh"\nskeleton = "maps/bones.toml"'))
    change(toy, ('motion = "clop.bvh"', 'motion = "clop.bvh"\nskeleton = "maps/bones.toml"'))
    checked = check_study(toy)
    assert checked.problems == ()
    assert {c.clip: c.skeleton for c in checked.clips} == {
        "g": "our own npz",
        "clip": "bones.toml",
        "clop": "bones.toml",
    }
    assert checked.clips[1].understood.startswith(
        "bones.toml: 40 frames at 30 per second, centimetres, +y up, turned by "
    )
    (line,) = (line for line in checked.summary if line.startswith("skeletons: "))
    assert line.startswith("skeletons: our own npz, metres, +y up, turned by 0 degrees to face +z (1); bones.toml, ")
    assert "bones.toml, centimetres, +y up, turned by " in line and line.endswith("degrees to face +z (2)")
    clip = load_study(toy).read_clip(load_study(toy).gestures[1])
    assert clip.motion.n_frames == 40 and len(clip.motion.skeleton) == 10


def test_a_broken_mapping_is_reported_once(toy):
    strange(toy.parent)
    (toy.parent / "bones.toml").write_text("[joints]\nspine = 'Bone1'\n")
    with_clips(toy, "clip", "clop", extra='skeleton = "bones.toml"\n')
    (line,) = check_study(toy).problems
    assert (
        line.startswith(f"{toy.parent / 'bones.toml'}: [joints] names no joint for neck")
        and "1 more clips: clop" in line
    )


def test_a_mapping_is_for_bvh_only(toy):
    (toy.parent / "bones.toml").write_text("[joints]\n")
    change(toy, ('motion = "g.npz"', 'motion = "g.npz"\nskeleton = "bones.toml"'))
    assert check_study(toy).problems == (f"{toy.parent / 'g.npz'}: skeleton: only for .bvh; remove it",)


@pytest.fixture
def heard(tmp_path):
    """A function that writes a study of one listener whose BOLD answers words moved by some seconds."""

    def write(offset: float, gain: float = 0.5):
        rng = np.random.default_rng(0)
        times = 1.0 + TR * np.arange(300)
        lines = ['name = "n"', ""]
        for story in ("a", "b"):
            words = speech(rng)
            text = tuple("".join(rng.choice(list("abcdefgh"), 5)) for _ in words.text)
            words = Words(text, words.start, np.minimum(0.2, np.diff(words.start, append=np.inf)))
            np.save(tmp_path / f"{story}.npy", response(words, times, rng, gain, n_columns=3))
            write_words_tsv(tmp_path / f"{story}.tsv", words.shift(-offset))
            lines += [
                "[[recording]]",
                'subject = "s1"',
                f'story = "{story}"',
                f'bold = "{story}.npy"',
                "tr = 2.0",
                "first_volume_at = 1.0",
                'columns = ["X", "Y", "Z"]',
                f'words = "{story}.tsv"',
                "",
            ]
        path = tmp_path / "study.toml"
        path.write_text("\n".join([*lines, "[split]", 'test_stories = ["b"]', ""]))
        return path

    return write


def test_a_shifted_clock_is_a_note_and_a_right_one_is_none(heard):
    checked = check_study(heard(0.0))
    assert checked.problems == () and checked.notes == ()
    (clock,) = checked.clocks
    assert (clock.subject, clock.story, clock.verdict) == ("s1", "a", "on time")
    checked = check_study(heard(10.0))
    assert checked.problems == ()
    clocks = [note for note in checked.notes if "clock: BOLD follows the words" in note]
    assert len(clocks) == 1 and clocks[0] == checked.notes[0] and clocks[0].startswith("recording s1/a: clock: ")
    assert re.search("the words seem to be (9|10|11) s too early", clocks[0])
    found = json.loads(json.dumps(checked_to_dict(checked)))["clocks"]
    assert found[0]["verdict"] == "shifted" and found[0]["offset"] == pytest.approx(10, abs=2) and found[0]["p"] < 0.01


def test_noise_gives_no_clock_note(heard):
    checked = check_study(heard(0.0, gain=0.0))
    assert checked.notes == () and checked.clocks[0].verdict == "no response"


def test_the_skeleton_command_writes_a_mapping_to_confirm(toy, capsys):
    strange(toy.parent, ("clip",))
    out = toy.parent / MAPPING_FILE
    assert main(["skeleton", str(toy.parent / "clip.bvh"), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert str(out) in shown and "left_wrist = Bone" in shown and "guess" in shown
    assert check_study(with_clips(toy, "clip")).problems == ()  # the file beside the clip is found
    assert main(["skeleton", str(toy.parent / "clip.bvh"), "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["skeleton", str(toy.parent / "clip.bvh"), "--out", str(out), "--force"]) == 0


def test_the_skeleton_command_knows_a_known_rig(tmp_path, capsys):
    path = rigs.write(tmp_path / "a.bvh", rigs.NAMES["cmu"], rigs.motion(np.random.default_rng(0), 12))
    assert main(["skeleton", str(path), "--out", str(tmp_path / "s.toml")]) == 0
    assert "CMU: all joints are known" in capsys.readouterr().out
    assert main(["skeleton", str(tmp_path / "none.bvh"), "--out", str(tmp_path / "t.toml")]) == 2
    assert not (tmp_path / "t.toml").exists()


def test_a_note_that_many_clips_share_comes_once(toy):
    turns = rigs.motion(np.random.default_rng(0), 40)
    for name in ("one", "two", "three"):
        rigs.write(toy.parent / f"{name}.bvh", rigs.NAMES["seg"], turns)
        change(toy.parent / f"{name}.bvh", ("Frame Time: 0.0333333", "Frame Time: 0.033"))
    checked = check_study(with_clips(toy, "one", "two", "three"))
    assert checked.problems == ()
    (note,) = (note for note in checked.notes if "Frame Time" in note)
    assert note.startswith(f"{toy.parent / 'one.bvh'}: Frame Time: 0.033 s is 30.303 frames per second; taken as 30")
    assert note.endswith("(the same in 2 more clips: two, three)")
    (line,) = (line for line in checked.summary if line.startswith("skeletons: "))
    assert "SeG, Xsens (collar, shoulder, elbow, wrist), with chest, centimetres, +y up, turned by" in line
    assert line.endswith("degrees to face +z (3)")


def test_the_noise_ceiling_of_a_story_with_repeats_is_told_once(toy):
    rng = np.random.default_rng(0)
    text = toy.read_text().replace('columns = ["X", "Y", "Z"]\n', "")
    for story in "abc":
        signal = rng.normal(size=(30, 3))
        repeats = signal + rng.normal(size=(8, 30, 3))
        write_hf5(toy.parent / f"{story}.hf5", signal, 3, repeats if story == "c" else None)
        text = text.replace(f'"{story}.npy"', f'"{story}.hf5"')
    toy.write_text(text)
    notes = [note for note in check_study(toy).notes if "noise ceiling" in note]
    expected = noise_ceiling(repeats).mean()
    assert notes == [
        "recording s1/c: holds repeats of the story: the highest r that a model can reach with their mean is on "
        f"average {expected:.2f} (noise ceiling over 3 of 3 columns)"
    ]
    write_hf5(toy.parent / "c.hf5", signal, 3, repeats[:1])
    assert any("c.hf5" in line and "at least 2 repeats" in line for line in check_study(toy).problems)


@pytest.mark.parametrize("name", ["c.npz", "c.rerendition.npz"])
def test_a_truncated_gesture_of_a_held_out_story_is_named(name, toy):
    change(toy, ('name = "toy"', 'name = "toy"\nsimulated = true'))
    truth = toy.parent / "truth"
    truth.mkdir()
    for file in ("c.npz", "c.rerendition.npz"):
        (truth / file).write_bytes((toy.parent / "g.npz").read_bytes())
    assert not check_study(toy).problems
    (truth / name).write_bytes((truth / name).read_bytes()[:3000])
    (problem,) = check_study(toy).problems
    assert problem.startswith(str(truth / name)) and main(["check", str(toy)]) == 2

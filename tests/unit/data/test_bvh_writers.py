"""BVH as other programs write it: names, numbers and counts that differ from the textbook."""

import re

import numpy as np
import pytest

from fmri2ges.data.motion.bvh import import_bvh
from fmri2ges.data.motion.bvh_parse import parse_bvh
from fmri2ges.data.motion.rigs import known_mapping, without_shared_ends
from fmri2ges.errors import UserError
from tests import rigs
from tests.fuzz import survives

N = 24


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The text of a file as it should be, and its motion."""
    path = tmp_path_factory.mktemp("clean") / "a.bvh"
    rigs.write(path, rigs.NAMES["zeroeggs"], rigs.motion(np.random.default_rng(0), N))
    imported = import_bvh(path)
    assert imported.notes == ()
    return path.read_text(), imported.motion


def put(path, text: str):
    path.write_bytes(text.encode())
    return path


def frames_of(text: str) -> tuple[str, list[str]]:
    """Everything before the frames, and the frames."""
    head, rows = re.split(r"(?<=Frame Time: 0.0333333\n)", text)
    return head, rows.splitlines()


def same(path, motion, note: str | None = None):
    """The file gives the same motion to .01 mm, and says so when something was unusual."""
    got = import_bvh(path)
    np.testing.assert_allclose(got.motion.positions[:N], motion.positions, atol=1e-5)
    assert got.motion.fps == 30
    assert (got.notes == ()) if note is None else any(note in line for line in got.notes)
    return got


# Numbers


def test_numbers_glued_by_a_minus_sign_are_taken_apart(tmp_path, clean):
    text, motion = clean
    head, rows = frames_of(text)
    glued = [row.replace(" -", "-") for row in rows]
    assert any(len(row.split()) < len(rows[0].split()) for row in glued)
    some = [g if k % 7 == 0 else row for k, (g, row) in enumerate(zip(glued, rows, strict=True))]
    offsets = re.sub(r"(OFFSET [\d.]+) -", r"\1-", head.replace("OFFSET -", "OFFSET  -"))
    for body, top in ((glued, head), (some, head), (rows, offsets), (glued, offsets)):
        note = "glues together" if body is not rows else None
        same(put(tmp_path / "a.bvh", top + "\n".join(body) + "\n"), motion, note)


def test_numbers_with_an_exponent_stay_whole(tmp_path, clean):
    text, motion = clean
    head, rows = frames_of(text)
    rows = [" ".join(f"{float(v):.9e}" for v in row.split()) for row in rows]
    assert "e-0" in rows[0]
    same(put(tmp_path / "a.bvh", head + "\n".join(rows)), motion)


@pytest.mark.parametrize(
    "wrong, cause",
    [
        (lambda row: row.replace(" ", "", 1), "is two numbers glued together; export with spaces"),
        (lambda row: row.replace(".", ","), "has a decimal comma; export with a decimal point"),
        (lambda row: row.replace(" ", ", "), "numbers in BVH are separated by spaces"),
        (lambda row: row.replace(row.split()[3], "-1.#IND"), "'-1.#IND' is no number"),
        (lambda row: row.rsplit(" ", 1)[0], r"\d+ numbers where the hierarchy has \d+ channels"),
        (lambda row: row + " 1.0", r"\d+ numbers where the hierarchy has \d+ channels"),
    ],
)
@pytest.mark.parametrize("where", [0, 5])
def test_a_broken_row_is_named_with_its_line_and_cause(tmp_path, clean, wrong, cause, where):
    head, rows = frames_of(clean[0])
    rows[where] = wrong(rows[where].replace("-", ""))
    line = head.count("\n") + 1 + where
    with pytest.raises(UserError, match=f"a.bvh, line {line}: in the frames, .*{cause}"):
        import_bvh(put(tmp_path / "a.bvh", head + "\n".join(rows)))


# Counts and rates


def test_one_frame_more_than_announced_is_taken_with_a_note(tmp_path, clean):
    text, motion = clean
    got = import_bvh(put(tmp_path / "a.bvh", text + frames_of(text)[1][-1] + "\n"))
    assert got.notes == (f"{N + 1} frames follow where the header announces {N}; all are taken",)
    # One frame more moves the mean direction of the shoulders a little.
    assert got.motion.n_frames == N + 1
    np.testing.assert_allclose(got.motion.positions[:N], motion.positions, atol=0.02)


@pytest.mark.parametrize("more, cause", [(2, "correct the number behind Frames:"), (-1, "was the file cut off?")])
def test_other_counts_are_refused_with_the_cause(tmp_path, clean, more, cause):
    head, rows = frames_of(clean[0])
    rows = rows + rows[:more] if more > 0 else rows[:more]
    with pytest.raises(UserError) as error:
        import_bvh(put(tmp_path / "a.bvh", head + "\n".join(rows)))
    assert f"{N + more} frames of" in str(error.value) and cause in str(error.value)


def test_frame_times_in_other_units_are_refused_with_their_line(tmp_path, clean):
    text = clean[0].replace("Frame Time: 0.0333333", "Frame Time: 33.3333")
    line = text[: text.index("Frame Time")].count("\n") + 1
    with pytest.raises(
        UserError, match=f"a.bvh, line {line}: .*Frame Time: '33.3333' .* milliseconds: write 0.0333333"
    ):
        import_bvh(put(tmp_path / "a.bvh", text))


def test_a_rounded_frame_time_is_snapped_and_said(tmp_path, clean):
    text, motion = clean
    same(put(tmp_path / "a.bvh", text.replace("0.0333333", "0.033")), motion, "taken as 30")


# Words of the format in other places


@pytest.mark.parametrize(
    "old, new",
    [
        ("JOINT LeftLeg", "JOINT LeftMOTIONLeg"),
        ("JOINT LeftLeg", "JOINT MOTION"),
        ("JOINT LeftLeg", "JOINT Left MOTION Frames: 3"),
        ("MOTION\n", "  MOTION  \n"),
        ("MOTION\n", "Motion\n"),
        ("Frames:", "Frames :"),
        (f"Frames: {N}", f"Frames: {N}.0"),
        ("\n", "\r\n"),
        ("\n", "\r"),
        ("HIERARCHY", "\ufeffHIERARCHY"),
    ],
)
def test_words_and_line_ends_that_mislead(tmp_path, clean, old, new):
    text, motion = clean
    assert old in text
    same(put(tmp_path / "a.bvh", text.replace(old, new)), motion)


# Position channels of inner joints


@pytest.mark.parametrize("moved", [0.0, 1e-4, 0.3])
def test_position_channels_that_hold_displacements_are_added_to_the_offsets(tmp_path, clean, moved):
    """Values near zero, where most writers repeat the offset (rigs.write with six=True)."""
    turns = rigs.motion(np.random.default_rng(0), N)
    path = rigs.write(tmp_path / "a.bvh", rigs.NAMES["zeroeggs"], turns, six=True)
    bvh = parse_bvh(path)
    places, ways, rng = bvh.frames.copy(), bvh.frames.copy(), np.random.default_rng(1)
    for k, first in enumerate(bvh.first):
        if bvh.parents[k] >= 0:
            ways[:, first : first + 3] = moved * rng.normal(size=(N, 3))
            places[:, first : first + 3] = bvh.offsets[k] + ways[:, first : first + 3]
    head = frames_of(path.read_text())[0]
    files = {}
    for name, table in (("places", places), ("ways", ways)):
        rows = [" ".join(f"{v:.6f}" for v in row) for row in table]
        files[name] = import_bvh(put(tmp_path / f"{name}.bvh", head + "\n".join(rows)))
    got = files["ways"]
    np.testing.assert_allclose(got.motion.positions, files["places"].motion.positions, atol=1e-5)
    assert files["places"].notes == ()
    assert [note for note in got.notes if "hold displacements" in note] == list(got.notes)
    assert len(got.notes) == (moved > 0)


# Names of joints


def renamed(name_of) -> dict[str, str]:
    return {joint: name_of(name) for joint, name in rigs.NAMES["zeroeggs"].items()}


@pytest.mark.parametrize("rig", ["zeroeggs", "cmu", "seg", "biped", "beat short", "genea"])
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "Character1_{}",
        "mixamorig:{}",
        "mixamorig_{}",
        "mixamorig1:{}",
        "Armature|{}",
        "Actor 2_{}",
        "rig.{}",
        "{}.001",
        "{}_JNT",
        "Bip01_{}",
        "ns:Character1_{}.002",
        "{}_jnt_01",
    ],
)
def test_prefixes_and_suffixes_do_not_hide_a_known_rig(rig, around):
    plain = rigs.NAMES[rig]
    mapping = known_mapping([around.format(name) for name in plain.values()])
    expected = known_mapping(plain.values())
    assert mapping is not None and mapping.source == expected.source
    assert mapping.joints == {role: around.format(name) for role, name in expected.joints.items()}


def test_a_root_without_the_prefix_does_not_matter():
    names = ["Armature", *(f"Character1_{name}" for name in rigs.NAMES["seg"].values())]
    assert known_mapping(names).joints["left_wrist"] == "Character1_LeftWrist"


def test_names_that_differ_keep_their_beginnings():
    assert without_shared_ends(["LeftArm", "LeftHand", "RightArm", "RightHand"]) == [
        "LeftArm",
        "LeftHand",
        "RightArm",
        "RightHand",
    ]
    assert known_mapping(["Hips", "LeftThing", "RightThing"]) is None


@pytest.mark.parametrize("rig, names", [("zeroeggs", renamed("mixamorig{}".format)), ("seg", rigs.NAMES["seg"])])
def test_a_rig_under_other_names_gives_the_same_motion(tmp_path, clean, rig, names):
    path = rigs.write(tmp_path / "a.bvh", names, rigs.motion(np.random.default_rng(0), N))
    same(path, clean[1])


@pytest.mark.parametrize(
    "arms, source",
    [
        (("Collar", "UpArm", "LowArm", "Hand"), "Biovision"),
        (("Shoulder", "UpperArm", "LowerArm", "Hand"), "Unity"),
        (("Collar", "Shoulder", "Elbow", "Wrist"), "SeG"),
    ],
)
@pytest.mark.parametrize("spine", ["Chest", "Spine"])
def test_families_of_arm_names_are_known(tmp_path, clean, arms, source, spine):
    names = dict(rigs.NAMES["zeroeggs"]) | {"spine": spine, "chest": f"{spine}2"}
    for side in ("left", "right"):
        for joint, part in zip(("collar", "shoulder", "elbow", "wrist"), arms, strict=True):
            names[f"{side}_{joint}"] = side.capitalize() + part
    path = rigs.write(tmp_path / "a.bvh", names, rigs.motion(np.random.default_rng(0), N))
    got = same(path, clean[1])
    assert got.mapping.source.startswith(source) and got.mapping.joints["left_shoulder"] == f"Left{arms[1]}"


# Files that would take for ever


def star(n: int) -> str:
    """A root with many branches of three joints each, in each of which an arm could begin."""
    chain = "JOINT {k}a\n{{\nOFFSET 1 0 0\nJOINT {k}b\n{{\nOFFSET 1 0 0\nJOINT {k}c\n{{\nOFFSET 1 0 0\n}}\n}}\n}}\n"
    middle = "JOINT m\n{\nOFFSET 0 1 0\n" + "".join(chain.format(k=k) for k in range(n)) + "}\n"
    head = "HIERARCHY\nROOT r\n{\nOFFSET 0 0 0\nCHANNELS 3 Xrotation Yrotation Zrotation\n"
    return f"{head}{middle}}}\nMOTION\nFrames: 1\nFrame Time: 0.1\n0 0 0\n"


@pytest.mark.parametrize(
    "text, message",
    [
        (star(660), "is of no known rig"),
        ("HIERARCHY " * 200_000 + "\nMOTION\n", "line 1: .*more than 40 words on one line"),
        ("HIERARCHY\nROOT " + "a_" * 500_000 + "\n{\nMOTION\n", "line 2: .*a joint's name has more than 100 letters"),
        ("HIERARCHY\nROOT " + "a " * 500_000 + "\n{\nMOTION\n", "line 2: .*more than 40 words"),
    ],
)
def test_long_lines_names_and_stars_are_refused_quickly(tmp_path, text, message):
    assert not survives(import_bvh, text.encode(), ".bvh", tmp_path)
    with pytest.raises(UserError, match=message):
        import_bvh(tmp_path / "mutant.bvh")

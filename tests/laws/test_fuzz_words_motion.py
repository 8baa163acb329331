"""Damaged words and motion: every reader reads them, or refuses in one line, quickly and in little memory."""

import json

import numpy as np
import pytest

from fmri2ges.data.motion.bvh import import_bvh, propose_for, write_bvh
from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.motion.npz import read_motion, write_motion
from fmri2ges.data.motion.proposals import propose_mapping
from fmri2ges.data.motion.skeletons import read_mapping, write_mapping
from fmri2ges.data.words.files import read_words, report
from fmri2ges.data.words.stimulus import place_story
from fmri2ges.types import Motion
from tests import rigs, word_files
from tests.conftest import make_motion
from tests.fuzz import mutations, survives

TSV = b"word\tstart\tduration\n" + b"".join(b"w%d\t%.2f\t0.4\n" % (k, k / 2) for k in range(60))
EVENTS = b"onset\tduration\ttrial_type\tstim_file\n0\t3\tmusic\tn/a\n3.0\t400\tstory\tpieman.wav\n"
SAID = word_files.timed(" ".join(f"w{k}" for k in range(40)))
WORD_EVENTS = b"onset\tduration\tword\n" + b"".join(b"%.2f\t0.4\tw%d\n" % (k / 2, k) for k in range(60))
GENTLE = json.dumps(
    {
        "transcript": "",
        "words": [{"alignedWord": "a", "case": "success", "end": k + 0.5, "start": k, "word": "A"} for k in range(40)],
    }
).encode()


def textgrid(form: str, tmp_path) -> bytes:
    from praatio import textgrid as praat

    grid = praat.Textgrid()
    grid.addTier(praat.IntervalTier("word", [(k / 2, k / 2 + 0.4, f"w{k}") for k in range(40)], 0, 25))
    grid.addTier(praat.IntervalTier("phone", [(k / 2, k / 2 + 0.2, "p") for k in range(40)], 0, 25))
    grid.save(str(tmp_path / "whole.TextGrid"), format=form, includeBlankSpaces=True)
    return (tmp_path / "whole.TextGrid").read_bytes()


def npz(tmp_path, compressed: bool, smplx: bool) -> bytes:
    motion = make_motion(np.random.default_rng(0), 20)
    path = write_motion(tmp_path / "whole.npz", Motion(motion.positions, samples=np.stack([motion.positions] * 2)))
    if smplx:
        save = np.savez_compressed if compressed else np.savez
        rng = np.random.default_rng(0)
        save(
            path,
            poses=rng.normal(size=(20, 165)) * 0.1,
            trans=rng.normal(size=(20, 3)),
            mocap_frame_rate=np.array(30),
            gender=np.array("neutral"),
        )
    return path.read_bytes()


def rig(tmp_path, name: str) -> bytes:
    return rigs.write(
        tmp_path / "whole.bvh", rigs.NAMES[name], rigs.motion(np.random.default_rng(0), 8), six=name == "genea"
    ).read_bytes()


def mapping(tmp_path, suffix: str) -> bytes:
    names = list(rigs.NAMES["unreal"].values())
    index = {joint: k for k, (joint, _, _) in enumerate(rigs.BODY)}
    guess = propose_mapping(names, [-1 if p is None else index[p] for _, p, _ in rigs.BODY])
    if suffix == ".json":
        return json.dumps({"joints": guess.joints, "units": "centimetres", "up": "+y"}).encode()
    return write_mapping(tmp_path / "whole.toml", guess).read_bytes()


# name -> (ending, reader, whole file)
READERS = {
    "textgrid-long": (".TextGrid", lambda p: read_words(p, "word"), lambda t: textgrid("long_textgrid", t)),
    "textgrid-short": (".TextGrid", lambda p: report(p, "word").checked(), lambda t: textgrid("short_textgrid", t)),
    "tsv": (".tsv", read_words, lambda t: TSV),
    "gentle": (".json", read_words, lambda t: GENTLE),
    "whisper": (".json", read_words, lambda t: word_files.whisper(SAID).encode()),
    "whisperx": (".json", read_words, lambda t: word_files.whisperx(SAID, ["A"] * 40, (3,)).encode()),
    "mfa-json": (".json", read_words, lambda t: word_files.mfa_json({"S1": SAID}).encode()),
    "mfa-csv": (".csv", read_words, lambda t: word_files.mfa_csv({"S1": SAID}).encode()),
    "elan": (".eaf", read_words, lambda t: word_files.eaf({"words": SAID, "notes": SAID[:3]}).encode()),
    "events-words": ("_events.tsv", read_words, lambda t: WORD_EVENTS),
    "events-onset": ("_events.tsv", lambda p: place_story(p, "pieman").onset, lambda t: EVENTS),
    "bvh-ours": (
        ".bvh",
        import_bvh,
        lambda t: write_bvh(t / "whole.bvh", make_motion(np.random.default_rng(0), 8)).read_bytes(),
    ),
    "bvh-zeroeggs": (".bvh", import_bvh, lambda t: rig(t, "zeroeggs")),
    "bvh-genea": (".bvh", import_bvh, lambda t: rig(t, "genea")),
    "bvh-unknown": (".bvh", import_bvh, lambda t: rig(t, "unreal")),
    "bvh-proposal": (".bvh", propose_for, lambda t: rig(t, "unreal")),
    "npz": (".npz", read_motion, lambda t: npz(t, False, False)),
    "npz-clip": (".npz", import_motion_file, lambda t: npz(t, False, False)),
    "smplx-clip": (".npz", import_motion_file, lambda t: npz(t, True, True)),
    "bvh-clip": (".bvh", import_motion_file, lambda t: rig(t, "seg")),
    "smplx": (".npz", read_motion, lambda t: npz(t, False, True)),
    "smplx-compressed": (".npz", read_motion, lambda t: npz(t, True, True)),
    "mapping-toml": (".toml", read_mapping, lambda t: mapping(t, ".toml")),
    "mapping-json": (".json", read_mapping, lambda t: mapping(t, ".json")),
}


def fuzz(name: str, tmp_path, n: int, seed: int) -> None:
    suffix, reader, whole = READERS[name]
    (tmp_path / "source").mkdir()
    data = whole(tmp_path / "source")
    folder = tmp_path / "damaged"  # a proposal is not confirmed by the skeleton.toml of a whole file
    folder.mkdir()
    assert survives(reader, data, suffix, folder) or name == "bvh-unknown"  # else the test would show nothing
    refused = sum(not survives(reader, damaged, suffix, folder) for damaged in mutations(data, n, seed))
    assert refused > n / 10


@pytest.mark.parametrize("name", READERS)
def test_damage_is_read_or_refused_in_one_line(name, tmp_path):
    fuzz(name, tmp_path, 60, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_much_damage_is_read_or_refused_in_one_line(name, tmp_path):
    fuzz(name, tmp_path, 500, seed=2)

"""Readers of words and motion."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fmri2ges.data.motion.bvh import import_bvh, propose_for, read_bvh, write_bvh
from fmri2ges.data.motion.files import import_motion_file, read_motion_file
from fmri2ges.data.motion.imported import Imported
from fmri2ges.data.motion.npz import read_motion, write_motion
from fmri2ges.data.motion.proposals import propose_mapping
from fmri2ges.data.motion.skeletons import Mapping, read_mapping, write_mapping
from fmri2ges.data.words.files import read_words, read_words_tsv, report
from fmri2ges.data.words.formats import READERS
from fmri2ges.data.words.stimulus import StoryPlace, place_story
from fmri2ges.types import Motion, Words
from tests import rigs, word_files
from tests.conftest import make_motion
from tests.readers.case import Case

SAID = word_files.timed(" ".join(f"w{k}" for k in range(40)))
NAMES = {reader.ending: reader.name for reader in READERS}


def timed(found: Words) -> None:
    """Words lie on a clock, in order, one word each."""
    assert np.isfinite(found.start).all() and np.isfinite(found.duration).all()
    assert (np.diff(found.start) >= -1e-6).all() and (found.duration >= 0).all()
    assert all(word and not any(c.isspace() for c in word) for word in found.text)
    assert not len(found) or np.abs(found.start).max() <= 1e6


def moving(found: Motion | Imported) -> None:
    """Motion is finite and has a rate that a camera can have."""
    motion = found.motion if isinstance(found, Imported) else found
    assert np.isfinite(motion.positions).all() and motion.n_frames > 0
    assert 0.5 <= motion.fps <= 2000 and motion.duration <= 24 * 3600


def sized(found: Imported) -> None:
    """A clip that may be learnt from is as large as a person."""
    moving(found)
    places = found.motion.positions.astype(float)
    lengths = np.linalg.norm(places[:, 1:] - places[:, list(found.motion.skeleton.parents[1:])], axis=-1)
    assert 0.001 < np.median(lengths, 0).min() and np.median(lengths) < 2


def placed(found: StoryPlace) -> None:
    """A story begins at a time."""
    assert np.isfinite(found.onset) and found.note


def mapped(found: Mapping) -> None:
    """A confirmed mapping names every joint once."""
    assert not found.missing and not found.repeated


def _text(text: str | bytes, name: str):
    def make(folder: Path) -> Path:
        path = folder / f"whole{name}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def _words(name: str, text: str | bytes, formats: tuple[str, ...] = (), tier: str | None = None) -> Case:
    """A file of words that ends with `name`."""
    return Case(_text(text, name), lambda p: read_words(p, tier), formats, timed, f"damaged{name}", quick=20)


def _table(header: str, row: str, n: int) -> str:
    return "\n".join([header, *(row.format(start=f"{k / 2:.2f}", word=f"w{k}") for k in range(n))]) + "\n"


EVENTS = "onset\tduration\ttrial_type\tstim_file\n0\t9\tmusic\ta.wav\n10\t10\tstory\ta.wav\n30\t10\tstory\ta.wav\n"
WORDS = [("word", SAID), ("phone", word_files.phones(SAID))]
CASES = {
    "TextGrid long": _words(".TextGrid", word_files.textgrid(WORDS), ("words a Praat TextGrid",), "word"),
    "TextGrid short": Case(
        _text(word_files.textgrid(WORDS, short=True), ".TextGrid"),
        lambda p: report(p).checked(),
        (),
        timed,
        "d.TextGrid",
        20,
    ),
    "TextGrid of MFA": _words(".TextGrid", word_files.mfa_textgrid({"A": SAID, "B": SAID[:9]}), (), "A - words"),
    "TextGrid utf-16": _words(".TextGrid", word_files.textgrid(WORDS).encode("utf-16"), (), "word"),
    "words.tsv": _words(
        ".tsv", _table("word\tstart\tduration", "{word}\t{start}\t0.4", 60), ("words a table (word, start, duration)",)
    ),
    "own words.tsv": Case(
        _text(_table("word\tstart\tduration", "{word}\t{start}\t0.4", 60), ".tsv"), read_words_tsv, (), timed, "d.tsv"
    ),
    "gentle": _words(".json", word_files.gentle(SAID, ("lost", "words")), ("words gentle's align.json",)),
    "whisper": _words(".json", word_files.whisper(SAID), ("words whisper's, whisperX's or whisper-timestamped's",)),
    "whisper-timestamped": _words(".json", word_files.whisper_timestamped(SAID)),
    "whisperX": _words(".json", word_files.whisperx(SAID, ["A"] * 40, (3,))),
    "MFA json": _words(".json", word_files.mfa_json({"S1": SAID}), ("words the Montreal Forced Aligner's",)),
    "MFA csv": _words(
        ".csv",
        word_files.mfa_csv({"S1": SAID}),
        ("words the Montreal Forced Aligner's (Begin,End,Label,Type,Speaker)",),
    ),
    "ELAN": _words(".eaf", word_files.eaf({"words": SAID, "notes": SAID[:3]}), ("words an ELAN file",)),
    "word events": _words(
        "_events.tsv",
        _table("onset\tduration\tword", "{start}\t0.4\t{word}", 60),
        ("words BIDS events (onset, duration, word)",),
    ),
    "story events": Case(
        _text(EVENTS, "_events.tsv"), lambda p: place_story(p, "story#2"), (), placed, "d_events.tsv", 20
    ),
}


def _npz(smplx: bool, compressed: bool):
    def make(folder: Path) -> Path:
        motion = make_motion(np.random.default_rng(0), 20)
        path = write_motion(folder / "whole.npz", Motion(motion.positions, samples=np.stack([motion.positions] * 2)))
        if smplx:
            rng = np.random.default_rng(0)
            (np.savez_compressed if compressed else np.savez)(
                path,
                poses=rng.normal(size=(20, 165)) * 0.1,
                trans=rng.normal(size=(20, 3)),
                mocap_frame_rate=np.array(30),
                gender=np.array("neutral"),
                betas=np.zeros(16),
            )
        return path

    return make


def _rig(name: str):
    def make(folder: Path) -> Path:
        moves = rigs.motion(np.random.default_rng(0), 8)
        return rigs.write(folder / "whole.bvh", rigs.NAMES[name], moves, six=name == "genea")

    return make


def _own_bvh(folder: Path) -> Path:
    return write_bvh(folder / "whole.bvh", make_motion(np.random.default_rng(0), 8))


def _mapping(suffix: str):
    def make(folder: Path) -> Path:
        names = list(rigs.NAMES["unreal"].values())
        index = {joint: k for k, (joint, _, _) in enumerate(rigs.BODY)}
        guess = propose_mapping(names, [-1 if p is None else index[p] for _, p, _ in rigs.BODY])
        if suffix == ".json":
            path = folder / "whole.json"
            path.write_text(json.dumps({"joints": guess.joints, "units": "centimetres", "up": "+y"}))
            return path
        return write_mapping(folder / "whole.toml", guess)

    return make


def _motion(make, read=import_motion_file, formats: tuple[str, ...] = (), check=sized, name="d.bvh", **more) -> Case:
    return Case(make, read, formats, check, name, **more)


CASES |= {
    "BVH ours": _motion(_own_bvh, read_bvh, (), moving),
    "BVH ZeroEGGS": _motion(_rig("zeroeggs"), import_bvh, (), moving),
    "BVH GENEA": _motion(_rig("genea"), import_bvh, (), moving),
    "BVH of no known rig": _motion(_rig("unreal"), import_bvh, (), moving, reads=False),
    "BVH proposal": _motion(_rig("unreal"), propose_for, check=lambda found: found.describe()),
    "BVH Mixamo": _motion(_rig("mixamo"), read_motion_file, (), moving),
    "BVH clip": _motion(_rig("seg"), formats=("motion .bvh",)),
    "npz ours": _motion(_npz(False, False), read_motion, (), moving, "d.npz"),
    "npz clip": _motion(_npz(False, False), import_motion_file, ("motion .npz",), sized, "d.npz"),
    "SMPL-X clip": _motion(_npz(True, True), name="d.npz"),
    "SMPL-X": _motion(_npz(True, False), read_motion, (), moving, "d.npz"),
    "mapping.toml": Case(_mapping(".toml"), read_mapping, (), mapped, "d.toml"),
    "mapping.json": Case(_mapping(".json"), read_mapping, (), mapped, "d.json"),
}

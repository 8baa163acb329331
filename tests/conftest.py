"""Fixtures that all tests share: the data folder beside the project, and a small study."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.motion.features import from_bones
from fmri2ges.types import Motion, Words

ROOT = Path(__file__).resolve().parents[1]
SUBJECTS = ("s18", "s22", "s26", "s31", "s37", "s40", "s44", "s48", "s52")  # of the Alice recording


def pytest_addoption(parser):
    """How often the files of every reader are damaged; 0 takes the few times of the quick tests."""
    parser.addoption("--fuzz", type=int, default=0, metavar="N", help="damage the file of every reader N times")


# Laws are about values; how long an example takes depends on what else the machine does.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")


@pytest.fixture(autouse=True)
def main_module():
    """A page that a test runs in this process stays behind as `__main__`; a child would import it as its program."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data folder beside the project; tests of real data skip without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data beside the project ({folder.name}/ of shared/ is missing)")
    return folder


@pytest.fixture
def alice(shared, tmp_path) -> Path:
    """A study file of the real Alice recording: nine listeners, six ROIs, one story."""
    lines = ['name = "alice"', "simulated = false", ""]
    for subject in SUBJECTS:
        lines += [
            "[[recording]]",
            f'subject = "{subject}"',
            'story = "alice"',
            f'bold = "{(shared / "alice" / "6mm" / f"{subject}-timecourses.txt").as_posix()}"',
            "tr = 2.0",
            "first_volume_at = 20.0",
            'columns = ["LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG"]',
            f'words = "{(shared / "alice" / "DownTheRabbitHoleFinal_exp120_pad_1.TextGrid").as_posix()}"',
            'tier = "word"',
            "",
        ]
    lines += ["[split]", "within_story_folds = 5", "gap = 16.0", ""]
    path = tmp_path / "study.toml"
    path.write_text("\n".join(lines))
    return path


def make_words(rng: np.random.Generator, seconds: float = 60.0) -> Words:
    """Random four-letter words, two a second."""
    n = int(seconds * 2) - 1
    text = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 4)) for _ in range(n)]
    return Words.from_lists(text, 0.5 * np.arange(n), np.full(n, 0.4))


# Unit directions of the bones of a person at rest, and how far each may stray from it.
REST = [(0, 1, 0), (0, 0.9, 0.4), (0, 0.9, -0.4), (1, 0, 0), (0.3, -1, 0.1), (0.1, -0.5, 0.8), (-1, 0, 0)]
REST = np.array([*REST, (-0.3, -1, 0.1), (-0.1, -0.5, 0.8)])
LOOSE = np.array([0.03, 0.08, 0.08, 0.03, 0.35, 0.6, 0.03, 0.35, 0.6])


def make_motion(rng: np.random.Generator, n_frames: int = 900, fps: float = 15.0) -> Motion:
    """Smooth random motion of a person who faces +z, with constant bone lengths."""
    key = REST + LOOSE[:, None] * rng.normal(size=(n_frames // 10 + 2, 9, 3))
    at = np.arange(n_frames) / 10
    bones = np.stack([np.interp(at, np.arange(len(key)), k) for k in key.reshape(len(key), 27).T], 1)
    return Motion(from_bones(bones), fps=fps)


@pytest.fixture
def toy(tmp_path) -> Path:
    """A small valid study: one subject, stories a and b (training) and c (test), and clip g."""
    rng = np.random.default_rng(0)
    lines = ['name = "toy"', ""]
    for story in "abc":
        np.save(tmp_path / f"{story}.npy", rng.normal(size=(30, 3)).astype(np.float32) + 100)
        write_words_tsv(tmp_path / f"{story}.tsv", make_words(rng))
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
    write_motion(tmp_path / "g.npz", make_motion(rng))
    write_words_tsv(tmp_path / "g.tsv", make_words(rng))
    lines += ["[[gesture]]", 'clip = "g"', 'motion = "g.npz"', 'words = "g.tsv"', 'speaker = "1"', ""]
    lines += ["[split]", 'test_stories = ["c"]', ""]
    path = tmp_path / "study.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def decoded_dir(tmp_path) -> Path:
    """A decoded folder as `decode` leaves it."""
    from fmri2ges.data.atomic import write_json

    rng = np.random.default_rng(1)
    folder = tmp_path / "decoded"
    write_motion(folder / "text.npz", make_motion(rng, 30))
    write_motion(folder / "direct.npz", make_motion(rng, 30))
    write_words_tsv(folder / "words.tsv", make_words(rng, 2))
    manifest = {
        "kind": "decode",
        "simulated": True,
        "versions": {},
        "subject": "s1",
        "story": "c",
        "rois": ["Broca", "L_V1"],
        "start": 0.0,
        "stop": 2.0,
    }
    write_json(folder / "manifest.json", manifest)
    return folder

"""Motion, words and decoded stories made from smooth random walks, for the tests of scores and figures."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from fmri2ges.data.atomic import write_json
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.motion.features import from_bones
from fmri2ges.types import Motion, Words

REST = np.array(
    [
        [0, 1, 0],
        [0, 0.9, 0.4],
        [0, 0.9, -0.4],
        [1, 0, 0],
        [0.3, -1, 0.1],
        [0.1, -0.5, 0.8],
        [-1, 0, 0],
        [-0.3, -1, 0.1],
        [-0.1, -0.5, 0.8],
    ]
)
REST = REST / np.linalg.norm(REST, axis=1, keepdims=True)
LOOSE = np.array([0.03, 0.08, 0.08, 0.03, 0.35, 0.6, 0.03, 0.35, 0.6])[:, None]


def walk(rng, n: int, smooth: float = 4.0) -> np.ndarray:
    """Smooth noise of unit variance, array (n, 9, 3)."""
    x = gaussian_filter1d(rng.standard_normal((n, 9, 3)), smooth, axis=0, mode="wrap")
    return x / x.std(0)


def body(noise: np.ndarray) -> np.ndarray:
    """Positions (n, 10, 3) of a person at rest, moved by `noise` (n, 9, 3)."""
    return from_bones((REST + LOOSE * noise).reshape(len(noise), 27))


def gesture(rng, seconds: float = 100.0, start: float = 0.0) -> tuple[Motion, np.ndarray]:
    """A reference and the noise that made it."""
    noise = walk(rng, int(seconds * 15))
    return Motion(body(noise), start=start), noise


def decoded(rng, like: np.ndarray, share: float, samples: int = 3, start: float = 0.0) -> Motion:
    """Samples that share a part of their variance with the noise `like`."""
    stack = np.stack([body(np.sqrt(share) * like + np.sqrt(1 - share) * walk(rng, len(like))) for _ in range(samples)])
    return Motion(stack[0], start=start, samples=stack)


def speech(rng, seconds: float = 100.0, rate: float = 2.2) -> Words:
    """Random words at random times that do not overlap."""
    vocabulary = "the a dog house river walked small red mother music ate bread sea boat open hand".split()
    start = np.cumsum(rng.gamma(2.0, 1 / (2 * rate), size=int(seconds * rate * 1.5)))
    start = start[start < seconds - 0.5]
    gap = np.diff(start, append=seconds)
    return Words(tuple(rng.choice(vocabulary, len(start)).tolist()), start, np.minimum(0.25, 0.9 * gap))


@pytest.fixture(scope="session")
def synthetic() -> SimpleNamespace:
    """The makers above."""
    return SimpleNamespace(walk=walk, body=body, gesture=gesture, decoded=decoded, speech=speech)


@pytest.fixture(scope="session")
def scored_run(tmp_path_factory):
    """A simulated study with three held-out stories of 100 s, both branches decoded, below run/decoded.

    The text branch knows nothing, the direct branch shares half of the true gesture's variance.
    """
    root = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(3)
    lines = ['name = "toy"', "simulated = true"]
    for story in ("one", "two", "three"):
        truth, noise = gesture(rng)
        again = decoded(rng, noise, 0.7, samples=1)
        write_motion(root / "truth" / f"{story}.npz", truth)
        write_motion(root / "truth" / f"{story}.rerendition.npz", Motion(again.positions))
        write_words_tsv(root / f"{story}.tsv", speech(rng))
        np.save(root / f"{story}.npy", rng.standard_normal((50, 2)).astype(np.float32))
        lines += [
            "[[recording]]",
            'subject = "s1"',
            f'story = "{story}"',
            f'bold = "{story}.npy"',
            "tr = 2.0",
            "first_volume_at = 1.0",
            'columns = ["X", "Y"]',
            f'words = "{story}.tsv"',
        ]
        folder = root / "run" / "decoded" / story
        write_motion(folder / "text.npz", decoded(rng, noise, 0.0))
        write_motion(folder / "direct.npz", decoded(rng, noise, 0.5))
        write_words_tsv(folder / "words.tsv", speech(rng))
        manifest = {
            "kind": "decode",
            "simulated": True,
            "versions": {},
            "study": str(root / "study.toml"),
            "study_name": "toy",
            "subject": "s1",
            "story": story,
            "rois": ["AC", "Broca"],
            "samples": 3,
            "start": 0.0,
            "stop": 100.0,
            "seed": 0,
        }
        write_json(folder / "manifest.json", manifest)
    lines += ["[split]", 'test_stories = ["one", "two", "three"]', ""]
    (root / "study.toml").write_text("\n".join(lines))
    return root / "run"

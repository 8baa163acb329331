"""A small trained run of a table of ROIs with six held-out stories and their true gestures, for ROI studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fmri2ges.data.atomic import write_text
from fmri2ges.data.motion.npz import write_motion
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.types import Motion
from tests.conftest import make_motion, make_words
from tests.run_files import COLUMNS, VOCABULARY, make_run

STORIES = tuple(f"story-{k}" for k in range(1, 7))
SECONDS = 120.0


def make_study(root: Path, stories: tuple[str, ...] = STORIES, truth: bool = True, rois=COLUMNS) -> Path:
    """The run of a simulated study; every story is held out. The models know nothing."""
    study = root / "study"
    lines = ['name = "toy"', f"simulated = {str(truth).lower()}"]
    for k, story in enumerate(stories):
        rng = np.random.default_rng(k)
        table = rng.standard_normal((int(SECONDS / 2), len(rois)))
        write_text(study / f"{story}.tsv", "\t".join(rois) + "\n" + "".join(_line(row) for row in table))
        words = make_words(rng, SECONDS)
        known = tuple(VOCABULARY[i] for i in rng.integers(len(VOCABULARY), size=len(words)))
        write_words_tsv(study / f"{story}-words.tsv", type(words)(known, words.start, words.duration))
        if truth:
            motion = make_motion(rng, int(SECONDS * 15))
            write_motion(study / "truth" / f"{story}.npz", motion)
            write_motion(study / "truth" / f"{story}.rerendition.npz", Motion(motion.positions[::-1].copy()))
        lines += [
            "[[recording]]",
            'subject = "s1"',
            f'story = "{story}"',
            f'bold = "{story}.tsv"',
            "tr = 2.0",
            "first_volume_at = 1.0",
            f'words = "{story}-words.tsv"',
        ]
    lines += ["[split]", f"test_stories = [{', '.join(repr(s) for s in stories)}]", ""]
    write_text(study / "toy.toml", "\n".join(lines))
    return make_run(root / "run")


def _line(row: np.ndarray) -> str:
    return "\t".join(f"{x:.5f}" for x in row) + "\n"

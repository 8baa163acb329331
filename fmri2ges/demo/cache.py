"""The held-out stories of the shipped demo, made in the user's cache folder when first needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..data.study.load import load_study
from ..data.study.model import RecordingSource, Study
from ..provenance import digest_file, digest_json
from ..types import Motion, Recording
from . import WEIGHTS
from .study import write_bold, write_study_file, write_truth, write_words
from .world import TEST, VALIDATION, World


def demo_world() -> World:
    """The world that the shipped weights were trained on."""
    manifest = json.loads((WEIGHTS / "manifest.json").read_text(encoding="utf-8"))
    return World(**{**manifest["world"], "planted": None})


def cache_folder() -> Path:
    """Where the demo's stories are kept; FMRI2GES_CACHE moves it."""
    import os

    from platformdirs import user_cache_path

    from .. import __version__

    root = Path(os.environ.get("FMRI2GES_CACHE") or user_cache_path("fmri2ges", appauthor=False))
    return root / f"demo-{__version__}-seed{demo_world().seed}"


class DemoStudy(Study):
    """The demo's study: words and truth are written at once, BOLD story by story when it is read."""

    @classmethod
    def open(cls) -> DemoStudy:
        """The demo's study; its folder is made at the first call."""
        world, root = demo_world(), cache_folder()
        if not (root / "study.toml").is_file():
            for story in (*TEST, *VALIDATION):
                write_words(world, story, root)
            # Empty files stand for BOLD that has not been made yet; the study file names them all.
            for subject in world.subject_names:
                for story in (*TEST, *VALIDATION):
                    path = root / "bold" / subject / f"{story}.npy"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
            write_study_file(world, root, train=(), clips=())
        study = load_study(root / "study.toml")
        return cls(study.name, study.simulated, study.path, study.recordings, study.gestures, study.split)

    def stamp(self, source: RecordingSource) -> str:
        """The demo's recordings follow from its world; their files are empty until they are read."""
        return self.digest(source)

    def digest(self, source: RecordingSource, digest_of: Callable[[Path], str] = digest_file) -> str:
        """Of the world's seed and the name of the recording."""
        return digest_json([demo_world().seed, source.subject, source.story])

    def read_recording(self, source: RecordingSource) -> Recording:
        """A recording, whose BOLD is made when it is first read."""
        if not source.bold.stat().st_size:
            write_bold(demo_world(), source.subject, source.story, self.root)
        return super().read_recording(source)

    def truth(self, story: str) -> Motion | None:
        """The gesture of the world's speaker for a story, made when it is first read; None for other stories."""
        if story in self.stories and not (self.root / "truth" / f"{story}.npz").is_file():
            write_truth(demo_world(), story, self.root)
        return super().truth(story)

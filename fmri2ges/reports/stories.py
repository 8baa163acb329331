"""Decode folders, read back with what their study knows: the words heard, the true gesture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..data.atomic import read_json
from ..data.motion.npz import read_motion
from ..data.study.load import load_study
from ..data.study.model import Study
from ..data.words.files import read_words_tsv
from ..errors import UserError
from ..types import Motion, Words

BRANCHES = ("text", "direct")


@dataclass(frozen=True)
class DecodedStory:
    """A decode folder and what its study says about it."""

    path: Path
    manifest: dict[str, Any]
    study: Study | None  # None when its file has moved

    @cached_property
    def motions(self) -> dict[str, Motion]:
        files = {branch: self.path / f"{branch}.npz" for branch in BRANCHES}
        found = {branch: read_motion(file) for branch, file in files.items() if file.is_file()}
        if not found:
            raise UserError(f"{self.path}: holds neither text.npz nor direct.npz; decode it again")
        return found

    @cached_property
    def source(self):
        """The recording's source in the study, or None."""
        return self.study and self.study.recording(self.manifest["subject"], self.story)

    @cached_property
    def heard(self) -> Words | None:
        return self.source and self.study.read_words(self.source)

    @cached_property
    def decoded_words(self) -> Words | None:
        file = self.path / "words.tsv"
        return read_words_tsv(file) if file.is_file() else None

    @cached_property
    def rate(self):
        """Time (s) and decoded words per volume, array (n_volumes, 2), or None."""
        from ..data.bold.tables import read_table

        file = self.path / "rate.tsv"
        return read_table(file)[0] if file.is_file() else None

    @cached_property
    def reference(self) -> Motion | None:
        """The gesture made to this story in a simulated study (evaluation and display only)."""
        return self.study and self.study.truth(self.story)

    @cached_property
    def rerendition(self) -> Motion | None:
        """A second performance of the same text by the same speaker: how alike real gestures are."""
        if self.reference is None:
            return None
        file = self.study.root / "truth" / f"{self.story}.rerendition.npz"
        return read_motion(file) if file.is_file() else None

    @property
    def story(self) -> str:
        return str(self.manifest.get("story", self.path.name))

    @property
    def simulated(self) -> bool:
        return bool(self.manifest.get("simulated"))

    @property
    def setting(self) -> tuple:
        """Stories of one setting may be averaged: subject, ROIs and number of samples."""
        rois = tuple(self.manifest.get("rois", ("all",)))
        return str(self.manifest.get("subject", "?")), rois, self.manifest.get("samples")

    @property
    def span(self) -> tuple[float, float]:
        """Start and stop of the decoded stretch, seconds."""
        motion = next(iter(self.motions.values()))
        return motion.start, motion.start + motion.duration


def find_decoded(path: Path) -> list[DecodedStory]:
    """The decode folder at `path`, or all of those below RUN/decoded.

    Raises
    ------
    UserError
        When there is none, with the command that makes one.
    """
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; give a decode folder or a run folder")
    places = [path / "manifest.json", *sorted((path / "decoded").rglob("manifest.json"))]
    manifests = [(place.parent, read_json(place)) for place in places if place.is_file()]
    manifests = [(p, m) for p, m in manifests if isinstance(m, dict) and m.get("kind") == "decode"]
    if not manifests:
        raise UserError(
            f"{path}: holds no decoded story; first run: "
            f"python -m fmri2ges decode {path} --subject S --story K --out {path / 'decoded' / 'K'}"
        )
    files = {str(m.get("study") or "") for _, m in manifests}
    studies = {file: _open_study(Path(file)) for file in files if Path(file).is_file()}
    return [DecodedStory(p, m, studies.get(str(m.get("study") or ""))) for p, m in manifests]


def _open_study(file: Path) -> Study:
    from ..demo.cache import DemoStudy, cache_folder

    # The demo's study makes its held-out gestures when they are first asked for.
    return DemoStudy.open() if file.parent == cache_folder().resolve() else load_study(file)

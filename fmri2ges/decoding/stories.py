"""A decoded result with its study, which has the words heard and, if simulated, the true gesture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from shlex import quote

from ..config import from_dict
from ..data.atomic import read_json
from ..data.motion.npz import read_motion
from ..data.study.folds import StoryBlocks
from ..data.study.model import RecordingSource, Study
from ..demo.opener import has_study, name_of_study, open_study
from ..errors import UserError
from ..evaluation.gesture import LEAST_SHARED
from ..evaluation.rows import Setting
from ..provenance import digest_file
from ..request import DEMO
from ..results import Decoded
from ..storage.decoded import KIND, load_decoded
from ..types import Motion, Words
from .proof import name_of_file


@dataclass(frozen=True)
class DecodedStory:
    """A decoded result and its study.

    Parameters
    ----------
    decoded : the result
    study : None where its file is not there any more; then nothing can be compared
    """

    decoded: Decoded
    study: Study | None

    @property
    def story(self) -> str:
        """Name of the story."""
        return self.decoded.request.story

    @property
    def subject(self) -> str:
        """Whose BOLD was decoded."""
        return self.decoded.request.subject

    @property
    def motions(self) -> dict[str, Motion]:
        """The decoded motion of each branch."""
        return self.decoded.motions

    @property
    def simulated(self) -> bool:
        """Whether the brain data are simulated."""
        return self.decoded.simulated

    @property
    def span(self) -> tuple[float, float]:
        """Start and stop of the decoded stretch, seconds."""
        motion = next(iter(self.motions.values()))
        return motion.start, motion.start + motion.duration

    @cached_property
    def source(self) -> RecordingSource | None:
        """The recording's source in the study."""
        return None if self.study is None else self.study.recording(self.subject, self.story)

    @cached_property
    def heard(self) -> Words | None:
        """The words that the subject heard."""
        if self.study is None or self.source is None:
            return None
        return self.study.read_words(self.source)

    @cached_property
    def reference(self) -> Motion | None:
        """The gesture made to this story in a simulated study (evaluation and display only).

        None too where the stretch that was decoded lies outside of it: a scan begins before its story.
        """
        made = None if self.study is None else self.study.truth(self.story)
        return made if made is not None and made.shares(*self.span, LEAST_SHARED) else None

    @cached_property
    def rerendition(self) -> Motion | None:
        """A second performance of the same text by the same speaker: how alike real gestures are."""
        return None if self.study is None else rerendition_of(self.study, self.story)

    @cached_property
    def changed(self) -> str:
        """In words how the files that were decoded from differ from those of the study now; empty where they do not.

        Those of the demo do not change.
        """
        if self.study is None or self.source is None or name_of_study(self.study) == DEMO:
            return ""
        made, digest_of = self.decoded.manifest, cache(digest_file)
        there = {name_of_file(file, self.study.root): file for file in self.source.files}
        digests: dict[str, str] = made.get("digests") or {}
        other = [name for name, file in there.items() if name in digests and digest_of(file) != digests[name]]
        if other:
            return f"{', '.join(other)} {'has' if len(other) == 1 else 'have'} changed"
        if made.get("recording") in (None, self.study.digest(self.source, digest_of)):
            return ""
        return "the study file says something else about its recording"

    @property
    def joins(self) -> tuple[float, ...]:
        """Where models of one fold hand over to those of the next, see `joins_of`."""
        return () if self.heard is None else joins_of(self.decoded, self.heard)

    @property
    def setting(self) -> Setting:
        """What must be equal in stories whose scores are averaged."""
        request = self.decoded.request
        return Setting(request.subject, request.rois, request.samples)


def joins_of(decoded: Decoded, heard: Words) -> tuple[float, ...]:
    """Where models of one fold hand over to those of the next, seconds; empty where the same decoded the whole story.

    Parameters
    ----------
    decoded : a result
    heard : the words of the story; the clock of folds begins with the first
    """
    blocks = decoded.manifest.get("blocks")
    if not blocks or not len(heard):
        return ()
    return tuple(float(heard.start[0]) + border for border in from_dict(StoryBlocks, blocks, "blocks").borders)


def rerendition_of(study: Study, story: str) -> Motion | None:
    """A second performance of a story's text by the same speaker, which a simulated study has; else None."""
    if study.truth(story) is None:
        return None
    file = study.root / "truth" / f"{story}.rerendition.npz"
    return read_motion(file) if file.is_file() else None


def story_of(decoded: Decoded, study: Study | None = None) -> DecodedStory:
    """A result with its study, which is opened where it is not given and its file is still there."""
    file = decoded.manifest.get("study")
    if study is None and has_study(file):
        study = open_study(file)
    return DecodedStory(decoded, study)


def load_stories(path) -> list[DecodedStory]:
    """The decoded result in the folder `path`, or all of those below RUN/decoded, each with its study.

    Raises
    ------
    UserError
        When there is none, with the command that makes one.
    """
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; give a decode folder or a run folder")
    files = [path / "manifest.json", *sorted((path / "decoded").rglob("manifest.json"))]
    manifests = [(file.parent, read_json(file)) for file in files if file.is_file()]
    folders = [folder for folder, m in manifests if isinstance(m, dict) and m.get("kind") == KIND]
    if not folders:
        raise UserError(
            f"{path}: holds no decoded story; first run: "
            f"fmri2ges decode {quote(str(path))} --subject S --story K --out {quote(str(path / 'decoded' / 'K'))}"
        )
    studies: dict[str, Study | None] = {}  # each file is read once
    stories = []
    for decoded in map(load_decoded, folders):
        file = str(decoded.manifest.get("study") or "")
        if file not in studies:
            studies[file] = story_of(decoded).study
        stories.append(DecodedStory(decoded, studies[file]))
    return stories

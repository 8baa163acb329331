"""The study file: which recordings and gesture clips there are, and how stories are split.

`load_study` reads the file and the words that it names, and reports every problem at once. The
rule that protects every later number stands here: a story, and its text, is in training or held
out, for all subjects and for both kinds of source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import UserError
from ...provenance import digest_file, digest_json, stamp_file
from ...types import GestureClip, Motion, Recording, Words

if TYPE_CHECKING:
    from ...brain.space import Space
    from ..bold.confounds import Confounds
    from ..bold.pycortex import PycortexSubject
    from ..bold.read import Bold
    from ..motion.imported import Imported
    from ..words.rows import WordsReport

UNREAD = ("subject", "story", "assumed")  # of a recording: nothing that is read depends on them


@dataclass(frozen=True)
class RecordingSource:
    """Where one {fMRI, text} recording lies; times in seconds.

    `mask` are the masks of a volume (voxels inside all of them count), `partner` is the other
    hemisphere of a surface where its name does not follow from `bold`; `pycortex` takes voxels to
    fsaverage5. `events` and `stim` say when
    the story starts in the scan, for words that count from the start of its audio. `rows` are the first volume of
    the story and the one after its last, where the scan holds more; `first_volume_at` belongs to the first of them.
    `assumed` says what the study file leaves to the format. `confounds` are regressed out;
    `ignore_header_tr` is for files whose header states another `tr`, wrongly.
    """

    subject: str
    story: str
    bold: Path
    tr: float
    first_volume_at: float
    words: Path
    tier: str | None = None
    columns: tuple[str, ...] = ()
    scale: float = 1.0
    mask: tuple[Path, ...] = ()
    partner: Path | None = None
    events: Path | None = None
    stim: str | None = None
    pycortex: PycortexSubject | None = None
    rows: tuple[int, int | None] | None = None
    assumed: str = ""
    confounds: Confounds | None = None
    ignore_header_tr: bool = False

    @property
    def words_key(self) -> tuple:
        """What decides the words: arguments of `words.files.read_words`."""
        return self.words, self.tier, self.events, self.stim

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that decides what is read of this recording, the BOLD first."""
        more = () if self.pycortex is None else self.pycortex.files()
        regressed = None if self.confounds is None else self.confounds.file
        named = (self.bold, self.partner, *self.mask, self.words, self.events, regressed, *more)
        return tuple(dict.fromkeys(file for file in named if file is not None))

    def stamp(self) -> str:
        """What changes when one of the files is written anew or the study file reads it otherwise; reads no file."""
        return digest_json([repr(self), [stamp_file(file) for file in self.files]])

    def digest(self, digest_of: Callable[[Path], str] = digest_file) -> str:
        """SHA-256 of all that decides what is read: the bytes of the files and what the study file says about them.

        Where the files lie, and how they are called, does not matter.

        Parameters
        ----------
        digest_of : SHA-256 of the bytes of a file
        """
        told = {f.name: _told(getattr(self, f.name), digest_of) for f in fields(self) if f.name not in UNREAD}
        return digest_json(told)

    def read_bold(self) -> Bold:
        """Detrended, z-scored BOLD of the story; see `bold.read.read_bold`."""
        from ..bold.read import read_bold

        tr = None if self.ignore_header_tr else self.tr
        where = (self.bold, self.columns, self.scale, self.mask, self.partner)
        bold = read_bold(*where, tr, self.pycortex, self.confounds)
        return bold if self.rows is None else _cut(bold, *self.rows, self.bold)

    def read_halves(self) -> tuple[Bold, Bold, int] | None:
        """Where the story was heard several times: two halves of the repeats as `read_bold`, and the number of repeats.

        None where the file holds no repeats.
        """
        from ..bold.read import open_halves, read_series

        found = open_halves(self.bold, self.mask, self.pycortex)
        if found is None:
            return None
        tr = None if self.ignore_header_tr else self.tr
        first, second = (read_series(s, self.bold, self.scale, tr, self.confounds) for s in (found.first, found.second))
        if self.rows is not None:
            first, second = (_cut(half, *self.rows, self.bold) for half in (first, second))
        return first, second, found.repeats

    def space(self) -> Space:
        """Where the columns lie, without reading the BOLD."""
        from ..bold.read import open_bold

        return open_bold(self.bold, self.columns, self.mask, self.partner, self.pycortex).space_of_columns


def _told(value, digest_of: Callable[[Path], str]):
    """A value of a recording's source without paths, for JSON."""
    from ..bold.pycortex import PycortexSubject

    if isinstance(value, PycortexSubject):
        return [digest_of(file) for file in value.files()]
    if isinstance(value, Path):
        return digest_of(value)
    if is_dataclass(value):
        return {f.name: _told(getattr(value, f.name), digest_of) for f in fields(value)}
    return [_told(v, digest_of) for v in value] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class GestureSource:
    """Where one {text, gesture} clip lies; the clip's name counts as its story in the split.

    `skeleton` is the mapping file of a BVH whose rig is not known.
    """

    clip: str
    motion: Path
    words: Path
    speaker: str
    tier: str | None = None
    skeleton: Path | None = None

    @property
    def words_key(self) -> tuple:
        """What decides the words: arguments of `words.files.read_words`."""
        return self.words, self.tier, None, None

    def import_motion(self) -> Imported:
        """The motion and how its file was understood."""
        from ..motion.files import import_motion_file

        return import_motion_file(self.motion, self.skeleton)


@dataclass(frozen=True)
class Split:
    """What is held out: whole stories, or contiguous folds inside a single story."""

    test_stories: tuple[str, ...] = ()
    validation_stories: tuple[str, ...] = ()
    within_story_folds: int = 0
    gap: float = 16.0  # seconds on both sides of a test block


@dataclass(frozen=True)
class Study:
    """A validated study; see `load_study`. What it keeps of a file is read anew when the file changes."""

    name: str
    simulated: bool
    path: Path
    recordings: tuple[RecordingSource, ...]
    gestures: tuple[GestureSource, ...]
    split: Split
    _words: dict = field(default_factory=dict, repr=False, compare=False)

    @property
    def root(self) -> Path:
        """The folder of the study file."""
        return self.path.parent

    @property
    def subjects(self) -> tuple[str, ...]:
        """All subjects with a recording, in the order of the file."""
        return tuple(dict.fromkeys(r.subject for r in self.recordings))

    @property
    def stories(self) -> tuple[str, ...]:
        """All stories with a recording, in the order of the file."""
        return tuple(dict.fromkeys(r.story for r in self.recordings))

    @property
    def train_stories(self) -> tuple[str, ...]:
        """Stories with a recording that are neither test nor validation."""
        held_out = {*self.split.test_stories, *self.split.validation_stories}
        return tuple(s for s in self.stories if s not in held_out)

    @property
    def train_gestures(self) -> tuple[GestureSource, ...]:
        """Clips that are neither test nor validation."""
        held_out = {*self.split.test_stories, *self.split.validation_stories}
        return tuple(g for g in self.gestures if g.clip not in held_out)

    def recording(self, subject: str, story: str) -> RecordingSource:
        """The source of one recording; a `UserError` names what there is."""
        for source in self.recordings:
            if (source.subject, source.story) == (subject, story):
                return source
        if subject not in self.subjects:
            raise UserError(f"subject: {subject!r} is not in study {self.name!r}; allowed: {', '.join(self.subjects)}")
        heard = ", ".join(r.story for r in self.recordings if r.subject == subject)
        raise UserError(f"story: {subject} has no recording of {story!r}; allowed: {heard}")

    def stamp(self, source: RecordingSource) -> str:
        """What changes when the files of a recording do, see `RecordingSource.stamp`."""
        return source.stamp()

    def digest(self, source: RecordingSource, digest_of: Callable[[Path], str] = digest_file) -> str:
        """SHA-256 of all that decides what is read of a recording, see `RecordingSource.digest`."""
        return source.digest(digest_of)

    def read_words(self, source: RecordingSource | GestureSource) -> Words:
        """The words of a recording or a clip (each file is read once); a `UserError` where one of them is wrong."""
        return self.words_report(source).checked()

    def words_report(self, source: RecordingSource | GestureSource) -> WordsReport:
        """The words with all problems and notes of their file; a `UserError` where it cannot be read at all."""
        key = source.words_key
        stamps = [stamp_file(file) for file in key if isinstance(file, Path)]
        if key not in self._words or self._words[key][0] != stamps:
            from ..words.files import report

            self._words[key] = stamps, report(*key)
        return self._words[key][1]

    def read_recording(self, source: RecordingSource) -> Recording:
        """Detrended, z-scored BOLD with its words."""
        return as_recording(source, source.read_bold(), self.read_words(source))

    def truth(self, story: str) -> Motion | None:
        """The gesture of a held-out story of a simulated study: for evaluation and display only."""
        from ..motion.files import read_motion_file

        path = self.root / "truth" / f"{story}.npz"
        return read_motion_file(path) if self.simulated and path.is_file() else None

    @property
    def truth_files(self) -> tuple[Path, ...]:
        """The files with gestures of held-out stories that a simulated study has; empty for a real one."""
        names = (f"{story}{kind}.npz" for story in self.stories for kind in ("", ".rerendition"))
        files = (self.root / "truth" / name for name in names)
        return tuple(file for file in files if file.is_file()) if self.simulated else ()

    def read_clip(self, source: GestureSource) -> GestureClip:
        """Motion with the words spoken."""
        return GestureClip(source.clip, source.speaker, source.import_motion().motion, self.read_words(source))


def _cut(bold: Bold, first: int, after: int | None, path: Path) -> Bold:
    """Some volumes of a scan, detrended and z-scored by themselves.

    The trend of the whole scan is quadratic, and so is what it leaves in a part of it: without confounds the result is
    the one that a file of these volumes alone would give. Confounds were regressed out over the whole scan.
    """
    from ..bold.clean import clean

    n_volumes = len(bold.data)
    if first >= n_volumes:
        raise UserError(
            f"{path}: has {n_volumes} volumes, but the story begins at volume {first + 1}; check tr, first_volume_at "
            "and events"
        )
    part = bold.data[first:after].copy()
    rows = first + np.arange(len(part))
    part[(rows < bold.n_start) | (rows >= n_volumes - bold.n_end)] = np.nan  # masked again
    found = clean(part, f"{path}, volumes of the story", part)
    dropped = found.n_nan + found.n_constant - bold.n_nan
    return replace(bold, data=part, n_constant=dropped, n_start=found.n_start, n_end=found.n_end)


def as_recording(source: RecordingSource, bold: Bold, words: Words) -> Recording:
    """BOLD and words that have been read, as one value."""
    return Recording(source.subject, source.story, bold.data, source.tr, source.first_volume_at, words, bold.space)


def sources(study: Study) -> Iterator[tuple[str, str, RecordingSource | GestureSource]]:
    """(label for messages, story or clip, source) of every recording and clip."""
    for source in study.recordings:
        yield f"recording {source.subject}/{source.story}", source.story, source
    for clip in study.gestures:
        yield f"gesture {clip.clip}", clip.clip, clip

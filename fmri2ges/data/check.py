"""`check`: read everything that a study names and say what was understood and what is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import UserError
from ..types import Words
from .bold import Bold
from .study import RecordingSource, Study, read_motion_file, shared_text, sources, word_problems
from .study_file import parse_study

# Words may lack BOLD at the ends of a story (volumes cut while the signal settles); more than this
# many seconds point to a wrong TR, a wrong onset or the wrong words.
MAX_UNCOVERED = 30.0


@dataclass(frozen=True)
class RecordingFacts:
    """What was read of one recording; times in seconds."""

    subject: str
    story: str
    space: str
    tr: float
    first_volume_at: float
    n_volumes: int
    n_columns: int
    n_nan: int
    n_constant: int

    @property
    def place(self) -> str:
        """The space in words; tables of other ROIs are other spaces."""
        return f"table of {self.n_columns} ROIs" if self.space == "table" else self.space


@dataclass(frozen=True)
class ClipFacts:
    """What was read of one gesture clip."""

    clip: str
    speaker: str
    seconds: float
    fps: float
    n_joints: int


@dataclass(frozen=True)
class TextFacts:
    """Counts over all texts of one kind."""

    n_texts: int
    n_words: int
    n_different: int
    seconds: float


@dataclass(frozen=True)
class Checked:
    """What a study holds.

    Parameters
    ----------
    study : Study, or None when the file could not be read
    problems : errors, one line each; training and decoding refuse while there is one
    notes : what is unusual but usable, one line each
    summary : what was understood, one line each
    recordings, clips : facts of every source that could be read
    """

    study: Study | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    summary: tuple[str, ...]
    recordings: tuple[RecordingFacts, ...] = ()
    clips: tuple[ClipFacts, ...] = ()


def check_study(path, progress=None) -> Checked:
    """Read every source of a study file and collect all problems, notes and a summary."""
    study, problems = parse_study(path)
    if study is None:
        return Checked(None, tuple(problems), (), ())
    problems += [*word_problems(study), *shared_text(study)]
    notes: list[str] = []
    recordings: list[RecordingFacts] = []
    clips: list[ClipFacts] = []
    entries = list(sources(study))
    for k, (label, _, source) in enumerate(entries):
        if progress is not None:
            progress(k / len(entries), label)
        try:
            if isinstance(source, RecordingSource):
                bold = source.read_bold()
                recordings.append(_facts(source, bold))
                notes += _dropped(label, bold)
                start = source.first_volume_at - source.tr / 2
                stop = start + source.tr * len(bold.data)
                what = f"BOLD ({len(bold.data)} volumes x {source.tr:g} s)"
                fix = "check tr, first_volume_at and words"
                del bold  # before the next one is read
            else:
                motion = read_motion_file(source.motion)
                clips.append(ClipFacts(source.clip, source.speaker, motion.duration, motion.fps, len(motion.skeleton)))
                start, stop = motion.start, motion.start + motion.duration
                what = f"motion ({motion.n_frames} frames at {motion.fps:g} per second)"
                fix = "check that both files belong together"
        except UserError as error:
            problems.append(str(error))
            continue
        try:
            words = study.read_words(source)
        except UserError:
            continue  # word_problems has reported it
        problem, note = _coverage(label, what, start, stop, words, fix)
        problems += problem
        notes += note
    problems += _column_problems(study, recordings)
    problems = list(dict.fromkeys(problems))
    return Checked(
        study, tuple(problems), tuple(notes), tuple(_summary(study, recordings, clips)), tuple(recordings), tuple(clips)
    )


def checked_to_dict(checked: Checked) -> dict:
    """What `check` found as plain values for JSON; times in seconds, nothing where the file could not be read."""
    out: dict = {key: list(getattr(checked, key)) for key in ("problems", "notes", "summary")}
    out["ok"] = not checked.problems
    study = checked.study
    if study is None:
        return out
    heard, spoken = _texts(study, study.recordings), _texts(study, study.gestures)
    return out | {
        "name": study.name,
        "simulated": study.simulated,
        "file": str(study.path),
        "subjects": list(study.subjects),
        "stories": list(study.stories),
        "recordings": [asdict(r) for r in checked.recordings],
        "clips": [asdict(c) for c in checked.clips],
        "minutes": {
            "bold": _minutes(checked.recordings),
            "gesture": sum(c.seconds for c in checked.clips) / 60,
            "words_heard": heard.seconds / 60,
            "words_spoken": spoken.seconds / 60,
        },
        "words": {"heard": asdict(heard), "spoken": asdict(spoken)},
        "split": {
            "train": list(study.train_stories) if not study.split.within_story_folds else [],
            "validation": list(study.split.validation_stories),
            "test": list(study.split.test_stories),
            "within_story_folds": study.split.within_story_folds,
            "gap": study.split.gap,
        },
    }


def _facts(source: RecordingSource, bold: Bold) -> RecordingFacts:
    return RecordingFacts(
        source.subject, source.story, bold.space, source.tr, source.first_volume_at, *bold.data.shape, bold.n_nan, bold.n_constant
    )


def _column_problems(study: Study, recordings: list[RecordingFacts]) -> list[str]:
    """Recordings that cannot stand in one study: other spaces, or other voxels within a subject."""
    problems = []
    places = _counted(r.place for r in recordings)
    if len({r.space for r in recordings}) > 1:
        problems.append(f"{study.path.name}: recordings lie in different spaces ({', '.join(places)}); use one space per study")
    first: dict[str, RecordingFacts] = {}
    for r in recordings:
        other = first.setdefault(r.subject, r)
        if r.space == other.space and r.n_columns != other.n_columns:
            problems.append(
                f"recording {r.subject}/{r.story}: has {r.n_columns} columns, but {other.story} of the same subject has "
                f"{other.n_columns}; give all stories of a subject the same ROIs or mask"
            )
    return problems


def _counted(names) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _minutes(recordings) -> float:
    return sum(r.n_volumes * r.tr for r in recordings) / 60


def _dropped(label: str, bold: Bold) -> list[str]:
    if not bold.n_nan and not bold.n_constant:
        return []
    names = f": {', '.join(bold.dropped)}" if bold.columns else ""
    return [
        f"{label}: of {bold.data.shape[1]} columns {bold.n_nan} hold NaN and {bold.n_constant} do not vary; "
        f"they count as zero{names}"
    ]


def _coverage(label: str, what: str, start: float, stop: float, words: Words, fix: str) -> tuple[list[str], list[str]]:
    """(problems, notes) where words lie outside the seconds that were recorded."""
    if not len(words):
        return [], []
    end = float((words.start + words.duration).max())
    early, late = start - float(words.start[0]), end - stop
    outside = int(((words.start < start) | (words.start >= stop)).sum())
    line = (
        f"{label}: {what} covers {start:.1f} to {stop:.1f} s, the words {float(words.start[0]):.1f} to {end:.1f} s: "
        f"{outside} of {len(words)} words lie outside"
    )
    if max(early, late) > MAX_UNCOVERED:
        return [f"{line}; {fix}"], []
    return [], [line] if outside else []


def _summary(study: Study, recordings: list[RecordingFacts], clips: list[ClipFacts]) -> list[str]:
    lines = [f"study {study.name!r} ({'simulated' if study.simulated else 'real'}), {study.path.name}"]
    if study.recordings:
        trs = sorted({r.tr for r in study.recordings})
        places = " and ".join(f"{place} ({n})" for place, n in _counted(r.place for r in recordings).items())
        lines.append(
            f"{{text, fMRI}}: {len(study.recordings)} recordings, {len(study.subjects)} subjects, {len(study.stories)} stories, "
            f"TR {', '.join(f'{t:g}' for t in trs)} s, {places or 'none readable'}, {_minutes(recordings):.1f} minutes of BOLD"
        )
        voxels = sorted({r.n_columns for r in recordings if r.space == "voxels"})
        if voxels:
            lines.append(f"voxels: {voxels[0]}" + (f" to {voxels[-1]} by subject" if len(voxels) > 1 else " each"))
        lines.append(_words_line("words heard", _texts(study, study.recordings)))
    if study.gestures:
        speakers = {g.speaker for g in study.gestures}
        rates = sorted({round(c.fps, 3) for c in clips})
        lines.append(
            f"{{text, gesture}}: {len(study.gestures)} clips, {len(speakers)} speakers, {sum(c.seconds for c in clips) / 60:.1f} minutes, "
            f"{', '.join(f'{r:g}' for r in rates) or 'no'} frames per second"
        )
        lines.append(_words_line("words spoken", _texts(study, study.gestures)))
    split = study.split
    if split.within_story_folds:
        lines.append(f"split: {split.within_story_folds} folds inside the story, {split.gap:g} s gap")
    elif study.recordings:
        lines.append(
            f"split: {len(study.train_stories)} stories train, {len(split.validation_stories)} validation, {len(split.test_stories)} test"
        )
    return lines


def _texts(study: Study, chosen) -> TextFacts:
    texts: dict[tuple[Path, str | None], Words] = {}
    for source in chosen:
        try:
            texts[source.words, source.tier] = study.read_words(source)
        except UserError:
            continue  # reported among the problems
    seconds = sum(float((w.start + w.duration).max() - w.start[0]) for w in texts.values() if len(w))
    return TextFacts(len(texts), sum(map(len, texts.values())), len({t for w in texts.values() for t in w.text}), seconds)


def _words_line(title: str, texts: TextFacts) -> str:
    return f"{title}: {texts.n_texts} texts, {texts.n_words} words, {texts.seconds / 60:.1f} minutes, {texts.n_different} different words"

"""`check`: read everything that a study names and say what was understood and what is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from ...errors import UserError, one_line
from ...types import Words
from ..bold.read import Bold
from .clocks import ClockFacts, clock_facts
from .facts import ClipFacts, RecordingFacts, counted, minutes, summary_lines, text_facts
from .file import parse_study
from .load import shared_text, word_notes, word_problems
from .model import GestureSource, RecordingSource, Study, as_recording, sources

# Words may lack BOLD at the ends of a story (volumes cut while the signal settles); more than this
# many seconds point to a wrong TR, a wrong onset or the wrong words.
MAX_UNCOVERED = 30.0
SHOWN = 3  # clips with one and the same problem that are named


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
    clocks : the clock check of the first long enough story of each subject
    """

    study: Study | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    summary: tuple[str, ...]
    recordings: tuple[RecordingFacts, ...] = ()
    clips: tuple[ClipFacts, ...] = ()
    clocks: tuple[ClockFacts, ...] = ()


@dataclass
class _Findings:
    """What is collected while the sources are read."""

    study: Study
    problems: list[str]
    notes: list[str] = field(default_factory=list)
    recordings: list[RecordingFacts] = field(default_factory=list)
    clips: list[ClipFacts] = field(default_factory=list)
    clocks: dict[str, ClockFacts] = field(default_factory=dict)
    # Problems of motion files, as (whether the clip's own file is named in front, text) -> the clips.
    motions: dict[tuple[bool, str], list[GestureSource]] = field(default_factory=dict)
    bold_notes: dict[str, list[str]] = field(default_factory=dict)  # what is unusual in BOLD -> its recordings


def check_study(path, progress=None) -> Checked:
    """Read every source of a study file and collect all problems, notes and a summary."""
    study, problems = parse_study(path)
    if study is None:
        return Checked(None, tuple(problems), (), ())
    found = _Findings(study, [*problems, *word_problems(study), *shared_text(study)])
    entries = list(sources(study))
    for k, (label, _, source) in enumerate(entries):
        if progress is not None:
            progress(k / len(entries), label)
        (_check_recording if isinstance(source, RecordingSource) else _check_clip)(found, label, source)
    problems = [*found.problems, *_motion_problems(found.motions), *_column_problems(study, found.recordings)]
    clocks = tuple(found.clocks.values())
    notes = [
        *(note for c in clocks if (note := c.note)),
        *_shared_notes(found.bold_notes),
        *found.notes,
        *word_notes(study),
    ]
    return Checked(
        study,
        tuple(dict.fromkeys(problems)),
        tuple(dict.fromkeys(notes)),
        tuple(summary_lines(study, found.recordings, found.clips)),
        tuple(found.recordings),
        tuple(found.clips),
        clocks,
    )


def checked_to_dict(checked: Checked) -> dict:
    """What `check` found as plain values for JSON; times in seconds, nothing where the file could not be read."""
    out: dict = {key: list(getattr(checked, key)) for key in ("problems", "notes", "summary")}
    out["ok"] = not checked.problems
    study = checked.study
    if study is None:
        return out
    heard, spoken = text_facts(study, study.recordings), text_facts(study, study.gestures)
    return out | {
        "name": study.name,
        "simulated": study.simulated,
        "file": str(study.path),
        "subjects": list(study.subjects),
        "stories": list(study.stories),
        "recordings": [asdict(r) for r in checked.recordings],
        "clips": [asdict(c) for c in checked.clips],
        "clocks": [asdict(c) for c in checked.clocks],
        "minutes": {
            "bold": minutes(checked.recordings),
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


def _check_recording(found: _Findings, label: str, source: RecordingSource) -> None:
    words = _words(found.study, source)
    try:
        bold = source.read_bold()
    except UserError as error:
        found.problems.append(str(error))
        return
    n_words = None if words is None else len(words)
    timing = (source.tr, source.first_volume_at)
    facts = RecordingFacts(
        source.subject,
        source.story,
        bold.space.kind,
        *timing,
        *bold.data.shape,
        bold.n_nan,
        bold.n_constant,
        n_words,
        bold.note,
        bold.space.place,
        bold.space.own_columns,
    )
    found.recordings.append(facts)
    found.notes += _dropped(label, bold)
    for note in (*bold.notes, *_confounds(bold)):
        found.bold_notes.setdefault(note, []).append(label)
    if not words:
        return
    start = source.first_volume_at - source.tr / 2
    stop = start + source.tr * len(bold.data)
    what = f"BOLD ({len(bold.data)} volumes x {source.tr:g} s)"
    covered = _coverage(found, label, what, start, stop, words, "check tr, first_volume_at and words")
    if covered and source.subject not in found.clocks:
        clock = clock_facts(as_recording(source, bold, words))
        if clock is not None:
            found.clocks[source.subject] = clock


def _check_clip(found: _Findings, label: str, source: GestureSource) -> None:
    words = _words(found.study, source)
    try:
        imported = source.import_motion()
    except UserError as error:
        line, own = str(error), f"{source.motion}: "
        found.motions.setdefault((line.startswith(own), line.removeprefix(own)), []).append(source)
        return
    motion = imported.motion
    n_words = None if words is None else len(words)
    taken = (imported.mapping.source, imported.describe())
    found.clips.append(
        ClipFacts(source.clip, source.speaker, motion.duration, motion.fps, len(motion.skeleton), *taken, n_words)
    )
    found.notes += [f"{source.motion}: {note}" for note in imported.axes.notes]
    if words:
        what = f"motion ({motion.n_frames} frames at {motion.fps:g} per second)"
        stop = motion.start + motion.duration
        _coverage(found, label, what, motion.start, stop, words, "check that both files belong together")


def _words(study: Study, source) -> Words | None:
    try:
        return study.read_words(source)
    except UserError:
        return None  # word_problems has reported it


def _motion_problems(motions: dict[tuple[bool, str], list[GestureSource]]) -> list[str]:
    """One line per problem of motion files; clips that share it are named together."""
    lines = []
    for (own, text), clips in motions.items():
        line = f"{clips[0].motion}: {text}" if own else text
        if len(clips) > 1:
            others = ", ".join(c.clip for c in clips[1 : SHOWN + 1]) + (", ..." if len(clips) > SHOWN + 1 else "")
            line += f" (the same in {len(clips) - 1} more clips: {others})"
        lines.append(line)
    return lines


def _shared_notes(notes: dict[str, list[str]]) -> list[str]:
    """One line per note on BOLD; recordings that share it are counted."""
    more = {text: f" and {len(labels) - 1} more" if len(labels) > 1 else "" for text, labels in notes.items()}
    return [f"{labels[0]}{more[text]}: {text}" for text, labels in notes.items()]


def _confounds(bold: Bold) -> list[str]:
    """What was regressed out, where the study asks for it."""
    if not bold.confounds:
        return []
    n, names = len(bold.confounds), one_line(", ".join(bold.confounds))
    return [f"{n} confound{'s' if n > 1 else ''} regressed out together with the trend: {names}"]


def _column_problems(study: Study, recordings: list[RecordingFacts]) -> list[str]:
    """Recordings that cannot stand in one study: other spaces, or other voxels within a subject."""
    problems = []
    places = counted(r.place for r in recordings)
    if len({r.space for r in recordings}) > 1:
        problems.append(
            f"{study.path.name}: recordings lie in different spaces ({', '.join(places)}); use one space per study"
        )
    first: dict[str, RecordingFacts] = {}
    for r in recordings:
        other = first.setdefault(r.subject, r)
        if r.space == other.space and r.n_columns != other.n_columns:
            problems.append(
                f"recording {r.subject}/{r.story}: has {r.n_columns} columns, but {other.story} of the same subject has "
                f"{other.n_columns}; give all stories of a subject the same ROIs or mask"
            )
    return problems


def _dropped(label: str, bold: Bold) -> list[str]:
    if not bold.n_nan and not bold.n_constant:
        return []
    names = f": {', '.join(bold.dropped)}" if bold.columns else ""
    return [
        f"{label}: of {bold.data.shape[1]} columns {bold.n_nan} hold NaN and {bold.n_constant} do not vary; "
        f"they count as zero{names}"
    ]


def _coverage(found: _Findings, label: str, what: str, start: float, stop: float, words: Words, fix: str) -> bool:
    """Report words outside the seconds that were recorded; False where that is a problem and not only a note."""
    end = float((words.start + words.duration).max())
    early, late = start - float(words.start[0]), end - stop
    outside = int(((words.start < start) | (words.start >= stop)).sum())
    line = (
        f"{label}: {what} covers {start:.1f} to {stop:.1f} s, the words {float(words.start[0]):.1f} to {end:.1f} s: "
        f"{outside} of {len(words)} words lie outside"
    )
    if max(early, late) > MAX_UNCOVERED:
        found.problems.append(f"{line}; {fix}")
        return False
    if outside:
        found.notes.append(line)
    return True

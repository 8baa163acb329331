"""`check`: read everything that a study names and say what was understood and what is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

import numpy as np

from ...brain.space import Space
from ...errors import UserError, one_line
from ...motion.amount import OWN_T2G_SECONDS
from ...types import Recording, Words
from ...work import QUIET, Work
from ..bold.formats import noise_ceiling_of
from ..bold.read import Bold
from ..motion.files import read_motion_file
from .clocks import ClockFacts, clock_facts
from .facts import ClipFacts, RecordingFacts, counted, minutes, summary_lines, t2g_plan, text_facts
from .file import parse_study
from .folds import StoryBlocks
from .lengths import (
    BOLD,
    MOTION,
    SLOWEST_TR,
    Comparison,
    Stretch,
    Verdict,
    bold_cause,
    compare,
    motion_cause,
)
from .load import assumed_timing, gap_notes, shared_text, tr_problems, training_problems, word_notes, word_problems
from .model import GestureSource, RecordingSource, Study, as_recording, sources

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


@dataclass(frozen=True)
class _Columns:
    """The columns of the first recording of a subject, which those of all others must have."""

    story: str
    space: Space


@dataclass
class _Findings:
    """What is collected while the sources are read."""

    study: Study
    problems: list[str]
    notes: list[str] = field(default_factory=list)
    recordings: list[RecordingFacts] = field(default_factory=list)
    clips: list[ClipFacts] = field(default_factory=list)
    clocks: dict[str, ClockFacts] = field(default_factory=dict)
    # Problems and notes of motion files, as (whether the clip's own file is named in front, text) -> the clips.
    motions: dict[tuple[bool, str], list[GestureSource]] = field(default_factory=dict)
    motion_notes: dict[tuple[bool, str], list[GestureSource]] = field(default_factory=dict)
    columns: dict[str, _Columns] = field(default_factory=dict)  # of each subject
    bold_notes: dict[str, list[str]] = field(default_factory=dict)  # what is unusual in BOLD -> its recordings
    heard: list[Recording] = field(default_factory=list)  # without their BOLD

    def add(self, found: Comparison) -> None:
        """Keep what a comparison of lengths found."""
        if found.verdict is Verdict.PROBLEM:
            self.problems.append(found.line)
        elif found.verdict is Verdict.NOTE:
            self.notes.append(found.line)


def check_study(path, work: Work = QUIET) -> Checked:
    """Read every source of a study file and collect all problems, notes and a summary."""
    study, problems = parse_study(path)
    if study is None:
        return Checked(None, tuple(problems), (), ())
    of_study = (*training_problems(study), *tr_problems(study), *word_problems(study), *shared_text(study))
    found = _Findings(study, [*problems, *of_study])
    entries = list(sources(study))
    for k, (label, _, source) in enumerate(entries):
        work.report(k / len(entries), label)
        if isinstance(source, RecordingSource):
            _check_recording(found, label, source)
        else:
            _check_clip(found, label, source)
    problems = [*found.problems, *_by_clip(found.motions), *_column_problems(found), *_fold_problems(found)]
    problems += _truth_problems(study)
    clocks = tuple(found.clocks.values())
    notes = [
        *(note for c in clocks if (note := c.note)),
        *assumed_timing(study),
        *gap_notes(study),
        *_shared_notes(found.bold_notes),
        *found.notes,
        *_by_clip(found.motion_notes),
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


def _truth_problems(study: Study) -> list[str]:
    """What is wrong with the gestures of held-out stories, which nothing but the scores would read."""
    problems = []
    for file in study.truth_files:
        try:
            read_motion_file(file)
        except UserError as error:
            problems += str(error).splitlines()
    return problems


def checked_to_dict(checked: Checked) -> dict:
    """What `check` found as plain values for JSON; times in seconds, nothing where the file could not be read."""
    out: dict = {key: list(getattr(checked, key)) for key in ("problems", "notes", "summary")}
    out["ok"] = not checked.problems
    study = checked.study
    if study is None:
        return out
    t2g = t2g_plan(study, list(checked.clips))
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
        "t2g": {
            "trained_on": t2g.trained_on,
            "seconds": t2g.seconds,
            "needed": OWN_T2G_SECONDS,
            "note": t2g.describe(),
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
    n_volumes, n_columns = bold.data.shape
    facts = RecordingFacts(
        source.subject,
        source.story,
        bold.space.kind,
        source.tr,
        source.first_volume_at,
        n_volumes,
        n_columns,
        bold.n_nan,
        bold.n_constant,
        n_words,
        bold.note,
        bold.space.place,
        bold.space.own_columns,
    )
    found.recordings.append(facts)
    _check_columns(found, label, source, bold.space)
    found.notes += _ceiling(found, label, source)
    for note in (*_dropped(bold), *bold.notes, *_confounds(bold)):
        found.bold_notes.setdefault(note, []).append(label)
    if not words:
        if source.tr > SLOWEST_TR:
            found.problems.append(f"{label}: tr = {source.tr:g} is no repetition time in seconds: correct tr")
        return
    recording = as_recording(source, bold, words)
    found.heard.append(replace(recording, bold=bold.data[:, :0]))
    start = source.first_volume_at - source.tr / 2
    what = f"BOLD ({len(bold.data)} volumes x {source.tr:g} s)"
    stretch = Stretch(what, start, start + source.tr * len(bold.data), BOLD)
    lengths = compare(label, stretch, words, bold_cause(words, n_volumes, n_columns, source.tr))
    found.add(lengths)
    if lengths.verdict is not Verdict.PROBLEM and source.subject not in found.clocks:
        clock = clock_facts(recording)
        if clock is not None:
            found.clocks[source.subject] = clock


def _check_columns(found: _Findings, label: str, source: RecordingSource, space: Space) -> None:
    """A recording whose columns are not those of the first one of its subject."""
    first = found.columns.setdefault(source.subject, _Columns(source.story, space))
    if first.space.kind == space.kind and (differs := first.space.difference(space)):
        found.problems.append(
            f"{label}: has other columns than {first.story} of the same subject ({differs}); give all stories of a "
            "subject the same ROIs or mask, in one order"
        )


def _fold_problems(found: _Findings) -> list[str]:
    """Folds inside a story that training could not make."""
    split, problems = found.study.split, []
    if split.within_story_folds and found.heard:
        try:
            blocks = StoryBlocks.of(found.heard, split.within_story_folds, split.gap)
        except UserError as error:
            return [f"{found.study.path.name}: split: {error}"]
        for recording in found.heard:
            try:
                blocks.rows(recording)
            except UserError as error:
                problems.append(str(error))
    return problems


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
        ClipFacts(
            source.clip,
            source.speaker,
            motion.duration,
            motion.fps,
            len(motion.skeleton),
            *taken,
            n_words,
            imported.axes.units,
            imported.axes.up,
            imported.axes.yaw,
        )
    )
    for note in imported.all_notes:
        found.motion_notes.setdefault((True, note), []).append(source)
    if words:
        what = f"motion ({motion.n_frames} frames at {motion.fps:g} per second)"
        stretch = Stretch(what, motion.start, motion.start + motion.duration, MOTION)
        found.add(compare(label, stretch, words, motion_cause(words, motion.n_frames, motion.fps)))


def _words(study: Study, source) -> Words | None:
    try:
        return study.read_words(source)
    except UserError:
        return None  # word_problems has reported it


def _by_clip(motions: dict[tuple[bool, str], list[GestureSource]]) -> list[str]:
    """One line per problem or note of motion files; clips that share it are named together."""
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


def _ceiling(found: _Findings, label: str, source: RecordingSource) -> list[str]:
    """How well any model could do, where a story was heard several times; broken repeats are a problem."""
    try:
        ceiling = noise_ceiling_of(source.bold)
    except UserError as error:
        found.problems.append(str(error))
        return []
    if ceiling is None:
        return []
    known = ceiling[np.isfinite(ceiling)]
    mean = f"on average {known.mean():.2f}" if len(known) else "not known"
    return [
        f"{label}: holds repeats of the story: the highest r that a model can reach with their mean is {mean} "
        f"(noise ceiling over {len(known)} of {len(ceiling)} columns)"
    ]


def _column_problems(found: _Findings) -> list[str]:
    """Subjects that cannot stand in one study: in other spaces, or with other ROIs."""
    where, places = found.study.path.name, counted(r.place for r in found.recordings)
    if len({r.space for r in found.recordings}) > 1:
        return [f"{where}: recordings lie in different spaces ({', '.join(places)}); use one space per study"]
    subjects = list(found.columns.items())
    for subject, other in subjects[1:]:
        first, columns = subjects[0]
        if not columns.space.fits_with(other.space):
            return [
                f"{where}: subjects {first} and {subject} have other ROIs ({columns.space.difference(other.space)}); "
                "give all recordings the same columns in the same order"
            ]
    return []


def _dropped(bold: Bold) -> list[str]:
    """Columns that count as zero; where all recordings lack the same, as on a medial wall, that is one note."""
    if not bold.n_nan and not bold.n_constant:
        return []
    names = f": {', '.join(bold.dropped)}" if bold.columns else ""
    return [
        f"of {bold.data.shape[1]} columns {bold.n_nan} hold NaN and {bold.n_constant} do not vary; "
        f"they count as zero{names}"
    ]

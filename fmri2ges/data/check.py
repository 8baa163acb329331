"""`check`: read everything that a study names and say what was understood and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..types import Motion, Words
from .bold import Bold, read_bold
from .study import RecordingSource, Study, read_motion_file, shared_text, sources, word_problems
from .study_file import parse_study

# Words may lack BOLD at the ends of a story (volumes cut while the signal settles); more than this
# many seconds point to a wrong TR, a wrong onset or the wrong words.
MAX_UNCOVERED = 30.0


@dataclass(frozen=True)
class Checked:
    """What a study holds.

    Parameters
    ----------
    study : Study, or None when the file could not be read
    problems : errors, one line each; training and decoding refuse while there is one
    notes : what is unusual but usable, one line each
    summary : what was understood, one line each
    """

    study: Study | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    summary: tuple[str, ...]


def check_study(path, progress=None) -> Checked:
    """Read every source of a study file and collect all problems, notes and a summary."""
    study, problems = parse_study(path)
    if study is None:
        return Checked(None, tuple(problems), (), ())
    problems += [*word_problems(study), *shared_text(study)]
    notes: list[str] = []
    spaces: dict[str, int] = {}
    motions: list[Motion] = []
    entries = list(sources(study))
    for k, (label, _, source) in enumerate(entries):
        if progress is not None:
            progress(k / len(entries), label)
        try:
            if isinstance(source, RecordingSource):
                bold = read_bold(source.bold, source.columns, source.scale)
                space = f"table of {len(bold.columns)} ROIs" if bold.columns else "fsaverage5"
                spaces[space] = spaces.get(space, 0) + 1
                notes += _dropped(label, bold)
                start = source.first_volume_at - source.tr / 2
                stop = start + source.tr * len(bold.data)
                what = f"BOLD ({len(bold.data)} volumes x {source.tr:g} s)"
                fix = "check tr, first_volume_at and words"
            else:
                motion = read_motion_file(source.motion)
                motions.append(motion)
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
    if len({s.split(" of ")[0] for s in spaces}) > 1:
        problems.append(f"{study.path.name}: recordings lie in different spaces ({', '.join(spaces)}); use one space per study")
    problems = list(dict.fromkeys(problems))
    return Checked(study, tuple(problems), tuple(notes), tuple(_summary(study, spaces, motions)))


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


def _summary(study: Study, spaces: dict[str, int], motions: list[Motion]) -> list[str]:
    lines = [f"study {study.name!r} ({'simulated' if study.simulated else 'real'}), {study.path.name}"]
    if study.recordings:
        trs = sorted({r.tr for r in study.recordings})
        lines.append(
            f"{{text, fMRI}}: {len(study.recordings)} recordings, {len(study.subjects)} subjects, {len(study.stories)} stories, "
            f"TR {', '.join(f'{t:g}' for t in trs)} s, {' and '.join(f'{s} ({n})' for s, n in spaces.items()) or 'none readable'}"
        )
        lines.append(_words_line("words heard", study, study.recordings))
    if study.gestures:
        speakers = {g.speaker for g in study.gestures}
        minutes = sum(m.duration for m in motions) / 60
        rates = sorted({round(m.fps, 3) for m in motions})
        lines.append(
            f"{{text, gesture}}: {len(study.gestures)} clips, {len(speakers)} speakers, {minutes:.1f} minutes, "
            f"{', '.join(f'{r:g}' for r in rates) or 'no'} frames per second"
        )
        lines.append(_words_line("words spoken", study, study.gestures))
    split = study.split
    if split.within_story_folds:
        lines.append(f"split: {split.within_story_folds} folds inside the story, {split.gap:g} s gap")
    elif study.recordings:
        lines.append(
            f"split: {len(study.train_stories)} stories train, {len(split.validation_stories)} validation, {len(split.test_stories)} test"
        )
    return lines


def _words_line(title: str, study: Study, chosen) -> str:
    texts: dict[tuple[Path, str | None], Words] = {}
    for source in chosen:
        try:
            texts[source.words, source.tier] = study.read_words(source)
        except UserError:
            continue  # reported among the problems
    n = sum(map(len, texts.values()))
    seconds = sum(float((w.start + w.duration).max() - w.start[0]) for w in texts.values() if len(w))
    return f"{title}: {len(texts)} texts, {n} words, {seconds / 60:.1f} minutes, {len({t for w in texts.values() for t in w.text})} different words"

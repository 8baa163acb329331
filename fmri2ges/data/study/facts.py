"""What `check` understood of a study: facts of every source, counts, and the lines that sum them up."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import UserError
from ...motion.amount import T2GPlan
from ...types import Words
from .lengths import span_of
from .model import Study


@dataclass(frozen=True)
class RecordingFacts:
    """What was read of one recording.

    Times in seconds; `n_words` is None where the words cannot be used; `understood` says how voxels went to
    fsaverage5, and is empty elsewhere. `space` is the kind of the space, `place` the space in words, and `own_columns`
    says whether each subject has columns of their own, see `brain.space`.
    """

    subject: str
    story: str
    space: str
    tr: float
    first_volume_at: float
    n_volumes: int
    n_columns: int
    n_nan: int
    n_constant: int
    n_words: int | None
    understood: str = ""
    place: str = ""
    own_columns: bool = False


@dataclass(frozen=True)
class ClipFacts:
    """What was read of one gesture clip; `understood` says how its skeleton, units and axes were taken.

    `units`, `up` and `yaw` (degrees by which it was turned to face +z) are those of the file.
    """

    clip: str
    speaker: str
    seconds: float
    fps: float
    n_joints: int
    skeleton: str
    understood: str
    n_words: int | None
    units: str = "metres"
    up: str = "+y"
    yaw: float = 0.0


@dataclass(frozen=True)
class TextFacts:
    """Counts over all texts of one kind."""

    n_texts: int
    n_words: int
    n_different: int
    seconds: float


def minutes(recordings) -> float:
    """Minutes of BOLD."""
    return sum(r.n_volumes * r.tr for r in recordings) / 60


def counted(names) -> dict[str, int]:
    """How often each name occurs, in order of appearance."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def text_facts(study: Study, chosen) -> TextFacts:
    """Counts over the texts of recordings or clips; those that cannot be used are left out."""
    texts: dict[tuple, Words] = {}
    for source in chosen:
        try:
            path, tier, _, stim = source.words_key  # subjects may have heard one text at several onsets
            texts[path, tier, stim] = study.read_words(source)
        except UserError:
            continue  # reported among the problems
    seconds = sum(span_of(w) for w in texts.values() if len(w))
    return TextFacts(
        len(texts), sum(map(len, texts.values())), len({t for w in texts.values() for t in w.text}), seconds
    )


def summary_lines(study: Study, recordings: list[RecordingFacts], clips: list[ClipFacts]) -> list[str]:
    """What was understood, one line each."""
    lines = [f"study {study.name!r} ({'simulated' if study.simulated else 'real'}), {study.path.name}"]
    if study.recordings:
        trs = sorted({r.tr for r in study.recordings})
        places = " and ".join(f"{place} ({n})" for place, n in counted(r.place for r in recordings).items())
        lines.append(
            f"{{text, fMRI}}: {len(study.recordings)} recordings, {len(study.subjects)} subjects, "
            f"{len(study.stories)} stories, TR {', '.join(f'{t:g}' for t in trs)} s, {places or 'none readable'}, "
            f"{minutes(recordings):.1f} minutes of BOLD"
        )
        voxels = sorted({r.n_columns for r in recordings if r.own_columns})
        if voxels:
            lines.append(f"voxels: {voxels[0]}" + (f" to {voxels[-1]} by subject" if len(voxels) > 1 else " each"))
        ways = counted(r.understood for r in recordings if r.understood)
        lines += [f"surfaces: {way} ({n} recording{'s' if n > 1 else ''})" for way, n in ways.items()]
        lines.append(_words_line("words heard", text_facts(study, study.recordings)))
    if study.gestures:
        speakers = {g.speaker for g in study.gestures}
        rates = sorted({round(c.fps, 3) for c in clips})
        lines.append(
            f"{{text, gesture}}: {len(study.gestures)} clips, {len(speakers)} speakers, "
            f"{sum(c.seconds for c in clips) / 60:.1f} minutes, "
            f"{', '.join(f'{r:g}' for r in rates) or 'no'} frames per second"
        )
        if clips:
            lines.append("skeletons: " + "; ".join(_skeletons(clips)))
        lines.append(_words_line("words spoken", text_facts(study, study.gestures)))
    lines.append(t2g_plan(study, clips).describe())
    split = study.split
    if split.within_story_folds:
        lines.append(f"split: {split.within_story_folds} folds inside the story, {split.gap:g} s gap")
    elif study.recordings:
        lines.append(
            f"split: {len(study.train_stories)} stories train, {len(split.validation_stories)} validation, "
            f"{len(split.test_stories)} test"
        )
    return lines


def t2g_plan(study: Study, clips: list[ClipFacts]) -> T2GPlan:
    """Which T2G a run of the study will use, as far as that follows from how much gesture there is to train on."""
    training = {g.clip for g in study.train_gestures}
    return T2GPlan.of((c.speaker, c.seconds) for c in clips if c.clip in training)


def _skeletons(clips: list[ClipFacts]) -> list[str]:
    """Rig, units, axis up and facing that were found, with the number of clips of each kind."""
    kinds: dict[tuple[str, str, str], list[float]] = {}
    for c in clips:
        kinds.setdefault((c.skeleton, c.units, c.up), []).append(round(c.yaw) + 0.0)
    out = []
    for (skeleton, units, up), yaws in kinds.items():
        low, high = min(yaws), max(yaws)
        turned = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        out.append(f"{skeleton}, {units}, {up} up, turned by {turned} degrees to face +z ({len(yaws)})")
    return out


def _words_line(title: str, texts: TextFacts) -> str:
    return (
        f"{title}: {texts.n_texts} texts, {texts.n_words} words, {texts.seconds / 60:.1f} minutes, "
        f"{texts.n_different} different words"
    )

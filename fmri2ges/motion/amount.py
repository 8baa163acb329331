"""How much gesture a T2G of a study's own needs, and which T2G a run uses.

The minimum follows from how the network is trained: a step sees a batch of 48 windows of 8 s. With less gesture than
that, the windows of a single step overlap, and the network learns the clips by heart: with one minute of clips its
motion is four times as jerky as that of the shipped one, with three minutes three times (docs/decisions/0011).

With less, a part of the clips is held out, and what predicts it best is used: the shipped T2G, the shipped one
fine-tuned on the other clips, or one that was trained on these alone (docs/decisions/0025).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

WINDOW_SECONDS = 8.0  # a generator sees so much motion at once
BATCH = 48  # windows in one training step
OWN_T2G_SECONDS = BATCH * WINDOW_SECONDS
HELD_OUT = 0.25  # share of each speaker's clips that few clips are judged by, at least a window


@dataclass(frozen=True)
class Stretch:
    """A part of a clip.

    Parameters
    ----------
    clip : number of the clip
    start, stop : seconds from the clip's first frame
    """

    clip: int
    start: float
    stop: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.stop - self.start


@dataclass(frozen=True)
class HeldOut:
    """Which parts of the clips a T2G learns from, and which it is judged by.

    Every part lasts a window or longer; where a speaker's clips are too short for both, all of them are learnt from.
    """

    learnt: tuple[Stretch, ...]
    judged: tuple[Stretch, ...]

    @classmethod
    def of(cls, clips: Iterable[tuple[str, float]]) -> HeldOut:
        """The last quarter of each speaker's clips is held out, whole clips first.

        Parameters
        ----------
        clips : speaker and length in seconds of each clip
        """
        by_speaker: dict[str, list[Stretch]] = {}
        for k, (speaker, seconds) in enumerate(clips):
            if seconds >= WINDOW_SECONDS:
                by_speaker.setdefault(speaker, []).append(Stretch(k, 0.0, seconds))
        parts = [_held_out(own) for own in by_speaker.values()]
        learnt, judged = (sum((part[side] for part in parts), []) for side in (0, 1))
        return cls(tuple(sorted(learnt, key=lambda s: s.clip)), tuple(sorted(judged, key=lambda s: s.clip)))

    @property
    def learnt_seconds(self) -> float:
        """Length of what is learnt from."""
        return sum(part.seconds for part in self.learnt)

    @property
    def judged_seconds(self) -> float:
        """Length of what is held out."""
        return sum(part.seconds for part in self.judged)


def _held_out(clips: Sequence[Stretch]) -> tuple[list[Stretch], list[Stretch]]:
    """What one speaker's clips give to learn from, and to judge by."""
    wanted = max(WINDOW_SECONDS, HELD_OUT * sum(clip.seconds for clip in clips))
    learnt, judged = list(clips), []
    while learnt and wanted >= WINDOW_SECONDS:
        last = learnt.pop()
        border = last.stop - wanted if last.seconds - wanted >= WINDOW_SECONDS else 0.0
        judged.append(Stretch(last.clip, border, last.stop))
        wanted -= last.stop - border
        if border:
            learnt.append(Stretch(last.clip, 0.0, border))
    return (learnt, judged) if learnt else (list(clips), [])


class LearntFrom(Enum):
    """Whose gestures a T2G learnt from, as manifests say it."""

    STUDY = "study"
    FINE_TUNED = "fine-tuned"
    DEMO = "demo"
    UNKNOWN = ""


NAMES = {LearntFrom.DEMO: "shipped", LearntFrom.FINE_TUNED: "fine-tuned", LearntFrom.STUDY: "own"}
SHIPPED = "the shipped one, trained on simulated gestures, not fine-tuned"


@dataclass(frozen=True)
class T2GPlan:
    """Which T2G a training will use, as far as that follows from how much gesture there is.

    Parameters
    ----------
    clips : number of clips that last a window or longer; shorter ones cannot be learnt from
    seconds : length of these clips together
    held_out : how they are divided where they are few
    """

    clips: int
    seconds: float
    held_out: HeldOut

    @classmethod
    def of(cls, clips: Iterable[tuple[str, float]]) -> T2GPlan:
        """The plan for training clips of these speakers and lengths (seconds)."""
        clips = list(clips)
        long = [seconds for _, seconds in clips if seconds >= WINDOW_SECONDS]
        return cls(len(long), float(sum(long)), HeldOut.of(clips))

    @property
    def own(self) -> bool:
        """Whether T2G is trained on all of the study's clips: there are enough."""
        return self.seconds >= OWN_T2G_SECONDS

    @property
    def judged(self) -> bool:
        """Whether held-out clips decide: there are too few clips for an own T2G, and enough to hold some out."""
        return not self.own and bool(self.held_out.judged)

    @property
    def trained_on(self) -> str:
        """'study' or 'demo', as manifests say it; 'held-out clips decide' where they do."""
        return "study" if self.own else "held-out clips decide" if self.judged else "demo"

    def describe(self) -> str:
        """One line for `check`."""
        if self.judged:
            return (
                f"T2G: the one of three that is closest to {_minutes(self.held_out.judged_seconds)} min of clips that "
                f"are held out: the shipped one, trained on simulated gestures; the same fine-tuned on the other "
                f"{_minutes(self.held_out.learnt_seconds)} min; or one trained on these alone. With "
                f"{_minutes(OWN_T2G_SECONDS)} minutes it is the study's own"
            )
        return T2GChoice(self, LearntFrom.STUDY if self.own else LearntFrom.DEMO).describe()


@dataclass(frozen=True)
class Candidate:
    """A T2G that was judged by held-out clips.

    Parameters
    ----------
    learnt_from : which one it is
    loss : its energy score, see `evaluation.energy`
    jerk : of its motion, m/s^3
    """

    learnt_from: LearntFrom
    loss: float
    jerk: float


@dataclass(frozen=True)
class T2GChoice:
    """Which T2G a run uses, and why.

    Parameters
    ----------
    plan : how much gesture there was
    learnt_from : which one it is
    candidates : what held-out clips said of each; empty where the amount of gesture decided
    """

    plan: T2GPlan
    learnt_from: LearntFrom
    candidates: tuple[Candidate, ...] = ()

    @property
    def learnt_seconds(self) -> float:
        """Length of the study's clips that this T2G learnt from."""
        if self.learnt_from is LearntFrom.DEMO:
            return 0.0
        return self.plan.seconds if self.plan.own else self.plan.held_out.learnt_seconds

    def describe(self) -> str:
        """One line for the log and the manifest."""
        has, needed = _minutes(self.plan.seconds), _minutes(OWN_T2G_SECONDS)
        if self.plan.own:
            return f"T2G: the study's own, trained on {has} minutes of gesture (at least {needed} are needed)"
        if self.candidates:
            learnt = f"{_minutes(self.learnt_seconds)} min of the study's clips"
            which = {
                LearntFrom.DEMO: SHIPPED,
                LearntFrom.FINE_TUNED: f"shipped, fine-tuned on {learnt}",
                LearntFrom.STUDY: f"the study's own, trained on {learnt}",
            }[self.learnt_from]
            losses = ", ".join(f"{NAMES[c.learnt_from]} {c.loss:.3f}" for c in self.candidates)
            jerks = ", ".join(f"{NAMES[c.learnt_from]} {c.jerk:.0f}" for c in self.candidates)
            held = _minutes(self.plan.held_out.judged_seconds)
            return f"T2G: {which}; loss on {held} min of held-out clips: {losses}; jerk in m/s^3: {jerks}"
        amount = (
            f"{has} minutes in gesture clips of {WINDOW_SECONDS:g} s or more" if self.plan.clips else "no gesture clips"
        )
        return f"T2G: {SHIPPED}; for training the study has {amount}, an own T2G needs {needed} minutes"

    def entries(self) -> dict[str, Any]:
        """What the manifest of a run says."""
        judged = [{"t2g": c.learnt_from.value, "loss": c.loss, "jerk": c.jerk} for c in self.candidates]
        return {
            "t2g": self.learnt_from.value,
            "t2g_note": self.describe(),
            "t2g_seconds": round(self.learnt_seconds, 3),
            **({"t2g_judged": judged, "t2g_held_out_seconds": self.plan.held_out.judged_seconds} if judged else {}),
        }

    @classmethod
    def found(cls, plan: T2GPlan, entries: Mapping[str, Any]) -> T2GChoice:
        """The choice that `entries` were made of."""
        judged = (Candidate(LearntFrom(c["t2g"]), c["loss"], c["jerk"]) for c in entries.get("t2g_judged", ()))
        return cls(plan, LearntFrom(entries["t2g"]), tuple(judged))


ENTRIES = ("t2g", "t2g_note", "t2g_seconds")  # of a run's manifest; those of its results repeat them


def t2g_entries(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest of a result repeats of its run's."""
    return {name: manifest.get(name) for name in ENTRIES}


@dataclass(frozen=True)
class T2GOrigin:
    """Where the T2G of a run or of a result comes from.

    Parameters
    ----------
    learnt_from : the clips of the study, the simulated ones of the T2G that ships with the package, or both
    simulated : whether the study itself is simulated
    seconds : length of the study's clips that it learnt from; None where that is not stated
    """

    learnt_from: LearntFrom
    simulated: bool
    seconds: float | None = None

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> T2GOrigin:
        """What the manifest of a run, or of a result, says."""
        said, seconds = manifest.get("t2g"), manifest.get("t2g_seconds")
        known = said in [one.value for one in LearntFrom]
        return cls(LearntFrom(said) if known else LearntFrom.UNKNOWN, bool(manifest.get("simulated")), seconds)

    @property
    def borrowed(self) -> bool:
        """Whether gestures for a real recording come from a T2G that learnt, or began to learn, from simulated ones."""
        return self.learnt_from in (LearntFrom.DEMO, LearntFrom.FINE_TUNED) and not self.simulated

    @property
    def caption(self) -> str:
        """One phrase for captions and marks."""
        if self.learnt_from is LearntFrom.UNKNOWN:
            return "T2G: not stated"
        if self.learnt_from is LearntFrom.DEMO:
            return f"T2G: {SHIPPED}"
        gestures = "simulated gestures" if self.simulated else "gestures"
        if self.learnt_from is LearntFrom.FINE_TUNED:
            return self.short.replace("shipped", "shipped (trained on simulated gestures)")
        return f"T2G: the study's own, trained on its {gestures}"

    @property
    def short(self) -> str:
        """What a badge says of a T2G that was fine-tuned."""
        amount = "the study's clips" if self.seconds is None else f"{_minutes(self.seconds)} min of clips"
        return f"T2G: shipped, fine-tuned on {amount}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"

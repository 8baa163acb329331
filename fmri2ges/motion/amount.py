"""How much gesture a T2G of a study's own needs, and which T2G a run uses.

The minimum follows from how the network is trained: a step sees a batch of 48 windows of 8 s. With less gesture than
that, the windows of a single step overlap, and the network learns the clips by heart: with one minute of clips its
motion is four times as jerky as that of the shipped one, with three minutes three times (docs/decisions/0011).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

WINDOW_SECONDS = 8.0  # a generator sees so much motion at once
BATCH = 48  # windows in one training step
OWN_T2G_SECONDS = BATCH * WINDOW_SECONDS


@dataclass(frozen=True)
class T2GChoice:
    """Which T2G a run uses, and why.

    Parameters
    ----------
    clips : number of clips that last a window or longer; shorter ones cannot be learnt from
    seconds : length of these clips together
    """

    clips: int
    seconds: float

    @property
    def own(self) -> bool:
        """Whether T2G is trained on the study's clips; else it is the shipped one."""
        return self.seconds >= OWN_T2G_SECONDS

    @property
    def trained_on(self) -> str:
        """'study' or 'demo', as manifests say it."""
        return "study" if self.own else "demo"

    def describe(self) -> str:
        """One line for `check`, the log and the manifest."""
        minutes, needed = f"{self.seconds / 60:.1f}", f"{OWN_T2G_SECONDS / 60:.1f}"
        if self.own:
            return f"T2G: the study's own, trained on {minutes} minutes of gesture (at least {needed} are needed)"
        has = (
            f"{minutes} minutes in gesture clips of {WINDOW_SECONDS:g} s or more" if self.clips else "no gesture clips"
        )
        return (
            f"T2G: the shipped one, trained on simulated gestures, not fine-tuned; for training the study has {has}, "
            f"an own T2G needs {needed} minutes"
        )


class LearntFrom(Enum):
    """Whose gestures a T2G learnt from."""

    STUDY = "study"
    DEMO = "demo"
    UNKNOWN = ""


@dataclass(frozen=True)
class T2GOrigin:
    """Where the T2G of a run or of a result comes from.

    Parameters
    ----------
    learnt_from : the clips of the study, or the simulated ones of the T2G that ships with the package
    simulated : whether the study itself is simulated
    """

    learnt_from: LearntFrom
    simulated: bool

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> T2GOrigin:
        """What the manifest of a run, or of a result, says."""
        said = manifest.get("t2g")
        known = said in ("study", "demo")
        return cls(LearntFrom(said) if known else LearntFrom.UNKNOWN, bool(manifest.get("simulated")))

    @property
    def borrowed(self) -> bool:
        """Whether gestures for a real recording come from a T2G that learnt from simulated ones."""
        return self.learnt_from is LearntFrom.DEMO and not self.simulated

    @property
    def caption(self) -> str:
        """One phrase for captions and marks."""
        if self.learnt_from is LearntFrom.UNKNOWN:
            return "T2G: not stated"
        if self.learnt_from is LearntFrom.DEMO:
            return "T2G: the shipped one, trained on simulated gestures, not fine-tuned"
        return f"T2G: the study's own, trained on its {'simulated ' if self.simulated else ''}gestures"


def choose_t2g(durations: Iterable[float]) -> T2GChoice:
    """The choice for training clips of these lengths, seconds."""
    long = [seconds for seconds in durations if seconds >= WINDOW_SECONDS]
    return T2GChoice(len(long), float(sum(long)))

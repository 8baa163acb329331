"""The two kinds of simulated worlds, as `worlds.py` asks for them: what is written, what is true, where nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from fmri2ges.decoding.run import Run
from fmri2ges.demo import world as demo
from fmri2ges.demo.bold import PLANTED
from fmri2ges.demo.study import simulate_study
from fmri2ges.demo.varied.study import simulate_varied
from fmri2ges.demo.varied.world import Sizes, VariedWorld
from fmri2ges.demo.world import World
from fmri2ges.motion.features import resample
from fmri2ges.types import Motion

UNPLANTED = ("Visual", "MT", "M1S1")  # groups of the demo's world
QUICK = Sizes(stories=3, minutes=7.0)  # FGD needs 6 min of motion


class Kind(Protocol):
    """One world of a kind: names of its stories, and what is true."""

    subject: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    seconds: float

    def write(self, folder: Path) -> Path:
        """Write the study; its file."""

    def truth(self, story: str, rendition: int = 0) -> Motion:
        """What the first speaker makes of the text of any story, at 15 fps."""

    def null_bold(self, story: str) -> np.ndarray:
        """BOLD of a brain in which nothing is planted, array (n_volumes, n_columns)."""

    def unplanted(self, run: Run) -> tuple[str, ...]:
        """ROIs in which nothing is planted."""

    def planted(self, run: Run) -> tuple[str, ...]:
        """ROIs that carry something that gestures go with in all of their columns."""

    def laws(self) -> dict:
        """What a reader of the figures should know of this world."""


class Demo:
    """A world of the demo's kind: one set of laws, other stories and brains."""

    def __init__(self, number: int, quick: bool = False):
        self.world, self.silent = World(number), World(number, null=True)
        self.subject, self.seconds = "sub-01", demo.SECONDS
        self.train, self.validation, self.test = demo.TRAIN, demo.VALIDATION, demo.TEST[:2] if quick else demo.TEST

    def write(self, folder: Path) -> Path:
        return simulate_study(folder, seed=self.world.seed)

    def truth(self, story: str, rendition: int = 0) -> Motion:
        return self.world.truth(story, rendition)

    def null_bold(self, story: str) -> np.ndarray:
        return self.silent.bold(self.subject, story)

    def unplanted(self, run: Run) -> tuple[str, ...]:
        return UNPLANTED

    def planted(self, run: Run) -> tuple[str, ...]:
        return tuple(group for group, row in PLANTED.items() if {"semantic", "motor"} & set(row))

    def laws(self) -> dict:
        return {"place": "surface", "tr": 2.0}


class Varied:
    """A world of the varied kind: laws of its own."""

    def __init__(self, number: int, quick: bool = False, sizes: Sizes | None = None):
        sizes = sizes or (QUICK if quick else Sizes())
        self.world, self.silent = VariedWorld(number, sizes=sizes), VariedWorld(number, null=True, sizes=sizes)
        self.subject, self.seconds = sizes.names_of_subjects[0], sizes.seconds
        self.train, self.validation, self.test = sizes.train, sizes.validation, sizes.test

    def write(self, folder: Path) -> Path:
        return simulate_varied(folder, self.world.number, sizes=self.world.sizes)

    def truth(self, story: str, rendition: int = 0) -> Motion:
        return resample(self.world.truth(story, rendition), 15.0)

    def null_bold(self, story: str) -> np.ndarray:
        return self.silent.bold(self.subject, story)

    def _shares(self, run: Run) -> dict[str, float]:
        """Share of the columns of each ROI that carry something."""
        body, space = self.world.listener(self.subject).body, run.recording(self.subject, self.test[0]).space
        planted = body.carries[body.area] & (body.area >= 0)
        inside = space.owner >= 0
        n = np.bincount(space.owner[inside], minlength=len(space.names))
        some = np.bincount(space.owner[inside & planted], minlength=len(space.names))
        return {name: float(k / m) for name, k, m in zip(space.names, some, n, strict=True) if m}

    def unplanted(self, run: Run) -> tuple[str, ...]:
        return tuple(name for name, share in self._shares(run).items() if share == 0)

    def planted(self, run: Run) -> tuple[str, ...]:
        return tuple(name for name, share in self._shares(run).items() if share == 1)

    def laws(self) -> dict:
        laws = self.world.laws
        return {
            "place": str(laws.brain.place),
            "tr": laws.brain.tr,
            "signal": laws.brain.signal,
            "carrying": laws.brain.carrying,
            "words": len(self.world.language.meaningful) + laws.text.function,
            "gesture words": laws.gesture.gesture_words,
        }


@dataclass(frozen=True)
class KindOfWorld:
    """A kind, by name."""

    label: str
    make: type[Demo] | type[Varied]


KINDS = {"demo": KindOfWorld("the demo's world", Demo), "varied": KindOfWorld("varied laws", Varied)}

"""T2G of a study with few clips: the shipped one, the same fine-tuned, or one of its own; held-out clips decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from scipy import stats

from ..evaluation.energy import energy_score
from ..evaluation.gesture import on_body, roughness
from ..models.conditions import word_track
from ..models.generator import GestureGenerator
from ..motion.amount import NAMES, WINDOW_SECONDS, Candidate, LearntFrom, Stretch, T2GChoice, T2GPlan
from ..motion.features import from_bones
from ..storage import models as store
from ..text.embeddings import WordVectors
from ..work import QUIET, Work
from .corpus import GestureStory
from .keeper import Keeper
from .phase1 import train_t2g
from .presets import TrainConfig

FPS = 15
SPEED, JERK = 1, 3  # time derivatives
LEVEL = 0.05  # of the test that a candidate predicts better
SAMPLES = 4  # of each held-out stretch
# A few clips are learnt by heart before a training of full length ends, so it is a fifth as long. What begins with
# weights that know gesture already is moved in steps of a tenth, so that they are not lost at once.
SHARE_OF_STEPS, SHARE_OF_RATE = 1 / 5, 1 / 10


@dataclass(frozen=True)
class FewClips:
    """The clips of a study that has few, and what the T2Gs of a choice need.

    Parameters
    ----------
    learnt, held_out : clips to learn from, and to judge by
    shipped : the T2G that ships with the package
    vectors : public word vectors
    config : settings of the training
    """

    learnt: list[GestureStory]
    held_out: list[GestureStory]
    shipped: GestureGenerator
    vectors: WordVectors
    config: TrainConfig

    @classmethod
    def of(
        cls,
        clips: list[GestureStory],
        plan: T2GPlan,
        shipped: GestureGenerator,
        vectors: WordVectors,
        config: TrainConfig,
    ) -> FewClips:
        """Divide the clips as the plan says."""
        learnt, judged = (
            [cut(clips[s.clip], s) for s in side] for side in (plan.held_out.learnt, plan.held_out.judged)
        )
        return cls(learnt, judged, shipped, vectors, config)


def cut(clip: GestureStory, part: Stretch) -> GestureStory:
    """A part of a clip, on the same clock; its words stay whole, for a window takes those that it needs."""
    first, last = round(part.start * FPS), round(part.stop * FPS)
    return replace(clip, bones=clip.bones[first:last], start=clip.start + first / FPS)


def choose_t2g(
    few: FewClips, plan: T2GPlan, keeper: Keeper, device: str, work: Work = QUIET
) -> tuple[GestureGenerator, T2GChoice]:
    """Train the two that learn from the clips, judge all three by the held-out ones, and take the best.

    Parameters
    ----------
    plan : how the clips were divided
    keeper : keeps both trainings, and has numpy's random generator
    device : where the networks compute
    work : told how far the choice is
    """
    candidates = {LearntFrom.DEMO: few.shipped}
    for k, kind in enumerate((LearntFrom.FINE_TUNED, LearntFrom.STUDY)):
        part = work.part(0.4 * k, 0.4 * (k + 1), prefix=f"{NAMES[kind]} ")
        make = partial(train_candidate, few, kind, keeper, device, part)
        name = f"t2g-{kind.value}"
        candidates[kind] = keeper.stage(
            name, make, store.write_generator, lambda path: store.read_generator(path, device), aside=True
        )
    judged = []
    for k, (kind, t2g) in enumerate(candidates.items()):
        work.report(0.8 + 0.2 * k / len(candidates), f"{NAMES[kind]} T2G on held-out clips")
        work.check()
        judged.append(judge(kind, t2g, few.held_out, few.vectors))
    chosen = best(judged, float(np.mean([moved(clip.bones, SPEED) for clip in few.held_out])))
    return candidates[chosen], T2GChoice(plan, chosen, tuple(one.summary for one in judged))


def train_candidate(few: FewClips, kind: LearntFrom, keeper: Keeper, device: str, work: Work) -> GestureGenerator:
    """A T2G that learns from the few clips, the shipped one before or nothing; see `choose_t2g`."""
    c, begin = few.config, few.shipped if kind is LearntFrom.FINE_TUNED else None
    rate = c.t2g_rate if begin is None else SHARE_OF_RATE * c.t2g_rate
    config = replace(c, t2g_steps=max(1, round(SHARE_OF_STEPS * c.t2g_steps)), t2g_rate=rate)
    return train_t2g(few.learnt, few.vectors, config, keeper, device, work, begin, few.held_out)


@dataclass(frozen=True)
class Judged:
    """What held-out clips say of a T2G, piece by piece.

    Parameters
    ----------
    kind : which T2G it is
    losses : array (n_pieces,), energy scores
    jerks : array (n_pieces,), m/s^3
    speeds : array (n_pieces,), m/s
    """

    kind: LearntFrom
    losses: np.ndarray
    jerks: np.ndarray
    speeds: np.ndarray

    @property
    def summary(self) -> Candidate:
        """The means."""
        return Candidate(self.kind, float(self.losses.mean()), float(self.jerks.mean()))


def judge(kind: LearntFrom, t2g: GestureGenerator, held_out: Sequence[GestureStory], vectors: WordVectors) -> Judged:
    """Energy score, jerk and speed of a T2G on pieces of held-out clips, always with the same noise.

    Parameters
    ----------
    kind : which T2G it is
    """
    noise = torch.Generator().manual_seed(0)
    losses, motions = [], []
    for clip in held_out:
        tracks = [word_track(clip.words, vectors.matrix(clip.words.text))] * SAMPLES
        speaker = clip.speaker % t2g.denoiser.config.n_speakers
        made = t2g.sample_bones(tracks, clip.start, len(clip.bones) / FPS, speaker, noise)
        for piece in pieces(clip):
            losses.append(energy_score(made[:, piece], clip.bones[piece]))
            motions.append(made[:, piece])
    return Judged(kind, np.array(losses), *(np.array([moved(m, order) for m in motions]) for order in (JERK, SPEED)))


def pieces(clip: GestureStory) -> list[slice]:
    """Frames of the pieces of a clip that stand side by side, half a window each."""
    frames = round(WINDOW_SECONDS / 2 * FPS)
    return [slice(f, f + frames) for f in range(0, len(clip.bones) - frames + 1, frames)]


def moved(bones: np.ndarray, order: int) -> float:
    """Mean speed (order `SPEED`, m/s) or jerk (`JERK`, m/s^3) of wrists and elbows; bones (..., n_frames, 27)."""
    return roughness(on_body(from_bones(bones)), order)


def best(judged: list[Judged], speed: float) -> LearntFrom:
    """The candidate that predicts held-out clips best.

    A later one has to be better than those before it by a paired t test: a few seconds are easily predicted by chance.
    To be left out, one standard error is enough: it is never taken where its jerk is by more than that above what
    the shipped one's would be if that moved as fast as the people of the study, or above the shipped one's as it is
    where they move less.

    Parameters
    ----------
    judged : the shipped one first, then from less to more that is learnt from the study
    speed : of the held-out clips themselves, m/s
    """
    chosen = judged[0]
    calm = chosen.jerks * max(1.0, speed / max(float(chosen.speeds.mean()), 1e-6))
    for one in judged[1:]:
        if surely_above(chosen.losses, one.losses) and excess(one.jerks, calm) <= 1:
            chosen = one
    return chosen.kind


def excess(a: np.ndarray, b: np.ndarray) -> float:
    """By how many standard errors `a` is above `b`, for the mean difference of the same pieces; 0 for one piece."""
    difference = a - b
    n, mean = len(difference), float((a - b).mean())
    if n < 2 or mean == 0:
        return 0.0
    return mean / max(float(difference.std(ddof=1)) / np.sqrt(n), 1e-12)


def surely_above(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether `a` is above `b` by a one-sided paired t test of the pieces at `LEVEL`."""
    return len(a) > 1 and excess(a, b) > stats.t.ppf(1 - LEVEL, len(a) - 1)

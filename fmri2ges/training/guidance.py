"""Guidance of F2G, chosen on training stories: see `models.guidance`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..evaluation.fgd import frechet_distance
from ..evaluation.gesture import features, weighted_r
from ..evaluation.windows import cut_windows
from ..models.calibration import fit_calibration
from ..models.conditions import TokenTrack
from ..models.expectation import Expectation
from ..models.generator import GestureGenerator
from ..models.guidance import Tried, chosen
from ..motion.features import from_bones
from ..storage.encoder import load_encoder
from ..work import QUIET, Work

GUIDANCES = (1.0, 1.5, 2.0, 3.0)
STORIES, SECONDS, SAMPLES = 6, 60.0, 4  # samples of the middle of so many training stories judge each guidance
FPS = 15


@dataclass(frozen=True)
class Stretch:
    """A stretch of a training story.

    Parameters
    ----------
    brain : cross-fitted tokens of the BOLD
    heard : tokens of the words
    start, seconds : on the story's clock
    """

    brain: TokenTrack
    heard: TokenTrack
    start: float
    seconds: float

    @classmethod
    def middle(cls, brain: TokenTrack, heard: TokenTrack, start: float, seconds: float) -> Stretch:
        """The middle `SECONDS` of a story, or all of a shorter one."""
        length = min(SECONDS, seconds)
        return cls(brain, heard, start + (seconds - length) / 2, length)


def guided(
    f2g: GestureGenerator,
    t2g: GestureGenerator,
    stretches: list[Stretch],
    real: list[np.ndarray],
    speaker: int,
    work: Work = QUIET,
) -> GestureGenerator:
    """F2G with the guidance that training stories choose, not calibrated.

    Samples are judged as they will be calibrated: with the moments of real gestures.

    Parameters
    ----------
    f2g : as it was trained
    t2g : says what gesture is expected of the heard words
    stretches : of training stories
    real : pieces of a speaker's codes, arrays (n_latent, n_codes)
    speaker : that speaker's index
    work : progress and cancel
    """
    encoder = load_encoder()

    def shown(codes: np.ndarray) -> np.ndarray:
        return f2g.codec.decode(codes, n_frames=round(codes.shape[-2] / 7.5 * FPS))

    def windows(bones: np.ndarray) -> np.ndarray:
        return encoder(cut_windows(bones))

    expected = Expectation(t2g, speaker)
    wanted = [features(from_bones(expected.bones([s.heard], s.start, s.seconds))) for s in stretches]
    of_real = np.concatenate([windows(shown(codes)) for codes in real])
    tried = []
    for k, guidance in enumerate(GUIDANCES):
        work.report(k / len(GUIDANCES), f"guidance {guidance:g} on training stories")
        work.check()
        noise, at = torch.Generator().manual_seed(0), replace(f2g, guidance=guidance, calibration=None)
        codes = [at.sample_codes([s.brain] * SAMPLES, s.start, s.seconds, speaker, noise) for s in stretches]
        calibrate = fit_calibration([sample for of_story in codes for sample in of_story], real)
        bones = [shown(calibrate(of_story)) for of_story in codes]
        r = [_agreement(w, b) for w, b in zip(wanted, bones, strict=True)]
        made = [np.concatenate([windows(sample) for sample in b]) for b in bones]
        without = [made[:j] + made[j + 1 :] for j in range(len(made))] if len(made) > 1 else []
        apart = [frechet_distance(of_real, np.concatenate(parts)) for parts in (made, *without)]
        tried.append(Tried(guidance, tuple(r), apart[0], tuple(apart[1:])))
    best = chosen(tried)
    curve = ", ".join(f"{t.guidance:g}: r {t.mean_r:.3f}, FGD {t.fgd:.2f}" for t in tried)
    work.report(1.0, f"guidance {best.guidance:g} of F2G, chosen on training stories ({curve})")
    return replace(f2g, guidance=best.guidance, calibration=None, tried=tuple(tried))


def _agreement(wanted: np.ndarray, bones: np.ndarray) -> float:
    """r of the mean of samples, bones (n_samples, n_frames, 27), with the wanted motion."""
    mean = np.mean([features(from_bones(sample)) for sample in bones], 0)
    n = min(len(wanted), len(mean))
    return weighted_r(wanted[:n], mean[:n])

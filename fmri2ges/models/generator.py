"""A gesture generator: a trained denoiser with the motion code that it speaks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..motion.codec import Codec
from ..work import QUIET, Work
from .calibration import Calibration, fit_calibration
from .conditions import TokenTrack, window_conditions
from .denoiser import LATENT_FPS, Denoiser
from .guidance import Tried
from .schedule import FirstOf, sample_long

STEPS = 10  # DDIM steps, chosen on validation stories; more cost time and gain little


@dataclass(frozen=True)
class GestureGenerator:
    """T2G or F2G.

    Parameters
    ----------
    denoiser : network in evaluation mode
    codec : turns motion codes into bone directions
    guidance : scale of classifier-free guidance
    calibration : filter of the sampled codes, fitted at this guidance; None leaves them as they are
    tried : among which guidances training stories chose; empty where it was given
    """

    denoiser: Denoiser
    codec: Codec
    guidance: float
    calibration: Calibration | None = None
    tried: tuple[Tried, ...] = ()

    def sample_codes(
        self,
        tracks: list[TokenTrack],
        start: float,
        seconds: float,
        speaker: int,
        generator: torch.Generator | FirstOf,
        *,
        steps: int = STEPS,
        work: Work = QUIET,
    ) -> np.ndarray:
        """One sample for each track, on one stretch of time.

        Parameters
        ----------
        tracks : condition of each sample; the same object may appear several times
        start, seconds : begin and length of the stretch on the story's clock, seconds
        speaker : index of the speaker whose style is used
        generator : torch's random generator, which draws the noise; or that of more samples than there are tracks
        steps : DDIM steps
        work : told after each step how far the sampling is

        Returns
        -------
        codes : array (n_samples, n_latent, n_codes), 7.5 per second
        """
        c = self.denoiser.config
        made = {id(t): window_conditions(t, speaker, c.token_width, start) for t in tracks}
        sampled = sample_long(
            self.denoiser,
            [made[id(t)] for t in tracks],
            max(1, int(np.ceil(seconds * LATENT_FPS))),
            generator,
            steps=steps,
            guidance=self.guidance,
            work=work,
        )
        codes = sampled.float().cpu().numpy()
        return codes if self.calibration is None else self.calibration(codes)

    def sample_bones(
        self, tracks, start: float, seconds: float, speaker: int, generator: torch.Generator | FirstOf, **options
    ) -> np.ndarray:
        """Like `sample_codes`, decoded to unit bone vectors (n_samples, n_frames, 27) at 15 fps."""
        codes = self.sample_codes(tracks, start, seconds, speaker, generator, **options)
        return self.codec.decode(codes, n_frames=int(round(seconds * 15)))


def calibrate(
    generator: GestureGenerator,
    stories: list[tuple[TokenTrack, float, float, int]],
    real: list[np.ndarray],
    seed: torch.Generator,
    work: Work = QUIET,
) -> GestureGenerator:
    """The same generator with the moments and spectra of its samples brought to those of real codes.

    Parameters
    ----------
    stories : stretches of training stories: tokens, start and length in seconds, and speaker of each
    real : arrays of codes (n_latent, n_codes) that the samples are to resemble as a whole
    seed : torch's random generator, which draws the noise of the samples
    work : told how far the sampling is
    """
    raw = replace(generator, calibration=None)
    made = []
    for k, (track, start, seconds, speaker) in enumerate(stories):
        part = work.part(k / len(stories), (k + 1) / len(stories), "moments of generated gestures")
        made.append(raw.sample_codes([track], start, seconds, speaker, seed, work=part)[0])
    return replace(generator, calibration=fit_calibration(made, real))

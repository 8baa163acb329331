"""A gesture generator: a trained denoiser with the motion code that it speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..motion.codec import Codec
from .conditions import TokenTrack, window_conditions
from .denoiser import LATENT_FPS, Denoiser
from .schedule import sample_long

STEPS = 10  # DDIM steps, chosen on validation stories; more cost time and gain little


@dataclass(frozen=True)
class Generator:
    """T2G or F2G.

    Parameters
    ----------
    denoiser : network in evaluation mode
    codec : from codes to bone directions
    guidance : scale of classifier-free guidance, chosen on validation stories
    """

    denoiser: Denoiser
    codec: Codec
    guidance: float

    def sample_codes(
        self,
        tracks: list[TokenTrack],
        start: float,
        seconds: float,
        speaker: int,
        generator: torch.Generator,
        *,
        steps: int = STEPS,
        guidance: float | None = None,
        progress=None,
        should_stop=None,
    ) -> np.ndarray:
        """One sample for each track, on one stretch of time.

        Parameters
        ----------
        tracks : condition of each sample; the same object may appear several times
        start, seconds : stretch on the story's clock
        speaker : style to use

        Returns
        -------
        codes : array (n_samples, n_latent, n_codes), 7.5 per second
        """
        c = self.denoiser.config
        made = {id(t): window_conditions(t, speaker, c.token_width, start) for t in tracks}
        codes = sample_long(
            self.denoiser, [made[id(t)] for t in tracks], max(1, int(np.ceil(seconds * LATENT_FPS))), len(tracks), generator,
            steps=steps, guidance=self.guidance if guidance is None else guidance, progress=progress, should_stop=should_stop,
        )  # fmt: skip
        return codes.float().cpu().numpy()

    def sample_bones(
        self, tracks, start: float, seconds: float, speaker: int, generator: torch.Generator, **options
    ) -> np.ndarray:
        """Like `sample_codes`, decoded to unit bone vectors (n_samples, n_frames, 27) at 15 fps."""
        codes = self.sample_codes(tracks, start, seconds, speaker, generator, **options)
        return self.codec.decode(codes, n_frames=int(round(seconds * 15)))

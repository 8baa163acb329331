"""Condition tokens on the time axis of a story: words for T2G, volumes for F2G."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..motion.amount import WINDOW_SECONDS
from ..types import Words
from .denoiser import Condition

WORDS_AROUND, VOLUMES_AROUND = 1.0, 2.0  # seconds before and after a window from which words and volumes are taken
# Tokens a second that no recording has more of, so that the limit of a window bounds memory and drops nothing.
MOST_WORDS, MOST_VOLUMES = 10.0, 1.0  # the fastest speech has seven; volumes are 1 s apart or more, see `volume_track`


@dataclass(frozen=True)
class TokenTrack:
    """Timed tokens of one story, from which windows are cut.

    Parameters
    ----------
    tokens : array (n, width), float32
    times : array (n,), seconds on the clock of the motion, rising
    margin : seconds before and after a window from which tokens are taken
    most : tokens a second; of what is denser the last tokens of a window are dropped
    """

    tokens: np.ndarray
    times: np.ndarray
    margin: float
    most: float

    @property
    def limit(self) -> int:
        """Most tokens of a window."""
        return int(self.most * (WINDOW_SECONDS + 2 * self.margin))

    def window(self, start: float) -> tuple[np.ndarray, np.ndarray]:
        """Tokens (n, width + 2) and times (n,) relative to a window that starts at `start`.

        The sine and cosine of the relative time are appended to each token.
        """
        lo = np.searchsorted(self.times, start - self.margin)
        hi = min(np.searchsorted(self.times, start + WINDOW_SECONDS + self.margin), lo + self.limit)
        times = (self.times[lo:hi] - start).astype(np.float32)
        angle = (np.pi / WINDOW_SECONDS) * times[:, None]
        return np.concatenate([self.tokens[lo:hi], np.sin(angle), np.cos(angle)], 1).astype(np.float32), times


def word_track(words: Words, vectors: np.ndarray) -> TokenTrack:
    """Tokens of words: vector and duration.

    Parameters
    ----------
    vectors : array (n_words, dim) from `WordVectors.matrix`
    """
    return slot_track(vectors, words.start, words.duration)


def slot_track(vectors: np.ndarray, start: np.ndarray, duration: np.ndarray) -> TokenTrack:
    """Tokens of word slots: vector and duration.

    Parameters
    ----------
    vectors : array (n_slots, dim), of one word each, or their mean over the words that may stand there
    start, duration : arrays (n_slots,), seconds
    """
    tokens = np.concatenate([vectors, 2 * np.asarray(duration, np.float32)[:, None]], 1)
    return TokenTrack(tokens, np.asarray(start, float), WORDS_AROUND, MOST_WORDS)


def volume_track(tokens: np.ndarray, volume_times: np.ndarray, step: int = 1) -> TokenTrack:
    """Tokens of fMRI volumes, already moved to the time of the words by the FIR readout.

    Parameters
    ----------
    tokens : array (n_volumes, width)
    volume_times : array (n_volumes,), seconds
    step : neighbouring volumes whose mean is one token, see `Readout.step`; the last token may be of fewer. So a window
        holds as many tokens at a short TR as at a long one, and each of them is as steady
    """
    if step > 1:
        first = np.arange(0, len(tokens), step)
        size = np.diff(first, append=len(tokens))
        tokens = (np.add.reduceat(tokens, first) / size[:, None]).astype(np.float32)
        volume_times = np.add.reduceat(volume_times, first) / size
    return TokenTrack(tokens, volume_times, VOLUMES_AROUND, MOST_VOLUMES)


@dataclass(frozen=True)
class Windows:
    """Tokens of several windows of one track, padded to the longest.

    Parameters
    ----------
    tokens : array (n_windows, n_tokens, width + 2), float32, see `TokenTrack.window`
    times : array (n_windows, n_tokens), float32, seconds from the start of the window
    present : array (n_windows, n_tokens), bool; the others are padding
    """

    tokens: np.ndarray
    times: np.ndarray
    present: np.ndarray


def windows_of(track: TokenTrack, starts: np.ndarray) -> Windows:
    """What `TokenTrack.window` gives for many starts, array (n_windows,), seconds."""
    lo = np.searchsorted(track.times, starts - track.margin)
    hi = np.minimum(np.searchsorted(track.times, starts + WINDOW_SECONDS + track.margin), lo + track.limit)
    place = np.arange(max(1, (hi - lo).max()))
    present = place < (hi - lo)[:, None]
    if not len(track.times):
        shape = (len(starts), 1)
        return Windows(np.zeros((*shape, track.tokens.shape[1] + 2), np.float32), np.zeros(shape, np.float32), present)
    which = np.minimum(lo[:, None] + place, len(track.times) - 1)
    times = np.where(present, track.times[which] - starts[:, None], 0.0).astype(np.float32)
    angle = (np.pi / WINDOW_SECONDS) * times[..., None]
    tokens = np.concatenate([track.tokens[which], np.sin(angle), np.cos(angle)], 2).astype(np.float32)
    return Windows(tokens, times, present)


def collate(windows: list[tuple[np.ndarray, np.ndarray]], speakers, width: int) -> Condition:
    """Pad windows of tokens to one batch on the CPU.

    Parameters
    ----------
    windows : list of (tokens (n, width), times (n,))
    speakers : sequence of int
    """
    longest = max(1, max(len(t) for _, t in windows))
    tokens = np.zeros((len(windows), longest, width), np.float32)
    times = np.zeros((len(windows), longest), np.float32)
    present = np.zeros((len(windows), longest), bool)
    for k, (x, t) in enumerate(windows):
        tokens[k, : len(t)], times[k, : len(t)], present[k, : len(t)] = x, t, True
    return Condition(
        torch.from_numpy(tokens),
        torch.from_numpy(times),
        torch.from_numpy(present),
        torch.as_tensor(list(speakers), dtype=torch.long),
    )


def window_conditions(track: TokenTrack, speaker: int, width: int, offset: float = 0.0):
    """A function from window start (seconds after `offset`) to the condition of that window."""

    def condition(start: float) -> Condition:
        return collate([track.window(start + offset)], [speaker], width)

    return condition

"""T2G of given words: the gesture that a speaker of a text might make. It reads the words and no brain."""

from __future__ import annotations

from ..errors import UserError
from ..evaluation.gesture import all_samples
from ..models.conditions import word_track
from ..models.generator import GestureGenerator
from ..text.embeddings import load_vectors
from ..types import Motion, Words
from ..work import QUIET, Work
from .motions import HEARD_STREAM, motion_of, torch_generator
from .run import Run

N_SAMPLES = 8
MAX_SECONDS = 4 * 3600.0  # of one motion; a file of words with times in milliseconds would ask for days


def stretch_of(words: Words, start: float | None = None, stop: float | None = None) -> tuple[float, float]:
    """Start and stop of the motion of words: as asked for, or from 0 s to a second after the last word.

    Raises
    ------
    UserError
        Without words, for a stretch that is empty or longer than `MAX_SECONDS`.
    """
    if not len(words):
        raise UserError("words: there are none; give a file that holds some")
    first = 0.0 if start is None else start
    last = float((words.start + words.duration).max()) + 1.0 if stop is None else stop
    if not last - first >= 1.0:
        raise UserError(f"--start, --stop: {first:g} to {last:g} s; the motion must be 1 s long or more")
    if last - first > MAX_SECONDS:
        hours = f"{(last - first) / 3600:.0f} hours"
        raise UserError(f"words: they take {hours}, more than {MAX_SECONDS / 3600:g}; are their times in seconds?")
    return first, last


def gestures_of_words(
    t2g: GestureGenerator,
    words: Words,
    start: float,
    stop: float,
    *,
    speaker: int = 0,
    samples: int = N_SAMPLES,
    seed: int = 0,
    work: Work = QUIET,
) -> Motion:
    """Gestures that T2G makes of words that are known.

    Parameters
    ----------
    t2g : the text-to-gesture model
    words : what is said
    start, stop : the stretch, seconds on the clock of the words
    speaker : index of the speaker whose style is used
    samples : number of gestures of the same words
    seed : of their noise
    work : progress and cancel

    Returns
    -------
    Motion at 15 fps; it holds all samples

    Raises
    ------
    UserError
        For a speaker that T2G does not know.
    """
    n = t2g.denoiser.config.n_speakers
    if not 0 <= speaker < n:
        raise UserError(f"speaker: allowed are 0 to {n - 1}, those that T2G was trained on; got {speaker}")
    tracks = [word_track(words, load_vectors().matrix(words.text))] * samples
    noise = torch_generator(seed, HEARD_STREAM)
    return motion_of(t2g.sample_bones(tracks, start, stop - start, speaker, noise, work=work), start)


class HeardGestures:
    """Mean gestures of heard words, each made once: several listeners of one story heard the same."""

    def __init__(self) -> None:
        self._made: dict[tuple, Motion] = {}

    def mean(
        self,
        run: Run,
        words: Words,
        span: tuple[float, float],
        *,
        speaker: int = 0,
        seed: int = 0,
        work: Work = QUIET,
    ) -> Motion:
        """The mean of `N_SAMPLES` gestures that T2G of a run makes of words over a stretch, seconds."""
        times = words.start.tobytes(), words.duration.tobytes()
        key = (run.path, *span, speaker, seed, words.text, times)
        if key not in self._made:
            made = gestures_of_words(run.t2g, words, *span, speaker=speaker, seed=seed, work=work)
            self._made[key] = mean_gesture(made)
        return self._made[key]


def mean_gesture(made: Motion) -> Motion:
    """The mean over the samples of a motion."""
    return Motion(all_samples(made).mean(0), fps=made.fps, start=made.start)

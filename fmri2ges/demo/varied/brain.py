"""BOLD of a varied world: what is planted where, each area's own response, and coloured noise that columns share.

The columns are a table of areas, the vertices of fsaverage5, or voxels of a grid of each listener's own. An area of the
surface or of voxels is what lies nearest to a random centre; it is an area of no atlas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .gestures import Habits
from .laws import BrainLaws, Place
from .stories import Language, Script

BIN = 0.1  # seconds, grid on which words become responses
RESPONSE = 30.0  # seconds that a response lasts
UNDERSHOOT = 9.0  # seconds from the peak to the undershoot
BASELINE, NOISE = 1000.0, 20.0  # of a column, in the units of a scanner: 2 % noise
SMALLEST = (3.5, 1.0)  # seconds: no peak comes earlier, no response is narrower
REFERENCE = 600.0  # seconds of the story that the strength of the signal is set on


@dataclass(frozen=True)
class Meaning:
    """The numbers that words mean to the brains of a world.

    Parameters
    ----------
    word : word -> array (width,)
    topic : array (n_topics, width)
    stroke : word -> array (12,), the strokes of the words that have one, of unit variance
    """

    word: dict[str, np.ndarray]
    topic: np.ndarray
    stroke: dict[str, np.ndarray]


def draw_meaning(laws: BrainLaws, language: Language, habits: Habits, rng: np.random.Generator) -> Meaning:
    """Draw what words and topics mean; they have nothing to do with any word vectors."""
    word = {w: rng.standard_normal(laws.width_of_meaning) for w in language.meaningful}
    topic = rng.standard_normal((len(language.topics), laws.width_of_meaning))
    scale = np.std([s for s in habits.stroke.values()]) if habits.stroke else 1.0
    return Meaning(word, topic, {w: s.ravel() / scale for w, s in habits.stroke.items()})


def features(laws: BrainLaws, meaning: Meaning, script: Script, seconds: float) -> np.ndarray:
    """What happens in a story on a grid of `BIN` seconds from `-lead` on, array (n_bins, n_features).

    The columns: the word's meaning, its topic, its stroke, and one for every word that is heard.
    """
    width = laws.width_of_meaning
    out = np.zeros((int(np.ceil((laws.lead + seconds) / BIN)) + 1, 2 * width + 13))
    for k, (word, at) in enumerate(zip(script.words.text, script.words.start, strict=True)):
        row = out[int((laws.lead + at) / BIN)]
        row[-1] += laws.rate
        if script.content[k]:
            row[:width] += laws.word * meaning.word[word]
            row[width : 2 * width] += laws.topic * meaning.topic[script.topic[k]]
            if word in meaning.stroke:
                row[2 * width : -1] += laws.stroke * meaning.stroke[word]
    return out


def response(peak: float, width: float, undershoot: float) -> np.ndarray:
    """HRF on the grid of `BIN` seconds: a gamma function with its peak and its sd (seconds), minus a later one."""

    def gamma(mode: float, sd: float) -> np.ndarray:
        from scipy.stats import gamma

        scale = (np.sqrt(mode**2 + 4 * sd**2) - mode) / 2  # of mode (k - 1) s and variance k s ** 2
        return gamma.pdf(np.arange(0, RESPONSE, BIN), mode / scale + 1, scale=scale)

    first, second = gamma(peak, width), gamma(peak + UNDERSHOOT, 1.5 * width)
    return first / first.max() - undershoot * second / second.max()


@dataclass(frozen=True)
class Body:
    """Where a listener's columns lie.

    Parameters
    ----------
    area : array (n_columns,), int, the area of each; -1 outside the cortex
    carries : array (n_areas,), bool, whether something is planted in an area
    mask : array (side, side, side), bool, which voxels count; None where the columns are no voxels
    """

    area: np.ndarray
    carries: np.ndarray
    mask: np.ndarray | None = None


def draw_body(laws: BrainLaws, rng: np.random.Generator, own: np.random.Generator) -> Body:
    """Draw the areas and where something is planted.

    Parameters
    ----------
    laws : of the world
    rng : of the world: listeners share where the areas lie
    own : of the listener, whose brain has a size and shape of its own
    """
    points, side, cortex, mask = _points(laws, own)
    centres = rng.uniform(-1, 1, (laws.areas, 3))
    if laws.place is Place.SURFACE:
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    foci = centres[rng.permutation(laws.areas)[: laws.foci]]
    if laws.place is Place.TABLE:
        area, centre_of = np.arange(laws.areas), centres
    else:
        from scipy.spatial import cKDTree

        # Both hemispheres are parcelled alike, each into areas of its own.
        nearest = cKDTree(centres).query(points)[1]
        _, area = np.unique(nearest + laws.areas * side, return_inverse=True)
        found = np.unique(nearest + laws.areas * side)
        centre_of = centres[found % laws.areas]
    away = np.linalg.norm(centre_of[:, None] - foci, axis=2).min(1)
    carries = away <= np.sort(away)[max(0, round(laws.carrying * len(away)) - 1)]
    return Body(np.where(cortex, area, -1), carries, mask)


def _points(laws: BrainLaws, own: np.random.Generator):
    """Places (n, 3) of the columns from -1 to 1, their hemisphere, whether they count, and the mask of a grid."""
    if laws.place is Place.TABLE:
        none = np.zeros(laws.areas, int)
        return np.zeros((laws.areas, 3)), none, none == 0, None
    if laws.place is Place.SURFACE:
        from ...brain.atlas import N_VERTICES, load_atlas
        from ...brain.surface import load_surface

        points = load_surface("sphere").vertices / 100.0
        hemisphere = np.repeat([0, 1], N_VERTICES)
        points = points * np.where(hemisphere[:, None] == 1, [-1.0, 1.0, 1.0], 1.0)
        return points, hemisphere, load_atlas().labels > 0, None
    axis = np.linspace(-1, 1, laws.side)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    mask = ((grid / own.uniform(0.75, 0.98, 3)) ** 2).sum(-1) < 1  # an ellipsoid
    points = grid[mask]
    return points, np.zeros(len(points), int), np.ones(len(points), bool), mask


class Brain:
    """One listener: how stories become BOLD.

    Parameters
    ----------
    laws : of the world
    body : where the columns lie
    n_features : width of `features`
    rng : of the listener
    """

    def __init__(self, laws: BrainLaws, body: Body, n_features: int, rng: np.random.Generator):
        self.laws, self.body = laws, body
        n_areas, n_columns = len(body.carries), len(body.area)
        self.peak = np.maximum(rng.normal(laws.peak, laws.peak_sd, n_areas), SMALLEST[0])
        self.width = np.maximum(rng.normal(laws.width, laws.width_sd, n_areas), SMALLEST[1])
        by_area = rng.standard_normal((n_areas, n_features))
        by_column = rng.standard_normal((n_columns, n_features))
        self.loading = np.sqrt(1 - laws.own) * by_area[body.area] + np.sqrt(laws.own) * by_column
        # Half of the areas with signal follow how much is said, all in one direction.
        follows = rng.random(n_areas) < 0.5
        self.loading[:, -1] = np.where(follows[body.area], np.abs(self.loading[:, -1]), 0)
        shared_by_area = rng.standard_normal((n_areas, laws.rank))[body.area]
        self.shared = (shared_by_area + rng.standard_normal((n_columns, laws.rank))) / np.sqrt(2 * laws.rank)
        self.level = BASELINE * rng.uniform(0.8, 1.2, n_columns)
        self.scale = np.ones(n_columns)

    def at_strength(self, reference: np.ndarray) -> Brain:
        """The same listener, whose signal has the sd of the laws over the features of a long story."""
        sd = self.signal(reference, int(REFERENCE / self.laws.tr)).std(0)
        self.scale = np.divide(self.laws.signal, sd, out=np.zeros_like(sd), where=sd > 0)
        return self

    def signal(self, x: np.ndarray, n_volumes: int) -> np.ndarray:
        """BOLD without noise, in units of the noise's sd, array (n_volumes, n_columns).

        Parameters
        ----------
        x : array (n_bins, n_features), see `features`
        n_volumes : number of volumes
        """
        from scipy.signal import fftconvolve

        rows = ((np.arange(n_volumes) + 0.5) * self.laws.tr / BIN).astype(int)
        x = np.pad(x, ((0, max(0, rows[-1] + 1 - len(x))), (0, 0)))
        out = np.zeros((n_volumes, len(self.body.area)), np.float32)
        for area in np.flatnonzero(self.body.carries):
            kernel = response(self.peak[area], self.width[area], self.laws.undershoot)
            here = self.body.area == area
            moved = fftconvolve(x, kernel[:, None], axes=0)[rows]
            out[:, here] = moved @ self.loading[here].T
        return out * self.scale.astype(np.float32)

    def bold(self, x: np.ndarray, n_volumes: int, rng: np.random.Generator, null: bool = False) -> np.ndarray:
        """What the scanner stores, array (n_volumes, n_columns), float32; zero outside the cortex.

        Parameters
        ----------
        x, n_volumes : as in `signal`
        rng : of the noise
        null : leave the signal out
        """
        laws = self.laws
        own = _coloured(rng, n_volumes, len(self.body.area), laws)
        common = _coloured(rng, n_volumes, laws.rank, laws) @ self.shared.T.astype(np.float32)
        noise = np.sqrt(1 - laws.shared) * own + np.sqrt(laws.shared) * common
        if not null:
            noise += self.signal(x, n_volumes)
        return np.where(self.body.area >= 0, self.level + NOISE * noise, 0).astype(np.float32)


def _coloured(rng: np.random.Generator, n: int, width: int, laws: BrainLaws) -> np.ndarray:
    """Noise (n, width) of unit variance whose power falls as 1 / f ** colour above 1 / 128 s, float32."""
    frequency = np.fft.rfftfreq(2 * n, laws.tr)
    gain = np.maximum(frequency, 1 / 128) ** (-laws.colour / 2)
    gain[0] = 0
    white = np.fft.rfft(rng.standard_normal((2 * n, width), dtype=np.float32), axis=0)
    x = np.fft.irfft(white * gain[:, None], 2 * n, axis=0)[:n]  # twice as long: the ends are no neighbours
    return (x / np.sqrt((gain**2).sum() * 2 / (2 * n))).astype(np.float32)

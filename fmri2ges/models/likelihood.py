"""How well a text explains BOLD, exact and at a cost that does not depend on the number of voxels.

The text predicts volume t as x_t W, x_t the delayed features; with the noise precision P its log-likelihood is
the sum over volumes of -1/2 (x_t W - r_t)' P (x_t W - r_t) (Tang et al. 2023). Voxels enter only through
W P W' and W P r_t', which are computed once. A new word with feature vector e at a known time changes x_t
linearly (Lanczos weight times delay), so for hypothesis h

    log-likelihood = c_h + g_h' e - 1/2 e' H e

with one H for all hypotheses of a step. Every volume that the word touches is scored anew, also those that
earlier words touched: nothing is approximated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..brain.hrf import delayed
from ..brain.lanczos import WINDOW, lanczos_matrix
from ..errors import UserError, check_finite, check_shape
from .encoding import EncodingModel
from .noise import NoiseModel

KEPT_CURVATURES = 24  # 1 to 6 words evenly spread over a volume have 12 positions


class Evidence:
    """An encoding model and its noise for one choice of voxels, with the voxels already summed out.

    Parameters
    ----------
    model : encoding model of the chosen voxels
    noise : noise of the same voxels
    dtype : precision of the arithmetic; the factorisation is always float64

    Raises
    ------
    UserError
        When the two have different numbers of voxels, or none.
    """

    def __init__(self, model: EncodingModel, noise: NoiseModel, dtype=np.float64):
        from scipy.linalg import cholesky, solve_triangular

        n_voxels = model.weights.shape[1]
        if not n_voxels:
            raise UserError("rois: the selection holds no voxel of this encoding model; choose at least one ROI")
        check_shape("noise covariance", noise.covariance, (n_voxels, n_voxels))
        self.model, self.dtype, self.n_voxels = model, np.dtype(dtype), n_voxels
        self._root = cholesky(noise.shrunk(), lower=True, overwrite_a=True, check_finite=False)  # P = root^-T root^-1
        sd = np.tile(model.sd.astype(np.float64), len(model.delays))
        # Weights on raw features: the z-score's scale goes into the weights, its mean into the data.
        self._half = solve_triangular(
            self._root, model.weights.T / sd, lower=True, overwrite_b=True, check_finite=False
        )
        n_delays, n_features = len(model.delays), len(model.mean)
        self.gram = (self._half.T @ self._half).astype(self.dtype)  # W P W'
        self._blocks = self.gram.reshape(n_delays, n_features, n_delays, n_features)
        gaps = np.subtract.outer(model.delays, model.delays)  # delay of the new word minus delay of the text
        self.gaps = np.unique(gaps)
        # Inside a story only the gap between two delays matters, so blocks of W P W' with the same gap are summed.
        self.of_gap = np.stack([sum(self._block(i, j) for i, j in np.argwhere(gaps == g)) for g in self.gaps])
        self._curvatures: dict[bytes, np.ndarray] = {}

    def _block(self, own: int, other: int) -> np.ndarray:
        """W P W' between the text at one delay (rows) and the new word at another (columns)."""
        return self._blocks[other, :, own, :]

    def seen(self, overlaps: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """What the text so far predicts already of a new word's share, array (n, n_features).

        Parameters
        ----------
        overlaps : array (n_gaps, n_rows), or (n_delays, n_delays, n_rows) for words at a story's end, where the
            volumes that a delay still reaches differ: in what shares the new word meets each row of the text
        rows : array (n, n_rows, n_features), the text
        """
        n, n_features = len(rows), rows.shape[-1]
        if overlaps.ndim == 2:
            return (overlaps @ rows).reshape(n, -1) @ self.of_gap.reshape(-1, n_features)
        columns = (slice(k * n_features, (k + 1) * n_features) for k in range(len(overlaps)))
        return sum(
            (own @ rows).reshape(n, -1) @ self.gram[:, part] for own, part in zip(overlaps, columns, strict=True)
        )

    def curvature(self, overlaps: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """H of a word as `triangular`; `overlaps` as in `seen`, `weights` (n_rows,) the share of the word in each row.

        Inside a story evenly spread words have few positions within a volume, so the last few are kept.
        """
        own = overlaps @ weights
        if own.ndim == 2:
            return triangular(sum(own[pair] * self._block(*pair) for pair in np.ndindex(own.shape)))
        key = np.round(own, 12).tobytes()
        if key not in self._curvatures:
            if len(self._curvatures) >= KEPT_CURVATURES:
                self._curvatures.pop(next(iter(self._curvatures)))
            self._curvatures[key] = triangular(np.tensordot(own, self.of_gap, 1))
        return self._curvatures[key]

    def project(self, bold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What a story's BOLD has to say about features.

        Parameters
        ----------
        bold : array (n_volumes, n_voxels), z-scored within the story

        Returns
        -------
        pull : array (n_volumes, n_delays * n_features), W P r_t' for raw features
        rest : array (n_volumes,), r_t P r_t' (both after the features' mean is moved into r_t)
        """
        from scipy.linalg import solve_triangular

        white = solve_triangular(self._root, bold.T.astype(np.float64), lower=True, overwrite_b=True).T
        white += self._mean_design(len(bold)) @ self._half.T
        return (white @ self._half).astype(self.dtype), np.einsum("tv,tv->t", white, white)

    def noise(self, n_volumes: int, rng: np.random.Generator) -> np.ndarray:
        """BOLD of nothing but the model's noise, array (n_volumes, n_voxels)."""
        return rng.standard_normal((n_volumes, self.n_voxels)) @ self._root.T

    def _mean_design(self, n_volumes: int) -> np.ndarray:
        """The features' mean at each delay that lies inside the story, array (n_volumes, n_delays * n_features)."""
        inside = np.arange(n_volumes)[:, None] >= np.array(self.model.delays)  # (n_volumes, n_delays)
        return (inside[:, :, None] * self.model.mean.astype(np.float64)).reshape(n_volumes, -1)


def triangular(symmetric: np.ndarray) -> np.ndarray:
    """The upper triangular matrix with the same quadratic form: it costs half the multiplications."""
    upper = 2 * np.triu(symmetric)
    upper[np.diag_indices_from(upper)] /= 2
    return upper


@dataclass(frozen=True)
class Hypotheses:
    """Texts so far: all with the same word times.

    Parameters
    ----------
    first : volume of the first row kept; later words do not reach the rows before
    rows : array (n, n_rows, n_features); resampled raw features from that volume on
    log_likelihood : array (n,); relative to `Likelihood.start`
    """

    first: int
    rows: np.ndarray
    log_likelihood: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Step:
    """The log-likelihood of every next word, as a quadratic form in its features.

    Parameters
    ----------
    first : volume of the first row of `rows`
    rows : array (n, n_rows, n_features); features of each hypothesis around the new word
    weights : array (n_rows,); share of the new word in each row
    constant : array (n,)
    gain : array (n, n_features)
    curvature : array (n_features, n_features), H as `triangular`, the same for all hypotheses
    expected : array (n_features,); what stood for the new word
    """

    first: int
    rows: np.ndarray
    weights: np.ndarray
    constant: np.ndarray
    gain: np.ndarray
    curvature: np.ndarray
    expected: np.ndarray

    def score(self, features: np.ndarray, parents: np.ndarray) -> np.ndarray:
        """Log-likelihood of each hypothesis continued by a candidate.

        Parameters
        ----------
        features : array (n_candidates, n_features), raw
        parents : array (n_candidates,), int; the hypothesis that each candidate continues

        Returns
        -------
        array (n_candidates,)
        """
        linear = np.einsum("nf,nf->n", features, self.gain[parents])
        return self.constant[parents] + linear - 0.5 * self._square(features)

    def _square(self, features: np.ndarray, n_blocks: int = 4) -> np.ndarray:
        """e' H e of each row; the zeros below the diagonal are not multiplied."""
        total, step = np.zeros(len(features), np.float32), -(-features.shape[1] // n_blocks)
        for start in range(0, features.shape[1], step):
            own, above = slice(start, start + step), slice(0, start + step)
            product = features[:, above] @ self.curvature[above, own]
            total = total + np.einsum("nf,nf->n", product, features[:, own])
        return total

    def extend(self, features: np.ndarray, parents: np.ndarray) -> Hypotheses:
        """The chosen continuations; arguments as in `score`."""
        scores = self.score(features, parents)
        e = (features - self.expected).astype(self.rows.dtype)
        rows = self.rows[parents] + self.weights[None, :, None] * e[:, None, :]
        return Hypotheses(self.first, rows, scores)


class Likelihood:
    """Likelihood of texts given the BOLD of one story.

    Parameters
    ----------
    evidence : encoding model and noise of the chosen voxels
    bold : array (n_volumes, n_voxels) of the same voxels, z-scored within the story
    volume_times : array (n_volumes,), seconds
    word_times : array (n_words,), seconds, ascending; the middle of each word, known from the word rate
    expected : array (n_features,) or None
        Raw features of an average word: stands for each word that is not decoded yet, so that volumes which
        later words will reach are compared fairly. None: later words are left out.

    Raises
    ------
    UserError
        For another number of voxels than the model's, NaN, too few volumes, or word times out of order.
    """

    def __init__(self, evidence: Evidence, bold, volume_times, word_times, expected: np.ndarray | None = None):
        if bold.ndim != 2 or bold.shape[1] != evidence.n_voxels:
            raise UserError(
                f"bold: shape {bold.shape}, but the encoding model has {evidence.n_voxels} voxels; give the same voxels"
            )
        check_finite("bold", bold)
        check_shape("volume times", volume_times, (len(bold),))
        self.evidence, self.delays = evidence, evidence.model.delays
        if len(bold) <= max(self.delays):
            raise UserError(
                f"bold: {len(bold)} volumes, not more than the longest delay of {max(self.delays)}; give a longer story"
            )
        if (np.diff(word_times) < 0).any():
            raise UserError("word times: must be in ascending order; sort the words by onset")
        self.pull, self.rest = evidence.project(bold)
        self.lanczos = lanczos_matrix(word_times, volume_times).astype(evidence.dtype)
        reach = WINDOW * np.diff(volume_times).mean()
        self._touched = np.searchsorted(volume_times, np.stack([word_times - reach, word_times + reach]))
        zero = np.zeros(len(evidence.model.mean), evidence.dtype)
        self.expected = zero if expected is None else np.asarray(expected, evidence.dtype)
        self._base = self.lanczos.sum(1)[:, None] * self.expected  # every word the expected one

    def start(self) -> Hypotheses:
        """One hypothesis without a word; its log-likelihood is the zero of all others."""
        return Hypotheses(0, self._base[None, :0], np.zeros(1))

    def total(self, features: np.ndarray) -> float:
        """Log-likelihood of a whole text over the whole story, up to the Gaussian's constant.

        Parameters
        ----------
        features : array (n_words, n_features), raw; of all words, in the order of the word times
        """
        x = delayed(self.lanczos @ features, [-d for d in self.delays])
        return float(np.einsum("tk,tk->", x, self.pull - 0.5 * (x @ self.evidence.gram)) - 0.5 * self.rest.sum())

    def step(self, hypotheses: Hypotheses, word: int) -> Step:
        """The quadratic form of the next word.

        Parameters
        ----------
        hypotheses : texts of `word` words
        word : index of the next word into the word times
        """
        reach = max(self.delays) - min(self.delays)  # rows that share a volume with the new word's
        lo, hi = max(self._touched[0, word] - reach, 0), min(self._touched[1, word] + reach, len(self.pull))
        rows = self._window(hypotheses, lo, hi)
        weights = self.lanczos[lo:hi, word]
        overlaps = self._overlaps(weights, lo)
        curvature = self.evidence.curvature(overlaps, weights)
        gain = self._pull_of(weights, lo) - self.evidence.seen(overlaps, rows)
        # The form is in e minus the expected word; written out it is in e.
        bent = 0.5 * (curvature @ self.expected + self.expected @ curvature)
        constant = hypotheses.log_likelihood - gain @ self.expected - 0.5 * self.expected @ bent
        return Step(lo, rows, weights, constant, gain + bent, curvature, self.expected)

    def _window(self, hypotheses: Hypotheses, lo: int, hi: int) -> np.ndarray:
        """Features of each hypothesis in volumes lo to hi, array (n, hi - lo, n_features)."""
        rows = np.repeat(self._base[None, lo:hi], len(hypotheses), axis=0)
        first, last = hypotheses.first, hypotheses.first + hypotheses.rows.shape[1]
        a, b = max(lo, first), min(hi, last)
        assert lo >= first, "words come in order of time"
        if a < b:
            rows[:, a - lo : b - lo] = hypotheses.rows[:, a - first : b - first]
        return rows

    def _overlaps(self, weights: np.ndarray, lo: int) -> np.ndarray:
        """In what shares the new word meets each row of the text in a volume, as `Evidence.seen` takes them."""
        row = np.arange(len(weights))

        def meeting(gap: int, stop: int) -> np.ndarray:
            source = row - gap  # the row of the new word that meets this row of the text
            valid = (source >= 0) & (source < len(weights)) & (row < stop)
            return np.append(weights, np.zeros(1, weights.dtype))[np.where(valid, source, -1)]

        if lo + len(weights) + max(self.delays) <= len(self.pull):
            return np.stack([meeting(gap, len(row)) for gap in self.evidence.gaps])
        ends = [len(self.pull) - lo - d for d in self.delays]  # rows that still reach a volume
        return np.array(
            [[meeting(own - other, end) for other, end in zip(self.delays, ends, strict=True)] for own in self.delays]
        )

    def _pull_of(self, weights: np.ndarray, lo: int) -> np.ndarray:
        """What the data have to say about the new word, array (n_features,)."""
        pull = self.pull.reshape(len(self.pull), len(self.delays), -1)
        total = np.zeros(pull.shape[-1], pull.dtype)
        for i, d in enumerate(self.delays):
            inside = weights[: max(0, len(pull) - lo - d)]
            total += inside @ pull[lo + d : lo + d + len(inside), i]
        return total

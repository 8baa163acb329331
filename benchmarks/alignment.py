"""Decoders of reference listeners read a new listener who has little data: the method of cross_subject.py.

On stories that both heard, ridge learns how the new listener's features (parcel components, say) predict a reference
listener's, volume by volume. Later recordings of the new listener are mapped, the reference's readout decodes them, and
several references are averaged. The idea is that of Tang and Huth, Semantic language decoding across participants and
stimulus modalities, Current Biology 35, 2025, doi 10.1016/j.cub.2025.01.024.

Predictions of ridge are shrunken. They are not brought to unit variance: that would make the many features that cannot
be predicted as loud as the few that can. Instead one gain is put on the map, the slope of the reference's features on
their leave-one-story-out predictions. A mapped feature is then the expectation of the reference's feature, and its
variance is the share that can be predicted: near zero for a listener without signal. A readout is linear, so it reads
the expectation of what it would have read from the reference, never more.
"""

from __future__ import annotations

from dataclasses import dataclass

import common  # noqa: F401  (puts the checkout on the path)
import numpy as np

from fmri2ges.errors import UserError, check_finite
from fmri2ges.models.readout import MAX_VOLUMES, Readout, Solution, best_penalty, penalty_scores

PENALTIES = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
SAME_VOLUME = (0,)  # the one "FIR delay": both brains answer the story at the same time
ROUNDING = 1e-10  # share of the variance below which a float32 prediction is rounding


@dataclass(frozen=True)
class Alignment:
    """A linear map from the features of one listener to those of another.

    Parameters
    ----------
    weights : array (n_own, n_reference), float32; the gain is in it
    penalty : ridge penalty, chosen on left-out shared stories
    gain : slope of the reference's features on their left-out predictions, 0 or more
    r : correlation of the two, pooled over features
    """

    weights: np.ndarray
    penalty: float
    gain: float
    r: float

    def apply(self, features: np.ndarray) -> np.ndarray:
        """Expected features of the reference listener in one story.

        Parameters
        ----------
        features : array (n_volumes, n_own) of the new listener, z-scored within the story

        Returns
        -------
        array (n_volumes, n_reference), float32
        """
        if features.ndim != 2 or features.shape[1] != len(self.weights):
            raise UserError(
                f"alignment: features of shape {features.shape}, but it was fitted on {len(self.weights)}; "
                "give the same ones"
            )
        return features.astype(np.float32, copy=False) @ self.weights


def fit_alignment(own: list[np.ndarray], reference: list[np.ndarray], penalties=PENALTIES) -> Alignment:
    """Ridge from one listener's features to another's on the stories that both heard.

    Parameters
    ----------
    own : list of arrays (n_volumes, n_own), z-scored within the story; the new listener
    reference : list of arrays (n_volumes, n_reference), z-scored within the story; the same stories in the same order
    penalties : grid; the best leave-one-story-out correlation wins, the stronger of equal ones

    Notes
    -----
    The gain comes from maps that were fitted on one story less. Fitted on less they are shrunken more, so with two or
    three stories the gain can be too large; a penalty chosen on the same stories keeps this small.

    Raises
    ------
    UserError
        With fewer than two shared stories, stories of other lengths (another TR, say), too many volumes, or NaN.
    """
    _check_shared(own, reference)
    targets, everything = np.concatenate(reference), [slice(None)]
    penalty = best_penalty([penalty_scores(own, targets, everything, penalties, SAME_VOLUME)])
    readout = Readout(own, targets, penalty, SAME_VOLUME)
    columns = np.arange(own[0].shape[1])
    solution = readout.solve(columns)
    truth, guess = readout.targets.astype(np.float64), solution.crossfit.astype(np.float64)
    together, power, whole = (truth * guess).sum(), (guess**2).sum(), (truth**2).sum()
    gain = max(together / power, 0.0) if power > ROUNDING * whole else 0.0
    r = together / np.sqrt(power * whole) if gain > 0 else 0.0
    weights = np.float32(gain) * (readout.features.T @ solution.dual)
    return Alignment(weights.astype(np.float32), penalty, float(gain), float(r))


def _check_shared(own: list[np.ndarray], reference: list[np.ndarray]) -> None:
    if len(own) != len(reference):
        raise UserError(
            f"alignment: {len(own)} stories of the new listener, {len(reference)} of the reference; "
            "give the shared stories of both"
        )
    if len(own) < 2:
        raise UserError(
            f"alignment: {len(own)} shared story; the penalty is chosen on left-out stories, so give at least 2"
        )
    for k, (a, b) in enumerate(zip(own, reference, strict=True)):
        if len(a) != len(b):
            raise UserError(
                f"alignment: shared story {k + 1} has {len(a)} volumes in the new listener and {len(b)} in the "
                "reference; both need the same TR and length: resample or cut one of them"
            )
        check_finite("alignment", a, f"shared story {k + 1} of the new listener")
        check_finite("alignment", b, f"shared story {k + 1} of the reference")
    if sum(map(len, own)) > MAX_VOLUMES:
        raise UserError(
            f"alignment: {sum(map(len, own))} volumes of shared stories; at most {MAX_VOLUMES} are possible: "
            "give fewer stories"
        )


@dataclass(frozen=True)
class Reference:
    """A listener with much data, and the way there from the new listener.

    Parameters
    ----------
    alignment : maps the new listener's features to those of the reference
    readout, solution : decoder of the reference, trained on all of the reference's stories
    """

    alignment: Alignment
    readout: Readout
    solution: Solution


def predict_aligned(references: list[Reference], features: np.ndarray) -> np.ndarray:
    """What the references' readouts decode from a story of the new listener, averaged.

    Parameters
    ----------
    references : their readouts have the same targets
    features : array (n_volumes, n_own) of the new listener, z-scored within the story

    Returns
    -------
    array (n_volumes, n_targets), centred as `Readout.predict` returns it
    """
    if not references:
        raise UserError("alignment: no reference listener; give at least one")
    return np.mean([r.readout.predict(r.solution, r.alignment.apply(features)) for r in references], 0)

"""A decoder for a listener with little data, from reference listeners who heard the same stories.

Ridge learns, on the shared stories, how the features of a reference listener's BOLD (parcel components, say) predict
the new listener's voxels. The reference's encoding model, trained on all of the reference's stories, then becomes one
of the new listener's voxels; several references are averaged. What is decoded is the new listener's own BOLD. The word
rate goes the other way: the new listener's auditory areas are mapped to a reference's, which that one's model reads.
The idea is that of Tang and Huth, Semantic language decoding across participants and stimulus modalities, Current
Biology 35, 2025, doi 10.1016/j.cub.2025.01.024: decoders of reference listeners, transferred by functional alignment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..brain.lanczos import lanczos_matrix
from ..errors import UserError, check_finite
from ..text.lm import LanguageModel
from ..text.open_lm import LmChoice
from .bayes import N_BEST, PER_PARCEL, BayesDecoder, HeardStory, choose_voxels
from .encoding import PENALTIES, EncodingModel, StoryVoxels
from .noise import fit_noise
from .ridge import VoxelSource, fit_ridge
from .word_rate import WordRate

N_BLOCKS = 4  # a single story is cut into these, so that something can be held out
BATCH = 2000  # voxels
MOST_APART = 0.5  # seconds; the response hardly changes within it


@dataclass(frozen=True)
class Alignment:
    """A linear map from the features of one listener to the voxels of another.

    Parameters
    ----------
    weights : array (n_features, n_voxels), float32
    penalty : array (n_voxels,)
    score : array (n_voxels,); cross-validated R2 inside the shared stories
    """

    weights: np.ndarray
    penalty: np.ndarray
    score: np.ndarray

    def apply(self, features: np.ndarray) -> np.ndarray:
        """BOLD of one story as the other listener's voxels would show it.

        Parameters
        ----------
        features : array (n_volumes, n_features), z-scored within the story

        Returns
        -------
        array (n_volumes, n_voxels), float32, z-scored within the story
        """
        if features.ndim != 2 or features.shape[1] != len(self.weights):
            raise UserError(
                f"alignment: shape {features.shape}, but it was fitted on {len(self.weights)} features; give the same ones"
            )
        out = features.astype(np.float32, copy=False) @ self.weights
        out -= out.mean(0)
        return out / np.maximum(out.std(0), 1e-6)


def fit_alignment(
    source: list[np.ndarray],
    target: list[np.ndarray],
    penalties=PENALTIES,
    n_folds: int = 5,
    device: str = "cpu",
    should_stop: Callable[[], bool] | None = None,
) -> Alignment:
    """Ridge from one listener's features to another's voxels, on the stories that both heard.

    Parameters
    ----------
    source : list of arrays (n_volumes, n_features), z-scored within the story
    target : list of array-like (n_volumes, n_voxels), z-scored within the story; the same stories in the same order
    penalties : grid; chosen for each voxel on held-out stories, or on blocks of the story where there is one only
    n_folds, device, should_stop : see `ridge.fit_ridge`

    Raises
    ------
    UserError
        Without a shared story, for stories of other lengths (another TR, say), or NaN.
    """
    _check_shared(source, target)
    lengths = _pieces([len(s) for s in source])
    design = np.concatenate([np.asarray(s, np.float32) for s in source])
    fitted = fit_ridge(design, StoryVoxels(target), lengths, penalties, n_folds, device, should_stop=should_stop)
    return Alignment(fitted.weights, fitted.penalty, fitted.score)


def _check_shared(source, target) -> None:
    if not source or not target:
        raise UserError("alignment: no story was heard by both listeners; give at least one shared story")
    if len(source) != len(target):
        raise UserError(
            f"alignment: {len(source)} stories of one listener, {len(target)} of the other; pair the shared stories only"
        )
    for k, (a, b) in enumerate(zip(source, target)):
        if len(a) != len(b):
            raise UserError(
                f"alignment: shared story {k + 1} has {len(a)} volumes in one listener and {len(b)} in the other; "
                "both need the same TR and length: resample or cut one of them"
            )
        check_finite("alignment", a, f"shared story {k + 1}")


def _pieces(lengths: list[int]) -> list[int]:
    """What is held out at a time, volumes of each: a story; of a single story, a block."""
    if len(lengths) > 1:
        return lengths
    if lengths[0] < 2 * N_BLOCKS:
        raise UserError(f"alignment: the one shared story has {lengths[0]} volumes; give a longer story, or several")
    return [len(part) for part in np.array_split(np.arange(lengths[0]), N_BLOCKS)]


def aligned_rate(rates: list[WordRate], alignments: list[Alignment], features: np.ndarray) -> np.ndarray:
    """Words per volume of the new listener, the mean of what the references' models read, array (n_volumes,).

    Parameters
    ----------
    rates : one model per reference listener
    alignments : from the new listener's features to those that each model reads
    features : array (n_volumes, n_features) of the new listener, z-scored within the story
    """
    return np.mean([rate.predict(alignment.apply(features)) for rate, alignment in zip(rates, alignments, strict=True)], 0)


def left_out_predictions(source: np.ndarray, target: VoxelSource, lengths, penalty: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Predictions for each story by the alignment that is fitted on all others.

    In the dual form, so that one factor serves every voxel with the same penalty.

    Parameters
    ----------
    source : array (n_volumes, n_features); stories one under the other
    target : source of (n_volumes, n_voxels)
    lengths : volumes of each story; at least two
    penalty : array (n_voxels,)
    query : array (n_volumes, n_features); what is mapped in place of `source`, for example the features that a
        model predicts from the words

    Returns
    -------
    array (n_volumes, n_voxels), float32
    """
    from scipy.linalg import cho_factor, cho_solve

    source = np.asarray(source, np.float64)
    kernel, cross = source @ source.T, np.asarray(query, np.float64) @ source.T
    out = np.zeros((len(source), target.n_voxels), np.float32)
    story = np.repeat(np.arange(len(lengths)), lengths)
    maps = {}
    for p in np.unique(penalty):
        shrunk = kernel + float(p) * np.eye(len(kernel))
        one = np.zeros_like(kernel)
        for k in range(len(lengths)):
            own, other = story == k, story != k
            factor = cho_factor(shrunk[np.ix_(other, other)], lower=True)
            one[np.ix_(own, other)] = cho_solve(factor, cross[np.ix_(own, other)].T).T
        maps[float(p)] = one.astype(np.float32)
    for start in range(0, target.n_voxels, BATCH):
        columns = slice(start, min(start + BATCH, target.n_voxels))
        y = target.read(columns)
        for p, one in maps.items():
            chosen = np.flatnonzero(penalty[columns] == p)
            if len(chosen):
                out[:, start + chosen] = one @ y[:, chosen]
    return out


@dataclass(frozen=True)
class Reference:
    """A listener with much data, as the new listener's decoder needs it.

    Parameters
    ----------
    model : encoding model of features of this listener's BOLD, trained on all of the listener's stories
    expected : array (n_word_features,); raw features of an average word
    shared : list of arrays (n_volumes, n_features); those features, measured in the stories that the new listener heard too
    volume_times : list of arrays (n_volumes,), seconds, of the same stories
    """

    model: EncodingModel
    expected: np.ndarray
    shared: list[np.ndarray]
    volume_times: list[np.ndarray]


def aligned_decoder(
    references: list[Reference],
    heard: list[HeardStory],
    parcel: np.ndarray,
    lm: LanguageModel,
    choice: LmChoice,
    *,
    penalties=PENALTIES,
    n_best: int = N_BEST,
    per_parcel: int = PER_PARCEL,
    device: str = "cpu",
    progress: Callable[[float, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> BayesDecoder:
    """A decoder of the new listener's BOLD.

    Voxels, scale and noise come from predictions of stories that the alignment was not fitted on, so the noise
    covariance holds what the alignment leaves unexplained.

    Parameters
    ----------
    references : reference listeners, averaged
    heard : the new listener's stories, in the order of `Reference.shared`
    parcel : array (n_columns,), int; parcel of each column of the new listener's recording, -1 outside all
    lm, choice : language model whose features the references' models use, and how it was opened
    n_best, per_parcel : see `bayes.fit_bayes`

    Raises
    ------
    UserError
        Without a reference or a shared story, for stories of other lengths, or another language model's features.
    """
    report = progress or (lambda fraction, message: None)
    _check_references(references, heard, lm)
    voxels, lengths = StoryVoxels([s.bold for s in heard]), _pieces([len(s.bold) for s in heard])
    features = [_word_features(s, lm) for s in heard]
    alignments, predicted = [], 0.0
    for k, reference in enumerate(references):
        report(k / len(references), f"alignment with reference listener {k + 1} of {len(references)}")
        fitted = fit_alignment(reference.shared, voxels.stories, penalties, device=device, should_stop=should_stop)
        alignments.append(fitted)
        query = np.concatenate([reference.model.predict(f) for f in features])
        share = left_out_predictions(np.concatenate(reference.shared), voxels, lengths, fitted.penalty, query)
        predicted = predicted + share / len(references)
    report(0.9, "noise that the alignment leaves")
    score = _agreement(predicted, voxels)
    kept = choose_voxels(score, parcel, n_best, per_parcel)
    predicted, bold = predicted[:, kept], np.concatenate([np.asarray(s.bold[:, kept], np.float32) for s in heard])
    scale = _slope(predicted, bold)  # ridge predicts too little
    predicted *= np.float32(scale)
    noise = fit_noise(bold - predicted, lengths)
    scale *= likelihood_scale(predicted, bold, lengths)
    model = _pooled(references, alignments, kept, scale, score[kept])
    expected = np.mean([r.expected for r in references], 0)
    return BayesDecoder(model, noise, kept, parcel[kept].astype(np.int32), expected.astype(np.float32), choice, lm.name)


def _word_features(story: HeardStory, lm: LanguageModel) -> np.ndarray:
    """Features of the words heard, resampled to volumes, array (n_volumes, n_word_features)."""
    middle = story.words.start + story.words.duration / 2
    return (lanczos_matrix(middle, story.volume_times) @ lm.story_features(story.words.text)).astype(np.float32)


def _check_references(references: list[Reference], heard: list[HeardStory], lm: LanguageModel) -> None:
    if not references:
        raise UserError("alignment: no reference listener; give at least one")
    widths = sorted({len(r.model.mean) for r in references} | {lm.n_features})
    if len(widths) > 1:
        raise UserError(
            f"alignment: models of {', '.join(map(str, widths))} word features; train all with the same language model"
        )
    if len({r.model.delays for r in references}) > 1:
        raise UserError("alignment: the references' encoding models have different delays; train them alike")
    for reference in references:
        _check_shared(reference.shared, [s.bold for s in heard])
        for k, (times, story) in enumerate(zip(reference.volume_times, heard, strict=True)):
            apart = np.abs(np.asarray(times) - story.volume_times).max()
            if apart > MOST_APART:
                raise UserError(
                    f"alignment: volumes of shared story {k + 1} are up to {apart:.2f} s apart in the two listeners; "
                    "both need the same TR and first volume: resample one of them, or correct first_volume_at"
                )


def _agreement(predicted: np.ndarray, voxels: StoryVoxels) -> np.ndarray:
    """Correlation of prediction and BOLD of each voxel, array (n_voxels,): the scale of the prediction does not matter."""
    out = np.zeros(voxels.n_voxels, np.float32)
    for start in range(0, voxels.n_voxels, BATCH):
        columns = slice(start, min(start + BATCH, voxels.n_voxels))
        x, y = predicted[:, columns] - predicted[:, columns].mean(0), voxels.read(columns)
        spread = np.linalg.norm(x, axis=0) * np.linalg.norm(y - y.mean(0), axis=0)
        out[columns] = np.divide((x * y).sum(0), spread, out=np.zeros_like(spread), where=spread > 1e-9)
    return out


def _slope(predicted: np.ndarray, bold: np.ndarray) -> float:
    """One slope of BOLD on its prediction for all voxels: zero where nothing is explained."""
    power = float(np.square(predicted, dtype=np.float64).sum())
    return max(float((predicted.astype(np.float64) * bold).sum()) / power, 0.0) if power > 0 else 0.0


def likelihood_scale(predicted: np.ndarray, bold: np.ndarray, lengths) -> float:
    """The factor on predictions of left-out stories at which their Gaussian likelihood is largest.

    The noise of each story comes from the residuals of the others. With few stories precise directions of the noise are
    partly chance, and a model that is right on average still claims too much there.

    Parameters
    ----------
    predicted, bold : arrays (n_volumes, n_voxels); predictions by models that the story was left out of
    lengths : volumes of each story; at least two

    Returns
    -------
    float, 0 or more; 1 is well calibrated
    """
    from scipy.linalg import cholesky, solve_triangular

    lengths, story = np.asarray(lengths), np.repeat(np.arange(len(lengths)), lengths)
    white_predicted, white_bold = [], []
    for k in range(len(lengths)):
        own, other = story == k, story != k
        root = cholesky(fit_noise(bold[other] - predicted[other], np.delete(lengths, k)).shrunk(), lower=True, overwrite_a=True)
        white_predicted.append(solve_triangular(root, predicted[own].T, lower=True))
        white_bold.append(solve_triangular(root, bold[own].T, lower=True))
    return _slope(np.concatenate(white_predicted, 1), np.concatenate(white_bold, 1))


def _pooled(references: list[Reference], alignments: list[Alignment], kept: np.ndarray, scale: float, score) -> EncodingModel:
    """The mean of the references' encoding models, each seen through its alignment."""
    first = references[0].model
    weights = 0.0
    for reference, alignment in zip(references, alignments):
        # All on the first one's z-score: a weight per raw feature is weight / sd.
        units = np.tile(first.sd / reference.model.sd, len(first.delays))[:, None]
        weights = weights + (scale / len(references)) * (units * reference.model.weights) @ alignment.weights[:, kept]
    mean = np.mean([r.model.mean for r in references], 0)
    penalty = np.mean([a.penalty[kept] for a in alignments], 0)
    return EncodingModel(mean, first.sd, weights.astype(np.float32), penalty, score, first.delays)

"""F2T, the Bayesian form: the texts of a language model that explain the BOLD best.

Encoding model, noise and beam search of Tang et al., Semantic reconstruction of continuous language
from non-invasive brain recordings, Nature Neuroscience 26, 2023. The word times come from the fast
decoder's word rate (`f2t.py`); here the words are found. Decoding never sees a transcript.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from ..brain.hrf import fir_delays
from ..brain.lanczos import lanczos_matrix
from ..errors import UserError
from ..text.lm import LanguageModel
from ..text.open_lm import LmChoice
from ..text.proposals import PerturbedProposals, Proposals
from ..text.timing import spread_words
from ..types import Recording, Words
from ..work import QUIET, Work
from .beam import WIDTH, check_count, decode_beam
from .encoding import RESPONSE_SECONDS, EncodingModel, StoryVoxels, fit_encoding
from .likelihood import Evidence, Likelihood
from .noise import NoiseModel, fit_noise, least_shrinkage, left_out_residuals

N_BEST = 1500  # voxels with the best cross-validated score
N_CHOOSING = 300  # so many of these voxels are used to choose the shrinkage
PRIOR_WEIGHT = 1.0  # Bayes' rule; on validation stories less loses words in common and more loses the topic
PER_PARCEL = 4  # and these of every parcel, so that any ROI can be decoded on its own
DRAW_WIDTH = 8  # hypotheses of the search for a drawn text: on validation stories as good as 20


@dataclass(frozen=True)
class Search:
    """Texts of one stretch of BOLD; made by `BayesDecoder.search`, so that several searches share the evidence.

    Parameters
    ----------
    evidence : encoding model and noise of the chosen voxels
    bold : array (n_volumes, n_voxels)
    volume_times : array (n_volumes,), seconds
    start, duration : arrays (n_words,), seconds; decoded word times
    expected : array (n_features,); raw features of an average word
    lm : language model
    """

    evidence: Evidence
    bold: np.ndarray
    volume_times: np.ndarray
    start: np.ndarray
    duration: np.ndarray
    expected: np.ndarray
    lm: LanguageModel

    def best(
        self,
        k: int = 1,
        width: int = WIDTH,
        rng: np.random.Generator | None = None,
        work: Work = QUIET,
    ) -> list[tuple[Words, float]]:
        """The k best texts, most probable first, with log probabilities; they share nearly all words.

        Parameters
        ----------
        width : hypotheses kept after each word
        rng : random generator of the noise of a drawn text, see `draw`; None = the best text, without noise
        work : told after each word how far the search is
        """
        check_count("number of texts", k)
        if not len(self.start):
            return [(Words((), np.zeros(0), np.zeros(0)), 0.0)]
        bold, plain = self.bold, Proposals.of(self.lm)
        proposals: Proposals | PerturbedProposals = plain
        if rng is not None:
            bold = bold + self.evidence.noise(len(bold), rng)
            proposals = PerturbedProposals(plain, len(self.lm.vocabulary), rng)
        likelihood = Likelihood(self.evidence, bold, self.volume_times, self.start + self.duration / 2, self.expected)
        found = decode_beam(
            likelihood, self.lm, self.start, self.duration, max(width, k), PRIOR_WEIGHT, proposals, work
        )
        return found[:k]

    def draw(self, n: int, rng: np.random.Generator, width: int = WIDTH, work: Work = QUIET) -> list[Words]:
        """The best text, then texts drawn by perturbation: how sure a word is.

        A drawn text is the best one for BOLD with noise of the noise model added and with Gumbel noise on the language
        model's log-probabilities (perturb-and-MAP: Papandreou and Yuille, ICCV 2011). It stands for a sample of the
        posterior, as far as beam and noise model are right.

        Parameters
        ----------
        n : number of texts
        rng : random generator that draws the noise of BOLD and language model
        width : hypotheses kept after each word of the first text; the others keep `DRAW_WIDTH` at most
        work : told after each word of each text how far the drawing is
        """
        texts = []
        for i in range(n):
            part = work.part(i / n, (i + 1) / n, prefix="" if n == 1 else f"text {i + 1} of {n}, ")
            own_rng, own_width = (rng, min(width, DRAW_WIDTH)) if i else (None, width)
            ((text, _),) = self.best(1, own_width, own_rng, part)
            texts.append(text)
        return texts


@dataclass(frozen=True)
class BayesDecoder:
    """A fitted Bayesian decoder of one subject.

    Parameters
    ----------
    model, noise : encoding model of the kept voxels and the noise that it leaves
    columns : array (n_voxels,), int; the recording's columns that were kept
    parcel : array (n_voxels,), int; the parcel that each kept voxel lies in
    expected : array (n_features,); raw features of an average word
    lm : the language model whose features it was trained on, see `text.open_lm.LmChoice`
    lm_name : the name it gives itself
    """

    model: EncodingModel
    noise: NoiseModel
    columns: np.ndarray
    parcel: np.ndarray
    expected: np.ndarray
    lm: LmChoice
    lm_name: str

    def evidence(self, parcels: np.ndarray) -> tuple[Evidence, np.ndarray]:
        """The model of the voxels of some parcels, and their columns of the recording.

        Raises
        ------
        UserError
            When no kept voxel lies in the parcels.
        """
        kept = np.flatnonzero(np.isin(self.parcel, parcels))
        return Evidence(self.model.select(kept), self.noise.select(kept)), self.columns[kept]

    def search(
        self,
        bold: np.ndarray,
        parcels: np.ndarray,
        rate: np.ndarray,
        volume_times: np.ndarray,
        tr: float,
        lm: LanguageModel,
    ) -> Search:
        """What the texts of one stretch of BOLD are searched with.

        Parameters
        ----------
        bold : array (n_volumes, n_columns), z-scored within the story
        parcels : array of int; the chosen parcels
        rate : array (n_volumes,), decoded words per volume
        """
        if lm.name != self.lm_name:
            trained = f"this run was trained with {self.lm_name!r}, not {lm.name!r}"
            raise UserError(f"language model: {trained}; use the same one, or train again")
        evidence, columns = self.evidence(parcels)
        _, start, duration = spread_words(rate, volume_times, tr)
        return Search(evidence, np.asarray(bold[:, columns], float), volume_times, start, duration, self.expected, lm)

    def to_arrays(self) -> tuple[dict[str, np.ndarray], dict]:
        """Arrays and JSON values for a safetensors file."""
        parts = {
            f"{tag}.{k}": v
            for tag, part in (("model", self.model), ("noise", self.noise))
            for k, v in part.to_arrays().items()
        }
        own = {"columns": self.columns, "parcel": self.parcel, "expected": self.expected}
        return {**parts, **own}, {"lm": asdict(self.lm), "lm_name": self.lm_name}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], meta: dict) -> BayesDecoder:
        """The inverse of `to_arrays`."""

        def part(tag: str) -> dict[str, np.ndarray]:
            return {k.removeprefix(f"{tag}."): v for k, v in arrays.items() if k.startswith(f"{tag}.")}

        return cls(
            EncodingModel.from_arrays(part("model")),
            NoiseModel.from_arrays(part("noise")),
            arrays["columns"],
            arrays["parcel"],
            arrays["expected"],
            LmChoice(**meta["lm"]),
            meta["lm_name"],
        )


def fit_bayes(
    stories: list[Recording],
    parcel: np.ndarray,
    lm: LanguageModel,
    choice: LmChoice,
    *,
    n_best: int = N_BEST,
    per_parcel: int = PER_PARCEL,
    device: str = "auto",
    work: Work = QUIET,
) -> BayesDecoder:
    """Fit encoding model and noise on training stories; voxels are chosen by cross-validation inside them.

    Parameters
    ----------
    stories : training stories of one subject
    parcel : array (n_columns,), int; parcel of each column of the recording, -1 outside all
    lm : language model whose features are used
    choice : how it was opened; stored with the decoder
    n_best : voxels kept for their cross-validated score
    per_parcel : voxels kept of every parcel beside them
    device : 'auto', 'cpu', 'cuda' or 'mps', where the encoding model is fitted
    work : told how far the fit is
    """
    per_word, share = [], 0.4 / len(stories)
    for i, story in enumerate(stories):
        part = work.part(share * i, share * (i + 1), "features of the language model")
        part.report(0.0, f"story {i + 1} of {len(stories)}")
        per_word.append(lm.story_features(story.words.text, part))
    features = [
        (lanczos_matrix(s.words.start + s.words.duration / 2, s.volume_times) @ f).astype(np.float32)
        for s, f in zip(stories, per_word, strict=True)
    ]
    voxels = StoryVoxels([s.bold for s in stories])
    delays = fir_delays(stories[0].tr, RESPONSE_SECONDS)
    model = fit_encoding(features, voxels, delays, device=device, work=work.part(0.4, 0.8, "encoding model"))
    kept = choose_voxels(model.score, parcel, n_best, per_parcel)
    work.report(0.85, "noise of the encoding model")
    model = model.select(kept)
    design = np.concatenate([model.design(f) for f in features])
    bold = np.concatenate([np.asarray(s.bold[:, kept], np.float32) for s in stories])
    lengths = [len(f) for f in features]
    residuals = left_out_residuals(design, bold, lengths, model.penalty)
    best = model.best(N_CHOOSING)
    noise = replace(fit_noise(residuals, lengths), least=least_shrinkage(bold[:, best], residuals[:, best], lengths))
    work.report(1.0, "noise of the encoding model")
    expected = np.concatenate(per_word).mean(0)
    return BayesDecoder(model, noise, kept, parcel[kept].astype(np.int32), expected.astype(np.float32), choice, lm.name)


def choose_voxels(score: np.ndarray, parcel: np.ndarray, n_best: int, per_parcel: int) -> np.ndarray:
    """Columns of the best voxels overall and of every parcel, in ascending order.

    Parameters
    ----------
    score : array (n_columns,), cross-validated
    parcel : array (n_columns,), int; -1 is left out
    """
    order = np.argsort(-score, kind="stable")
    order = order[parcel[order] >= 0]
    by_parcel = order[np.argsort(parcel[order], kind="stable")]
    _, first, count = np.unique(parcel[by_parcel], return_index=True, return_counts=True)
    rank = np.arange(len(by_parcel)) - np.repeat(first, count)
    return np.union1d(order[:n_best], by_parcel[rank < per_parcel])

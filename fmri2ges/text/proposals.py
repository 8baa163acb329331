"""Which words may follow each hypothesis: likely ones that repeat nothing.

The nucleus is that of Tang et al. (2023): the most likely words until they hold 90 % of the mass, none
of them less likely than a tenth of the most likely one. A word is left out when it would repeat a pair
of words or the stem of a content word of the last 20 words (about 8 s of speech).

References
----------
Tang, LeBel, Jain and Huth, Semantic reconstruction of continuous language from non-invasive brain
recordings, Nature Neuroscience 26, 2023.
Holtzman et al., The curious case of neural text degeneration, ICLR 2020 (nucleus).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .stems import content_stem

MASS = 0.9
RATIO = 0.1
MOST = 32  # features of a candidate take a run of a causal model; a flat distribution would propose hundreds
MEMORY = 20  # words


class Proposals:
    """Candidate next words for hypotheses over one vocabulary.

    Parameters
    ----------
    vocabulary : the words, as indexed by the language model
    mass, ratio : the nucleus
    most : largest number of words that are proposed for a hypothesis
    memory : words within which nothing is repeated
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        mass: float = MASS,
        ratio: float = RATIO,
        most: int = MOST,
        memory: int = MEMORY,
    ):
        self.mass, self.ratio, self.most, self.memory = mass, ratio, most, memory
        stems = [content_stem(w) for w in vocabulary]
        index = {s: k for k, s in enumerate(dict.fromkeys(s for s in stems if s is not None))}
        self.stem = np.array([-1 if s is None else index[s] for s in stems], int)

    @classmethod
    def of(cls, lm) -> Proposals:
        """The rules for a `text.lm.LanguageModel`, which may say that more candidates cost it nothing."""
        return cls(lm.vocabulary, most=getattr(lm, "most_candidates", MOST))

    def propose(self, probability: np.ndarray, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Candidates of every hypothesis, at least one each.

        Parameters
        ----------
        probability : array (n_hypotheses, n_vocabulary)
        texts : array (n_hypotheses, n_words), int; the words so far

        Returns
        -------
        rows : array (n,), int, rising; the hypothesis
        words : array (n,), int; by falling probability within a hypothesis
        log_probability : array (n,), of the language model
        """
        chosen = [
            self._of_one(p, text[max(0, len(text) - self.memory) :]) for p, text in zip(probability, texts, strict=True)
        ]
        rows = np.repeat(np.arange(len(chosen)), [len(c) for c in chosen])
        words = np.concatenate(chosen)
        return rows, words, np.log(np.maximum(probability[rows, words], np.finfo(np.float32).tiny))

    def _of_one(self, p: np.ndarray, recent: np.ndarray) -> np.ndarray:
        nucleus = self._nucleus(p)
        kept = nucleus[~self._repeats(nucleus, recent)]
        if len(kept):
            return kept
        # Everything likely was said just now: the most likely word that was not; if none, the most likely.
        fresh = np.where(self._repeats(np.arange(len(p)), recent), 0.0, p)
        return np.array([(fresh if fresh.max() > 0 else p).argmax()])

    def _nucleus(self, p: np.ndarray) -> np.ndarray:
        top = np.sort(np.argpartition(-p, self.most - 1)[: self.most]) if len(p) > self.most else np.arange(len(p))
        top = top[np.argsort(-p[top], kind="stable")]  # ties: the first word of the vocabulary
        falling = p[top]
        n_likely = int((falling >= self.ratio * falling[0]).sum())
        n_enough = 1 + int(np.searchsorted(np.cumsum(falling[:-1]), self.mass))
        return top[: min(n_likely, n_enough)]

    def _repeats(self, words: np.ndarray, recent: np.ndarray) -> np.ndarray:
        """Whether each word repeats a pair of words or a content stem of the recent ones, array of bool."""
        if not len(recent):
            return np.zeros(len(words), bool)
        followed, said = np.zeros(len(self.stem), bool), np.zeros(len(self.stem) + 1, bool)
        followed[recent[1:][recent[:-1] == recent[-1]]] = True
        said[self.stem[recent]] = True
        said[-1] = False  # where words without a stem point to
        return followed[words] | said[self.stem[words]]


class PerturbedProposals:
    """Proposals whose log-probabilities carry Gumbel noise, the same for a word in all hypotheses of a step.

    The best text under such noise is a draw rather than the mode (perturb-and-MAP, Papandreou and Yuille, ICCV 2011).

    Parameters
    ----------
    proposals : without noise
    n_words : size of the vocabulary
    """

    def __init__(self, proposals: Proposals, n_words: int, rng: np.random.Generator):
        self.proposals, self.n_words, self.rng = proposals, n_words, rng

    def propose(self, probability: np.ndarray, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `Proposals.propose`."""
        rows, words, log_probability = self.proposals.propose(probability, texts)
        return rows, words, log_probability + self.rng.gumbel(size=self.n_words)[words]

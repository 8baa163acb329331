"""Every metric that a report can hold: its id, its printed label, its unit, and which direction is better.

Code asks for the id; the label is for people. A new metric is one more value in this file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Better(StrEnum):
    """Which values of a metric are good."""

    HIGHER = "higher"
    LOWER = "lower"
    NEAR = "near"  # near the value of real motion


class Unit(StrEnum):
    """Unit of a metric, as printed."""

    NONE = ""
    SHARE = "share"
    COSINE = "cosine"
    CM = "cm"
    ACCELERATION = "m/s^2"
    JERK = "m/s^3"
    PER_SECOND = "per s"

    @property
    def dimensionless(self) -> bool:
        """Whether values of this unit are plain numbers about 0 to 1, which may share an axis."""
        return self in (Unit.NONE, Unit.SHARE, Unit.COSINE)


@dataclass(frozen=True)
class Metric:
    """What a score measures.

    Parameters
    ----------
    id : never changes; report.json and code name the metric by it
    name : as printed; {} in it stands for the variant
    unit : unit of its values
    better : which of its values are good
    n_unit : what is counted as the amount of data behind one score
    variant : what the score is of, where a metric has several forms that must not be averaged together:
        the number of samples, or the model behind word vectors
    transcript : whether the reference is made of the words heard, so that it is no real motion
    """

    id: str
    name: str
    unit: Unit = Unit.NONE
    better: Better = Better.HIGHER
    n_unit: str = ""
    variant: str = ""
    transcript: bool = False

    @property
    def caution(self) -> str:
        """What must stand beside its values; empty for most."""
        return "the reference is made of the transcript, it is no recorded gesture" if self.transcript else ""

    @property
    def label(self) -> str:
        """As printed."""
        return self.name.format(self.variant)

    def of(self, variant) -> Metric:
        """The form of this metric for a number of samples, or for a model."""
        return replace(self, variant=str(variant))


# Decoded motion against a reference.
R_ONE = Metric("r_one", "r, one sample", n_unit="frames")
R_MEAN = Metric("r_mean", "r, mean of {}", n_unit="frames")
R_EXPECTED = Metric("r_expected", "r, expected gesture", n_unit="frames")
R_SLOW_ONE = Metric("r_slow_one", "r slow (1 s), one sample", n_unit="frames")
R_SLOW_MEAN = Metric("r_slow_mean", "r slow (1 s), mean of {}", n_unit="frames")
WRIST_SPEED_R = Metric("wrist_speed_r", "wrist speed r, one sample", n_unit="frames")
MPJPE = Metric("mpjpe", "MPJPE, one sample", Unit.CM, Better.LOWER, "frames")
PCK = Metric("pck", "PCK at 10 cm, one sample", Unit.SHARE, n_unit="frames")
SEGMENT_RANK = Metric("segment_rank", "identification rank", Unit.SHARE, n_unit="segments")
SEGMENT_TOP1 = Metric("segment_top1", "identification top-1", Unit.SHARE, n_unit="segments")

# Decoded motion against T2G of the heard words, which is no real motion.
HEARD = "T2G of heard words"
HEARD_R = Metric("heard_r_mean", HEARD + ": r, mean of {}", n_unit="frames", transcript=True)
HEARD_R_EXPECTED = Metric("heard_r_expected", HEARD + ": r, expected gesture", n_unit="frames", transcript=True)
HEARD_RANK = Metric(
    "heard_segment_rank", HEARD + ": identification rank", Unit.SHARE, n_unit="segments", transcript=True
)
HEARD_TOP1 = Metric(
    "heard_segment_top1", HEARD + ": identification top-1", Unit.SHARE, n_unit="segments", transcript=True
)

# Decoded motion by itself, beside real motion.
L1_SPREAD = Metric("l1_spread", "L1 spread", Unit.CM, Better.NEAR, "frames")
ACCELERATION = Metric("acceleration", "acceleration", Unit.ACCELERATION, Better.NEAR, "frames")
JERK = Metric("jerk", "jerk", Unit.JERK, Better.NEAR, "frames")
DIVERSITY = Metric("diversity", "diversity", Unit.CM, Better.NEAR, "pairs")

# Decoded motion against speech time.
BEATS = Metric("beats", "beats", Unit.PER_SECOND, Better.NEAR, "frames")
BC_WORD = Metric("bc_word", "BC-word minus null", Unit.SHARE, n_unit="words")
BC_WORD_F = Metric("bc_word_f", "BC-word F minus null", Unit.SHARE, n_unit="words")

# Decoded words against heard words.
WER = Metric("wer", "WER", Unit.SHARE, Better.LOWER, "windows")
BLEU1 = Metric("bleu1", "BLEU-1", Unit.SHARE, n_unit="windows")
METEOR = Metric("meteor", "METEOR (exact+stem)", Unit.SHARE, n_unit="windows")
GREEDY_MATCH = Metric("greedy_word_vector_match", "greedy word-vector match ({})", n_unit="windows")
BERT_SCORE = Metric("bert_score", "BERTScore F1 ({})", n_unit="windows")
WORD_VECTORS = Metric("word_vector_likeness", "word-vector likeness", Unit.COSINE, n_unit="windows")
TEXT_RANK = Metric("text_rank", "text identification rank", Unit.SHARE, n_unit="windows")
WORD_RATE_R = Metric("word_rate_r", "word rate r", n_unit="volumes")
WORD_RATE_OF_MEAN = Metric("word_rate_r_of_mean", "rate r, mean of {} listeners", n_unit="volumes")
WORD_RATE_SINGLE = Metric("word_rate_r_single", "rate r, {} single listeners", n_unit="volumes")
PLACED_WORD_RATE_R = Metric("placed_word_rate_r", "word rate r, placed words", n_unit="volumes")

# Sets of decoded motion against sets of real motion.
FGD = Metric("fgd", "FGD, N -> infinity", better=Better.LOWER, n_unit="windows")
KID = Metric("kid", "KID", better=Better.LOWER, n_unit="windows")

RANKS = (SEGMENT_RANK, HEARD_RANK, TEXT_RANK)  # identification, whose chance is .5

METRICS = {metric.id: metric for metric in list(globals().values()) if isinstance(metric, Metric)}

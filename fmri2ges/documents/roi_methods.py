"""The methods of an ROI study as a paragraph for a paper."""

from __future__ import annotations

from ..brain.space import has_cortex
from ..evaluation.forward import FOLDS, REACH
from ..evaluation.intervals import MIN_UNITS
from ..evaluation.roi_rows import RoiStudy
from ..studies.roi_request import AREAS, GROUPS, RoiStudyRequest
from .origin import version_of

CONFIRMATORY = (
    "The ridge penalty of the readout was chosen for each region by leaving out one training story at a time, which "
    "makes the rows of the text branch confirmatory; F2G was not trained again, so those of the direct branch are "
    "exploratory."
)
EXPLORATORY = (
    "The readout was solved for each region in closed form; its ridge penalty, the components of the parcels and both "
    "networks were those trained on all regions, so all rows are exploratory."
)
FORWARD = (
    f"A greedy forward choice added regions until they reached {REACH:.0%} of the score of all; every set was also "
    f"scored on stories that had not chosen it ({FOLDS} parts at most), which makes it exploratory, not confirmatory."
)
HEARD = (
    "T2G of the heard words is the mean of eight gestures that T2G makes of the transcript: agreement with it was "
    "measured apart, because it is no recorded gesture and reads no brain."
)
MEASURING = (
    "A value is the mean over stories, that of a lesion the score of all regions minus the score without the region.",
    "p is one-sided against circular shifts of at least 20 s, each story on its own, and counts independent shifts; "
    "for a lesion both predictions are shifted alike.",
)


def kind_of_regions(request: RoiStudyRequest, space: str) -> str:
    """What the regions of a study are, in the space of its recordings."""
    groups = "the named groups of HCP-MMP1.0" if has_cortex(space) else "groups of what belongs together"
    return {GROUPS: groups, AREAS: "every ROI by itself"}.get(request.rois, f"the ROIs of {request.rois}")


def methods_text(study: RoiStudy, request: RoiStudyRequest) -> str:
    """A paragraph with every parameter.

    Parameters
    ----------
    study : the study
    request : what was asked for
    """
    measures = ", ".join(dict.fromkeys(row.metric.label for row in study.rows))
    units = "stories" if len(study.stories) >= MIN_UNITS else "blocks of 40 to 60 s"
    sentences = (
        f"With fMRI2GES {version_of(study.manifest)}, {len(study.regions)} regions "
        f"({kind_of_regions(request, study.space)}; {study.space}) were studied in "
        f"{'simulated recordings' if study.simulated else 'recordings'} of {', '.join(study.subjects)}.",
        f"The held-out stories {', '.join(study.stories)} were decoded ({_branches(request)}) from each region alone "
        "and from everything but it (lesion).",
        CONFIRMATORY if request.refit else EXPLORATORY,
        *_decoding(request, study),
        f"Measures were: {measures}.",
        *MEASURING,
        f"Intervals are 95 % bootstraps over {units}, paired for lesions.",
        f"p was corrected by {study.correction.label} over the regions of each branch and measure.",
        _sizes(request),
        *([FORWARD] if study.forward else []),
        f"The seed of texts, random regions, shifts and bootstrap was {request.seed}.",
    )
    return " ".join(sentences)


def _branches(request: RoiStudyRequest) -> str:
    return " and ".join(f"{branch} branch" for branch in request.branches)


def _decoding(request: RoiStudyRequest, study: RoiStudy) -> list[str]:
    """What stood for the gestures and texts."""
    said = ["Gestures were expected ones, a single pass of the denoiser at the largest noise."]
    if any(row.metric.transcript for row in study.rows):
        said.append(HEARD)
    if all(row.branch == "direct" for row in study.rows):
        return said
    if request.samples:
        return [*said, f"The text branch was scored by the mean over {request.samples} drawn texts."]
    return [
        *said,
        "In each word slot the text branch took the mean vector over the words that may stand there; no text was "
        "drawn.",
    ]


def _sizes(request: RoiStudyRequest) -> str:
    if not request.nulls:
        return "No random regions of the same size were decoded."
    return (
        f"Each region was held against {request.nulls} random contiguous regions of its size, alone and as lesions "
        "(one-sided p, (1 + k) / (1 + n))."
    )

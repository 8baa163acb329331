"""Planted ROIs are found, alone and by lesion, and the others are not: a linear brain with known truth."""

import numpy as np

from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.nulls import holm
from fmri2ges.evaluation.region_effects import Scored, shift_null
from fmri2ges.evaluation.region_scores import Course, gesture_scores
from fmri2ges.models.readout import Readout
from fmri2ges.models.region_readout import RegionReadout

N_ROIS, PLANTED, WORLDS = 12, (1, 4, 7, 10), 8
TRAIN, TEST, VOLUMES = 6, 6, 150
UP = 30  # frames a volume: the series of a test story has 15 frames per second, as gestures have


def world(seed: int):
    """BOLD (n_volumes, n_rois) and truth (n_volumes, 4) of each story; each planted ROI follows one column."""
    rng = np.random.default_rng([1, seed])
    stories = []
    for _ in range(TRAIN + TEST):
        truth = rng.standard_normal((VOLUMES, len(PLANTED))).astype(np.float32)
        bold = rng.standard_normal((VOLUMES, N_ROIS)).astype(np.float32)
        bold[2:, PLANTED] += 0.8 * truth[:-2]  # the response comes two volumes later
        stories.append((bold, truth))
    return stories


def scored(readout, shared, columns, tests) -> Scored:
    solution = shared.solve(columns)
    scores = []
    for bold, truth in tests:
        made = readout.predict(solution, bold)
        scores.append(
            gesture_scores(Course(np.repeat(truth, UP, 0)), Course(np.repeat(made, UP, 0)), "direct", True)[0]
        )
    return Scored(tuple(s.blocks for s in scores), tuple(s.shifted for s in scores))


def effects(seed: int):
    """For each ROI its score alone and what is lost without it, with their p, and the same of the null."""
    stories = world(seed)
    readout = Readout([b for b, _ in stories[:TRAIN]], np.concatenate([t for _, t in stories[:TRAIN]]), 100.0)
    shared, everything = RegionReadout(readout), np.arange(N_ROIS)
    whole = scored(readout, shared, everything, stories[TRAIN:])
    alone = [scored(readout, shared, [k], stories[TRAIN:]) for k in everything]
    lesion = [whole - scored(readout, shared, np.delete(everything, k), stories[TRAIN:]) for k in everything]
    return alone, lesion


def auc(values: np.ndarray, planted: np.ndarray) -> float:
    pairs = values[planted][:, None] - values[~planted][None]
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_planted_rois_are_found_alone_and_by_lesion_and_others_are_not():
    planted = np.isin(np.arange(N_ROIS), PLANTED)
    false, total = 0, 0
    for seed in range(WORLDS):
        for found in effects(seed):
            values = np.array([one.value for one in found])
            assert auc(values, planted) >= 0.95
            p = [shift_null(one, metrics.R_EXPECTED, seed).p for one in found]
            corrected = holm(np.array(p))
            assert (corrected[planted] < 0.05).all()
            false += int((corrected[~planted] < 0.05).sum())
            total += int((~planted).sum())
    assert false <= 0.05 * total

"""What is planted in a world of the varied family is found in its files, and where nothing is planted nothing is."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from fmri2ges.brain.hrf import fir_delays
from fmri2ges.data.study.load import load_study
from fmri2ges.demo.varied import brain
from fmri2ges.demo.varied.study import simulate_varied
from fmri2ges.demo.varied.world import Sizes, VariedWorld
from fmri2ges.models.readout import Readout

SIZES = Sizes(stories=12, minutes=4)
SUBJECT = SIZES.names_of_subjects[0]


def heard(world: VariedWorld, story: str) -> np.ndarray:
    """What was heard on the grid of the simulator, from the first volume on."""
    return brain.features(world.laws.brain, world.meaning, world.script(story), SIZES.seconds)


def per_volume(world: VariedWorld, story: str) -> np.ndarray:
    """Sums of what was heard in each volume, array (n_volumes, n_features)."""
    x, tr = heard(world, story), world.laws.brain.tr
    edges = np.minimum((np.arange(world.n_volumes + 1) * tr / brain.BIN).astype(int), len(x))
    total = np.concatenate([np.zeros((1, x.shape[1])), x.cumsum(0)])
    return np.diff(total[edges], axis=0)


def decoded_r(world: VariedWorld, bold: dict[str, np.ndarray], columns: np.ndarray) -> float:
    """Mean r of what is decoded from some columns of the test stories with what was heard there."""
    features = {s: x[:, columns] for s, x in bold.items()}
    targets = np.concatenate([per_volume(world, s) for s in SIZES.train])
    keep = targets.std(0) > 0
    readout = Readout([features[s] for s in SIZES.train], targets[:, keep], 1000.0, fir_delays(world.laws.brain.tr))
    solution = readout.solve(np.arange(columns.sum()))
    found = []
    for story in SIZES.test:
        true, guess = per_volume(world, story)[:, keep], readout.predict(solution, features[story])
        found += [np.corrcoef(a, b)[0, 1] for a, b in zip(true.T, guess.T, strict=True) if a.std() and b.std()]
    return float(np.mean(found))


def best_peaks(world: VariedWorld, bold: dict[str, np.ndarray], areas: np.ndarray) -> np.ndarray:
    """For each area the time of the peak under which what was heard explains most of its BOLD, seconds."""
    grid, rows = np.arange(3.5, 9.01, 0.25), ((np.arange(world.n_volumes) + 0.5) * world.laws.brain.tr / brain.BIN)
    wanted = np.concatenate([bold[s][:, areas] for s in SIZES.train])
    left = []
    for peak in grid:
        kernel = brain.response(peak, world.laws.brain.width, world.laws.brain.undershoot)[:, None]
        moved = []
        for story in SIZES.train:
            x = heard(world, story)
            x = fftconvolve(x, kernel, axes=0)[rows.astype(int)]
            moved.append(x - x.mean(0))
        design = np.concatenate(moved)
        left.append(((wanted - design @ np.linalg.lstsq(design, wanted, rcond=None)[0]) ** 2).sum(0))
    return grid[np.argmin(left, axis=0)]


@pytest.mark.slow
def test_planted_areas_and_their_responses_are_recovered_from_the_files(tmp_path):
    world = VariedWorld(0, sizes=SIZES)
    bold = {}
    for null in (False, True):
        study = load_study(simulate_varied(tmp_path / str(null), 0, null, SIZES))
        stories = (*SIZES.train, *SIZES.test)
        bold[null] = {s: study.read_recording(study.recording(SUBJECT, s)).bold for s in stories}
    with np.load(tmp_path / "False" / "truth" / f"brain-{SUBJECT}.npz") as truth:
        carries, peak = truth["carries"], truth["peak"]
    planted, unplanted, silent = (
        decoded_r(world, bold[null], columns)
        for null, columns in ((False, carries), (False, ~carries), (True, carries))
    )
    areas = np.flatnonzero(carries)
    found = best_peaks(world, bold[False], areas)
    assert planted > 0.2 and abs(unplanted) < 0.05 and abs(silent) < 0.05
    assert np.corrcoef(found, peak[areas])[0, 1] > 0.7 and abs(np.median(found - peak[areas])) < 0.3

"""Voxels of a pycortex subject through train and decode: areas of the atlas can be chosen."""

import numpy as np
import pytest

from fmri2ges.brain.surface import load_surface
from fmri2ges.decoding.run import open_run
from fmri2ges.request import DecodeRequest
from fmri2ges.training.presets import TrainConfig
from fmri2ges.training.train import train_study
from tests.bold_files import write_hf5, write_mask
from tests.pycortex_files import AFFINE, SHAPE, write_surface, write_transform

TINY = TrainConfig(
    t2g_steps=6, f2g_steps=4, renditions=1, roi_choices=1, penalties=(3000.0, 10_000.0), f2g_guidance=1.5
)
WORDS = ("the", "dog", "house", "river", "walked", "small", "red", "mother")


@pytest.mark.slow
def test_areas_of_the_atlas_are_decoded_from_voxels(tmp_path):
    rng = np.random.default_rng(0)
    mesh = load_surface("white").vertices.astype(float)
    folder = tmp_path / "db" / "S1"
    for side, part in (("lh", slice(0, 10242)), ("rh", slice(10242, None))):
        write_surface(folder / "surfaces" / f"fiducial_{side}.gii", mesh[part])
    mask = np.zeros(SHAPE, bool)
    inverse = np.linalg.inv(AFFINE)
    mask[tuple(np.rint(mesh @ inverse[:3, :3].T + inverse[:3, 3]).astype(int).T)] = True
    write_mask(write_transform(folder) / "mask_thick.nii.gz", mask, AFFINE)
    lines = ['name = "voxels"']
    for story in ("a", "b", "c"):
        write_hf5(tmp_path / f"{story}.hf5", rng.standard_normal((60, int(mask.sum()))))
        rows = [f"{rng.choice(WORDS)}\t{t:.2f}\t0.3" for t in np.arange(0.5, 118, 0.5)]
        (tmp_path / f"{story}.tsv").write_text("word\tstart\tduration\n" + "\n".join(rows) + "\n")
        lines += [
            "[[recording]]",
            'subject = "S1"',
            f'story = "{story}"',
            f'bold = "{story}.hf5"',
            'pycortex = "db/S1"',
            f'words = "{story}.tsv"',
        ]
    (tmp_path / "study.toml").write_text("\n".join([*lines, "[split]", 'test_stories = ["c"]', ""]))
    run = open_run(train_study(tmp_path / "study.toml", tmp_path / "run", device="cpu", config=TINY), device="cpu")
    assert run.space.has_cortex
    assert {"db/S1/transforms/auto/matrices.xfm", "db/S1/surfaces/fiducial_lh.gii"} <= run.manifest["digests"].keys()
    decoded = run.decode(DecodeRequest(subject="S1", story="c", rois=("Broca", "STS"), samples=2, start=20, stop=40))
    for motion in (decoded.text, decoded.direct):
        assert motion.samples.shape == (2, 300, 10, 3) and np.isfinite(motion.samples).all()
    assert decoded.rois == ("Broca", "STS")

"""BOLD in the files of FreeSurfer, .mgz and folded NIfTI surfaces, and in packed grayordinates."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from fmri2ges.data.bold.read import read_bold, standardize
from fmri2ges.errors import UserError
from tests.bold_files import make_mask, pack, write_dtseries, write_mgh

RNG = np.random.default_rng(11)
SIGNAL = np.sin(np.arange(40.0))


@pytest.mark.parametrize("n", [10242, 163842])
@pytest.mark.parametrize("ending", [".mgz", ".nii.gz"])
def test_pairs_of_freesurfer_overlays(tmp_path, n, ending):
    halves = [RNG.normal(size=(6, n)).astype(np.float32) for _ in range(2)]
    for side, values in zip("lr", halves, strict=True):
        path = write_mgh(tmp_path / f"{side}h.story.mgz", values, tr=1.5)
        if ending == ".nii.gz":  # as FS-FAST names it; many vertices are folded, for NIfTI's short axes
            shape = (27307, 1, 6, 6) if n == 163842 else (n, 1, 1, 6)
            image = nibabel.Nifti1Image(values.T.reshape(shape, order="F"), np.eye(4))
            image.header.set_xyzt_units("mm", "sec")
            image.header["pixdim"][4] = 1.5
            path = tmp_path / f"story.{side}h.nii.gz"
            nibabel.save(image, path)
    left = tmp_path / ("lh.story.mgz" if ending == ".mgz" else "story.lh.nii.gz")
    bold = read_bold(left, tr=1.5)
    assert bold.notes == () and bold.data.shape == (6, 20484)
    expected = standardize(np.concatenate([half[:, :10242] for half in halves], 1))[0]
    np.testing.assert_allclose(bold.data, expected, atol=1e-5)
    with pytest.raises(UserError, match="its header says TR 1.5 s, but the study says tr = 2"):
        read_bold(left, tr=2.0)


def test_a_volume_in_mgz_with_its_mask(tmp_path):
    mask = make_mask()
    values = RNG.normal(size=(*mask.shape, 9)).astype(np.float32)
    nibabel.save(nibabel.MGHImage(values, np.eye(4)), tmp_path / "b.mgz")
    nibabel.save(nibabel.MGHImage(255 * mask.astype(np.uint8), np.eye(4)), tmp_path / "m.mgz")
    bold = read_bold(tmp_path / "b.mgz", masks=(tmp_path / "m.mgz",))
    np.testing.assert_allclose(bold.data, standardize(values[mask].T)[0], atol=1e-5)
    with pytest.raises(UserError, match="needs `mask`"):
        read_bold(tmp_path / "b.mgz")


def test_packed_grayordinates(tmp_path):
    path = write_dtseries(tmp_path / "a.dtseries.nii", SIGNAL[:8], tr=0.8)
    plain, packed = read_bold(path, tr=0.8), read_bold(pack(path), tr=0.8)
    np.testing.assert_array_equal(plain.data, packed.data)
    with pytest.raises(UserError, match="its header says TR 0.8 s"):
        read_bold(tmp_path / "a.dtseries.nii.gz", tr=2.0)

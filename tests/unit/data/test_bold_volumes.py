"""Voxel recordings, .hf5 and NIfTI: values and order against h5py and nilearn, memory, and clear refusals."""

import tracemalloc

import h5py
import nibabel
import numpy as np
import pytest
from nilearn.masking import apply_mask

from fmri2ges.brain.voxels import surface_columns
from fmri2ges.data.atomic import write_json
from fmri2ges.data.bold.hf5 import open_hf5_halves, story_noise_ceiling
from fmri2ges.data.bold.nifti import voxel_roi
from fmri2ges.data.bold.read import open_bold, read_bold, standardize
from fmri2ges.data.bold.xfm import read_xfm
from fmri2ges.data.study.model import RecordingSource
from fmri2ges.errors import UserError
from fmri2ges.evaluation.ceiling import noise_ceiling
from tests.bold_files import AFFINE, make_mask, write_hf5, write_mask, write_nifti

RNG = np.random.default_rng(5)


@pytest.fixture
def mask():
    return make_mask()


def test_hf5_gives_what_h5py_holds(tmp_path):
    values = 50 + RNG.standard_normal((71, 333))
    values[:, 4] = np.nan
    path = write_hf5(tmp_path / "story.hf5", values.astype(np.float32))
    bold = read_bold(path)
    with h5py.File(path) as f:
        expected = standardize(f["data"][:])[0]
    np.testing.assert_allclose(bold.data, expected, atol=1e-4)
    assert (bold.space.kind, bold.columns, bold.space.grid) == ("voxels", (), None)
    assert (bold.n_nan, bold.n_constant) == (1, 0) and bold.data.dtype == np.float32


def test_hf5_voxels_lie_where_the_mask_says(tmp_path, mask):
    """Row order of pycortex: a volume is filled by ``volume.T[mask.T] = row``."""
    values = RNG.standard_normal((20, int(mask.sum()))).astype(np.float32)
    path = write_hf5(tmp_path / "story.hf5", values)
    write_mask(tmp_path / "mask_thick.nii.gz", mask)
    bold = read_bold(path, masks=(tmp_path / "mask_thick.nii.gz",))
    expected = np.zeros(mask.T.shape)
    expected[mask.T] = bold.data[7]
    np.testing.assert_array_equal(bold.space.grid.volume(bold.data[7], fill=0), expected.T.astype(np.float32))
    np.testing.assert_allclose(bold.space.grid.mm, nibabel.affines.apply_affine(AFFINE, bold.space.grid.ijk))


def test_hf5_of_a_story_is_read_in_pieces(tmp_path):
    """A float64 copy of the file is never in memory; the result takes half of the file's size."""
    n_volumes, n_voxels = 200, 40_000
    path = write_hf5(tmp_path / "story.hf5", RNG.standard_normal((n_volumes, n_voxels), np.float32))
    size = path.stat().st_size
    tracemalloc.start()
    bold = read_bold(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert bold.data.nbytes == pytest.approx(size / 2, rel=0.01)
    assert peak < bold.data.nbytes + 25e6 < size


def test_noise_ceiling_of_repeats(tmp_path):
    n, noise = 10, np.array([0.5, 1.0, 2.0])
    signal = RNG.standard_normal((4000, 3))
    repeats = signal + noise * RNG.standard_normal((n, 4000, 3))
    expected = np.sqrt(1 / (1 + noise**2 / n))  # r of the mean with the signal itself
    np.testing.assert_allclose(noise_ceiling(repeats), expected, atol=0.02)
    path = write_hf5(tmp_path / "test.hf5", repeats.mean(0).astype(np.float32), repeats=repeats)
    np.testing.assert_allclose(story_noise_ceiling(path), noise_ceiling(repeats))
    assert np.mean(noise_ceiling(RNG.standard_normal((n, 300, 200)))) < 0.25
    with pytest.raises(UserError, match="at least 2 repeats"):
        noise_ceiling(repeats[:1])
    assert story_noise_ceiling(write_hf5(tmp_path / "train.hf5", signal)) is None


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_is_nilearns_order(tmp_path, mask, suffix):
    values = RNG.standard_normal((23, int(mask.sum()))).astype(np.float32)
    path = write_nifti(tmp_path / f"bold{suffix}", values, mask)
    write_mask(tmp_path / "mask.nii.gz", mask)
    bold = read_bold(path, masks=(tmp_path / "mask.nii.gz",), tr=2.0)
    expected = apply_mask(str(path), str(tmp_path / "mask.nii.gz"))
    np.testing.assert_allclose(bold.data, standardize(expected)[0], atol=1e-5)
    assert bold.space.grid.shape == mask.shape and (np.argwhere(mask) == bold.space.grid.ijk).all()


def test_scaled_integers_are_read_in_their_unit(tmp_path, mask):
    stored = RNG.integers(-3000, 3000, (*mask.shape, 12)).astype(np.int16)
    image = nibabel.Nifti1Image(stored, AFFINE)
    image.header.set_slope_inter(0.25, 700)
    nibabel.save(image, tmp_path / "a.nii")
    write_mask(tmp_path / "m.nii", mask)
    series = open_bold(tmp_path / "a.nii", masks=(tmp_path / "m.nii",))
    out = np.empty(series.shape, np.float32)
    series.fill(out)
    np.testing.assert_allclose(out, stored[mask].T * 0.25 + 700)


def test_several_masks_keep_what_all_hold(tmp_path, mask):
    other = make_mask(seed=1)
    path = write_nifti(tmp_path / "bold.nii", np.arange(9.0), np.ones(mask.shape, bool))
    masks = (write_mask(tmp_path / "a.nii", mask), write_mask(tmp_path / "b.nii", other))
    assert (read_bold(path, masks=masks).space.grid.ijk == np.argwhere(mask & other)).all()


@pytest.mark.parametrize("unit, tr, right", [("sec", 1.5, 1.5), ("msec", 1500, 1.5), ("usec", 1.5e6, 1.5)])
def test_the_header_must_agree_on_the_tr(tmp_path, mask, unit, tr, right):
    path = write_nifti(tmp_path / "bold.nii", np.arange(9.0), mask, tr, unit)
    masks = (write_mask(tmp_path / "m.nii", mask),)
    read_bold(path, masks=masks, tr=right)
    with pytest.raises(UserError, match=r"its header says TR 1.5 s, but the study says tr = 2; correct tr"):
        read_bold(path, masks=masks, tr=2.0)


def test_a_header_without_a_unit_says_nothing_about_the_tr(tmp_path, mask):
    path = write_nifti(tmp_path / "bold.nii", np.arange(9.0), mask, tr=1.5, unit="unknown")
    assert read_bold(path, masks=(write_mask(tmp_path / "m.nii", mask),), tr=2.0).notes == ()


def test_an_roi_in_the_subjects_grid(tmp_path, mask):
    roi = np.zeros(mask.shape, bool)
    roi[2:5, 3:, :4] = True
    write_mask(tmp_path / "mask.nii", mask)
    path = write_hf5(tmp_path / "a.hf5", np.arange(9.0), int(mask.sum()))
    grid = open_bold(path, masks=(tmp_path / "mask.nii",)).grid
    inside = voxel_roi(grid, write_mask(tmp_path / "roi.nii", roi))
    assert (grid.volume(inside, fill=0) > 0).tolist() == (roi & mask).tolist()
    with pytest.raises(UserError, match="holds no voxel of the recording's mask"):
        voxel_roi(grid, write_mask(tmp_path / "none.nii", np.zeros(mask.shape)))
    moved = AFFINE + np.eye(4, k=3)
    with pytest.raises(UserError, match="resample the ROI to the subject's own grid"):
        voxel_roi(grid, write_mask(tmp_path / "moved.nii", roi, moved))


def test_pycortex_transform_finds_the_voxel_of_a_vertex(tmp_path, mask):
    write_mask(tmp_path / "mask.nii", mask)
    grid = open_bold(
        write_hf5(tmp_path / "a.hf5", np.arange(9.0), int(mask.sum())), masks=(tmp_path / "mask.nii",)
    ).grid
    coord = np.linalg.inv(AFFINE)
    write_json(tmp_path / "matrices.xfm", {"coord": coord.tolist(), "magnet": np.eye(4).tolist()})
    inside = grid.mm[[5, 40, 3]] + 0.4
    outside = nibabel.affines.apply_affine(AFFINE, [*np.argwhere(~mask)[:2], (-3, 0, 0), (0, 0, 99)])
    columns = surface_columns(np.concatenate([inside, outside]), read_xfm(tmp_path / "matrices.xfm"), grid)
    assert columns.tolist() == [5, 40, 3, -1, -1, -1, -1]
    write_json(tmp_path / "bad.xfm", {"magnet": []})
    with pytest.raises(UserError, match="must hold `coord`"):
        read_xfm(tmp_path / "bad.xfm")


def refused(message, path, **options):
    with pytest.raises(UserError, match=message) as error:
        read_bold(path, **options)
    assert "\n" not in str(error.value) and str(path.name) in str(error.value)


def test_what_is_wrong_with_an_hf5_is_said_in_a_line(tmp_path, mask):
    whole = write_hf5(tmp_path / "a.hf5", np.arange(20.0))
    cut = tmp_path / "cut.hf5"
    cut.write_bytes(whole.read_bytes()[:5000])
    refused("cannot be read as HDF5 .*copy it again", cut)
    with h5py.File(tmp_path / "b.hf5", "w") as f:
        f["bold"] = np.ones((4, 4))
    refused("lacks the key `data`; it holds: bold", tmp_path / "b.hf5")
    with h5py.File(tmp_path / "c.hf5", "w") as f:
        f["data"] = np.ones(4)
    refused(r"must hold numbers, volumes x voxels; got shape \(4,\)", tmp_path / "c.hf5")
    with h5py.File(tmp_path / "d.hf5", "w") as f:
        f.create_dataset("data", (10**6, 10**6), "f8", chunks=(100, 100))
    refused("was never written", tmp_path / "d.hf5")
    with h5py.File(tmp_path / "e.hf5", "w") as f:
        f.create_dataset("data", (10**6, 10**6), "f8", chunks=(100, 100))[0, 0] = 1
    refused("at most 2 GiB a story", tmp_path / "e.hf5")
    write_mask(tmp_path / "m.nii", mask)
    refused(f"has 300 voxels, but the mask .* has {mask.sum()}", whole, masks=(tmp_path / "m.nii",))
    refused("columns: only for .tsv", whole, columns=("A",))


def test_what_is_wrong_with_a_volume_is_said_in_a_line(tmp_path, mask):
    path = write_nifti(tmp_path / "bold.nii.gz", np.arange(20.0), mask)
    good = write_mask(tmp_path / "m.nii", mask)
    refused("needs `mask`", path)
    refused("resample the mask to the grid", path, masks=(write_mask(tmp_path / "s.nii", mask[1:]),))
    refused(
        "8 x 9 x 7 voxels of 2 x 2 x 2.5 mm from", path, masks=(write_mask(tmp_path / "p.nii", mask, AFFINE * 1.5),)
    )
    flat = write_mask(tmp_path / "flat.nii", mask)
    refused("must be 4D", flat, masks=(good,))
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(path.read_bytes()[:4000])
    refused("cannot be read as NIfTI", cut, masks=(good,))
    with pytest.raises(UserError, match="no voxel lies inside"):
        read_bold(path, masks=(write_mask(tmp_path / "empty.nii", 0 * mask),))
    with pytest.raises(UserError, match="a mask must be 3D"):
        read_bold(path, masks=(path,))


@pytest.mark.parametrize("n", [2, 5])
def test_repeats_are_read_in_two_halves_that_share_none(tmp_path, n):
    repeats = RNG.standard_normal((n, 40, 30))
    path = write_hf5(tmp_path / "story.hf5", repeats.mean(0), 30, repeats=repeats)
    halves = open_hf5_halves(path)
    for series, own in ((halves.first, repeats[0 : 2 * (n // 2) : 2]), (halves.second, repeats[1 : 2 * (n // 2) : 2])):
        read = np.empty(series.shape, np.float32)
        series.fill(read)
        np.testing.assert_allclose(read, own.mean(0), rtol=1e-5)
    assert halves.repeats == n


def test_halves_are_cleaned_as_the_story_is(tmp_path):
    repeats = 100 + RNG.standard_normal((4, 40, 30))
    words = tmp_path / "words.tsv"
    path = write_hf5(tmp_path / "story.hf5", repeats.mean(0), 30, repeats=repeats)
    alone = write_hf5(tmp_path / "half.hf5", repeats[::2].mean(0), 30)
    first, second, n = RecordingSource("s", "story", path, 2.0, 11.0, words).read_halves()
    np.testing.assert_allclose(first.data, read_bold(alone).data, atol=1e-5)
    assert n == 4 and np.abs(first.data - second.data).max() > 0.1
    assert RecordingSource("s", "story", alone, 2.0, 11.0, words).read_halves() is None
    wrong = write_hf5(tmp_path / "wrong.hf5", repeats.mean(0), 30, repeats=repeats[:, :20])
    with pytest.raises(UserError, match="holds repeats of"):
        open_hf5_halves(wrong)

"""Recordings on the cortical sheet, GIFTI pairs and CIFTI: values against nibabel, meshes, and clear refusals."""

import nibabel
import numpy as np
import pytest

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.space import Cortex
from fmri2ges.brain.surface import load_fslr_index
from fmri2ges.data.bold.cifti import cifti_tr, open_cifti
from fmri2ges.data.bold.gifti import partner_of
from fmri2ges.data.bold.pairs import Hemisphere, open_pair
from fmri2ges.data.bold.read import read_bold, standardize
from fmri2ges.errors import UserError
from tests.bold_files import N_FSLR, cortex_vertices, noisy, write_dtseries, write_gifti, write_gifti_pair

SIGNAL = np.sin(np.arange(8.0))
NARRATIVES = "sub-001_task-pieman_space-fsaverage6_hemi-{}_desc-clean.func.gii"
FMRIPREP = "sub-01_task-a_hemi-{}_space-fsaverage5_bold.func.gii"


@pytest.mark.parametrize("one_array", [False, True])
@pytest.mark.parametrize("n_vertices", [10242, 40962])
def test_gifti_pairs_are_fsaverage5(tmp_path, n_vertices, one_array):
    left = write_gifti_pair(tmp_path, NARRATIVES, SIGNAL, n_vertices, one_array=one_array)
    bold = read_bold(left)
    right = nibabel.load(partner_of(left)).agg_data("time series" if not one_array else None)
    right = np.asarray(right) if one_array else np.asarray(right).reshape(n_vertices, len(SIGNAL))
    expected = standardize(right[:10242].T)[0]
    assert (bold.space, bold.columns, bold.data.shape) == (Cortex(), (), (8, 20484))
    np.testing.assert_allclose(bold.data[:, 10242:], expected, atol=1e-5)
    np.testing.assert_allclose(bold.data[:, :10242], standardize(noisy(SIGNAL, n_vertices)[:, :10242])[0], atol=1e-4)


def test_the_finest_mesh_and_two_named_files(tmp_path):
    left = write_gifti_pair(tmp_path, "side{}.func.gii", np.repeat(SIGNAL[:5, None], 163842, 1))
    assert read_bold(left, partner=tmp_path / "sideR.func.gii").data.shape == (5, 20484)


def test_gifti_on_fslr(tmp_path):
    values = np.arange(N_FSLR) * np.array([1, -1, 1, 1, -1])[:, None]
    left = write_gifti_pair(tmp_path, "100307.{}.32k_fs_LR.func.gii", values)
    data = read_bold(left).data
    flat = np.concatenate(load_fslr_index()) == 0
    assert not data[:, flat].any()
    np.testing.assert_allclose(data[:, ~flat], standardize(values[:, 1:2])[0] + np.zeros(20484 - flat.sum()), atol=1e-4)


def test_either_file_names_the_pair(tmp_path):
    left = write_gifti_pair(tmp_path, FMRIPREP, SIGNAL)
    right = tmp_path / FMRIPREP.format("R")
    np.testing.assert_array_equal(read_bold(left).data, read_bold(right).data)
    np.testing.assert_array_equal(read_bold(left).data, read_bold(right, partner=left).data)


@pytest.mark.parametrize(
    "name, other",
    [
        ("sub-01_hemi-L_bold.func.gii", "sub-01_hemi-R_bold.func.gii"),
        ("lh.pieman.func.gii", "rh.pieman.func.gii"),
        ("s1.rh.func.gii", "s1.lh.func.gii"),
        ("100307.L.32k_fs_LR.func.gii", "100307.R.32k_fs_LR.func.gii"),
    ],
)
def test_partner_by_name(name, other):
    assert partner_of(name).name == other and partner_of(other).name == name


@pytest.mark.parametrize("left, right, tr", [(1.5, 1.5, 1.5), (1.5, 0.0, 1.5), (0.0, 1.5, 1.5), (0.0, 0.0, 0.0)])
def test_the_hemisphere_that_knows_the_tr_says_it(tmp_path, left, right, tr):
    assert open_pair(tmp_path / "lh.a.mgz", tmp_path / "rh.a.mgz", hemispheres(tmp_path, left, right)).tr == tr


def test_hemispheres_of_two_runs_are_refused(tmp_path):
    with pytest.raises(UserError, match="other repetition times, 1.5 s left and 2 s right; give two files of one run"):
        open_pair(tmp_path / "lh.a.mgz", tmp_path / "rh.a.mgz", hemispheres(tmp_path, 1.5, 2.0))


def hemispheres(folder, left: float, right: float):
    """A reader of two files that state these repetition times."""
    tr = {"L": left, "R": right}
    for side in ("lh", "rh"):
        (folder / f"{side}.a.mgz").write_bytes(b"x")
    return lambda path, side: Hemisphere(np.zeros((5, 10242), np.float32), None, tr[side])


def test_a_name_without_a_side(tmp_path):
    write_gifti(tmp_path / "one.func.gii", noisy(SIGNAL, 10242), "L")
    with pytest.raises(UserError, match="which hemisphere\\? Put hemi-L"):
        read_bold(tmp_path / "one.func.gii")


def test_the_medial_wall_is_dropped_and_counted(tmp_path):
    values = noisy(SIGNAL, 10242).copy()
    wall = load_atlas().labels[:10242] == 0
    values[:, wall] = np.nan
    write_gifti(tmp_path / "a_hemi-L_bold.func.gii", values, "L")
    write_gifti(tmp_path / "a_hemi-R_bold.func.gii", noisy(SIGNAL, 10242), "R")
    bold = read_bold(tmp_path / "a_hemi-L_bold.func.gii")
    assert bold.n_nan == wall.sum() and not bold.data[:, :10242][:, wall].any()


def test_cifti_takes_the_nearest_vertex(tmp_path):
    """Each vertex carries its own number as amplitude; the map comes out as the shipped index says."""
    vertices = cortex_vertices()
    n = sum(map(len, vertices)) + 8
    values = np.zeros((8, n), np.float32)
    number = np.concatenate([vertices[0], -vertices[1], np.zeros(8)])
    values[:] = number * np.where(np.arange(8) < 4, 1, -1)[:, None] + 1e-3 * np.random.default_rng(0).normal(
        size=(8, n)
    )
    path = write_dtseries(tmp_path / "a.dtseries.nii", values)
    series = open_cifti(path)
    out = np.empty(series.shape, np.float32)
    series.fill(out)
    for half, index, kept, sign in zip(np.split(out, 2, axis=1), load_fslr_index(), vertices, (1, -1), strict=True):
        inside = np.isin(index, kept)
        np.testing.assert_allclose(half[0, inside], sign * index[inside], atol=0.02)
        assert np.isnan(half[:, ~inside]).all()
    bold = read_bold(path, tr=2.0)
    assert bold.space == Cortex() and bold.n_nan == np.isnan(out[0]).sum()


def test_cifti_states_the_tr(tmp_path):
    path = write_dtseries(tmp_path / "a.dtseries.nii", SIGNAL, tr=0.8)
    read_bold(path, tr=0.8)
    with pytest.raises(UserError, match="its header says TR 0.8 s, but the study says tr = 2"):
        read_bold(path, tr=2.0)


@pytest.mark.parametrize("step, exponent, unit, tr", [(800.0, -3, "SECOND", 0.8), (2.0, 0, "HERTZ", None)])
def test_cifti_steps_have_a_power_of_ten_and_a_unit(tmp_path, step, exponent, unit, tr):
    path = write_dtseries(tmp_path / "a.dtseries.nii", SIGNAL, tr=step, unit=unit)
    image = nibabel.load(path)
    image.header.matrix.get_index_map(0).series_exponent = exponent
    nibabel.save(image, tmp_path / "b.dtseries.nii")
    assert cifti_tr(tmp_path / "b.dtseries.nii") == pytest.approx(tr)
    assert open_cifti(tmp_path / "b.dtseries.nii").tr == pytest.approx(tr)


def refused(message, path, **options):
    with pytest.raises(UserError, match=message) as error:
        read_bold(path, **options)
    assert "\n" not in str(error.value) and path.name in str(error.value)


def test_what_is_wrong_with_a_gifti_is_said_in_a_line(tmp_path):
    left = write_gifti_pair(tmp_path, FMRIPREP, SIGNAL)
    right = partner_of(left)
    refused("is the same hemisphere \\(L\\)", left, partner=left)
    write_gifti(right, noisy(SIGNAL[:6], 10242), "R")
    refused("differ in length: 8 volumes left, 6 right", left)
    right.unlink()
    refused("the other hemisphere is missing: no such file: .*hemi-R", left)
    write_gifti(left, noisy(SIGNAL, 10000), "L")
    write_gifti(right, noisy(SIGNAL, 10242), "R")
    refused("has 10000 vertices in a hemisphere; allowed: 10242, 40962", left)
    write_gifti(left, noisy(SIGNAL, 10242)[:1], "L")
    refused("must be vertices x volumes, or one array per volume", left)
    left.write_bytes(right.read_bytes()[:9000])
    refused("cannot be read as GIFTI .*copy it again", left)


def test_what_is_wrong_with_a_cifti_is_said_in_a_line(tmp_path):
    refused(
        "needs the left and the right cortex; it holds: CIFTI_STRUCTURE_CORTEX_LEFT, ",
        write_dtseries(tmp_path / "l.dtseries.nii", SIGNAL, sides="L"),
    )
    refused(
        "has 59292 vertices per hemisphere; fsLR-32k",
        write_dtseries(tmp_path / "m.dtseries.nii", SIGNAL, n_vertices=59292),
    )
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4, 9)), np.eye(4)), tmp_path / "n.dtseries.nii")
    refused("is not a dense time series", tmp_path / "n.dtseries.nii")
    whole = write_dtseries(tmp_path / "w.dtseries.nii", SIGNAL)
    cut = tmp_path / "cut.dtseries.nii"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    refused("cannot be read as CIFTI", cut)

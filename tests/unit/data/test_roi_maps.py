"""Masks of every common kind and statistic maps with a threshold, in every format that can hold them."""

from __future__ import annotations

import shutil
import struct

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fmri2ges.brain.roi import N_ALL
from fmri2ges.brain.surface import MESH_SIZES, load_surface
from fmri2ges.data.bold.nifti import read_mask, voxel_roi
from fmri2ges.data.masks import Threshold, roi_inside, volume_inside
from fmri2ges.data.rois.files import RoiChoice, read_rois, select_rois, split_choice
from fmri2ges.errors import UserError
from tests.bold_files import AFFINE, make_mask
from tests.gifti_text import Array, write_gifti_text
from tests.roi_files import (
    ATLAS,
    BROCA,
    LEFT,
    RIGHT,
    V1,
    annot,
    ball_nifti,
    dense_labels,
    dlabel,
    dscalar,
    label_gii,
    metric_gii,
    mgh,
    on_mesh,
    roidraw,
    statistic_nifti,
)

CORTEX = ATLAS.labels > 0
RNG = np.random.default_rng(3)
# A statistic: above 3.1 in Broca's area, below -3.1 in V1, and nothing between at the medial wall.
Z = np.where(BROCA, 4.0, np.where(V1, -5.0, RNG.uniform(-3, 3, N_ALL)))
Z[~CORTEX] = np.nan


def left(mask):
    out = mask.copy()
    out[RIGHT] = False
    return out


def mask_of(path, **options):
    (roi,) = read_rois(path, **options)
    return roi.mask


# What a mask is.

OUTSIDE = [0.0, np.nan]
INSIDE = [1.0, 255.0, 100.0, 2.0, 1e-4 + 1]


@pytest.mark.parametrize("outside", OUTSIDE)
@pytest.mark.parametrize("inside", INSIDE)
def test_two_values_are_a_mask(outside, inside):
    values = np.where(np.arange(9) % 3 == 0, inside, outside)
    np.testing.assert_array_equal(roi_inside("m", values), np.arange(9) % 3 == 0)
    np.testing.assert_array_equal(volume_inside("m", values), np.arange(9) % 3 == 0)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64, bool])
def test_masks_of_every_kind_of_number(kind):
    values = np.array([[0, 1], [1, 0]], kind)
    np.testing.assert_array_equal(roi_inside("m", values), values.astype(bool))


def test_a_probability_is_cut_at_a_half_and_infinity_is_outside():
    np.testing.assert_array_equal(roi_inside("m", np.array([0.5, 0.51, 1.0005, np.nan])), [False, True, True, False])
    np.testing.assert_array_equal(roi_inside("m", np.array([0.0, 255, np.inf])), [False, True, False])
    assert not roi_inside("m", np.full(4, np.nan)).any() and not roi_inside("m", np.zeros(4)).any()


@pytest.mark.parametrize(
    "values", [[-3.0, 2, 5], [0.0, 1, 2], [0, 3.2, 4.5], [-1.0, 1.0], [2.0, 2.0], [-0.5, 0.5]], ids=str
)
def test_a_statistic_is_no_mask(values):
    with pytest.raises(UserError, match=r"f.nii: is no mask: its values lie between .* 'FILE>3.1'"):
        roi_inside("f.nii", np.array(values))


@given(
    hnp.arrays(np.float64, 20, elements=st.floats(-10, 10) | st.just(np.nan)),
    st.floats(-8, 8),
    st.booleans(),
)
def test_a_threshold_is_a_comparison(values, value, above):
    inside = roi_inside("m", values, Threshold(value, above))
    expected = [np.isfinite(v) and (v > value if above else v < value) for v in values]
    assert inside.tolist() == expected


def test_a_mask_of_bold_may_be_labels_or_brightness_but_not_a_statistic():
    np.testing.assert_array_equal(volume_inside("m", np.array([0, 1, 2, 3])), [False, True, True, True])
    np.testing.assert_array_equal(volume_inside("m", np.array([0.0, 812.5, np.nan])), [False, True, False])
    with pytest.raises(UserError, match="is no mask: its values lie between -2 and 5; threshold it first"):
        volume_inside("m", np.array([-2.0, 5]))


# What FILE>3.1 means.


@pytest.mark.parametrize(
    "text, path, name, threshold",
    [
        ("z.nii.gz>3.1", "z.nii.gz", "", Threshold(3.1)),
        ("a/z.mgz > 3.1", "a/z.mgz", "", Threshold(3.1)),
        ("z.func.gii<-2", "z.func.gii", "", Threshold(-2.0, above=False)),
        ("z.func.gii#faces>1e1", "z.func.gii", "faces", Threshold(10.0)),
        ("lh.aparc.annot#insula", "lh.aparc.annot", "insula", None),
        ("a>b/z.nii", "a>b/z.nii", "", None),
        ("z.nii", "z.nii", "", None),
    ],
)
def test_a_choice_is_taken_apart(text, path, name, threshold):
    choice = split_choice(text)
    assert (str(choice.path), choice.name, choice.threshold) == (path, name, threshold)


@pytest.mark.parametrize("text", ["z.nii>", "z.nii>high", "z.nii>=3.1"])
def test_a_threshold_must_be_a_number(text):
    with pytest.raises(UserError, match="the threshold is no number; write FILE>3.1, or FILE<-3.1"):
        split_choice(text)


def test_a_file_that_has_such_a_name_is_itself(tmp_path):
    path = annot(tmp_path / "lh.a>3.annot", V1[LEFT].astype(int), ("unknown", "V1"))
    assert split_choice(path) == RoiChoice(path)
    assert select_rois([path]).names == ("L_V1",)


# Every format that can hold a map.


@pytest.mark.parametrize("n", MESH_SIZES)
def test_mgh_overlays(tmp_path, n):
    values = on_mesh(BROCA[LEFT], n, RNG).astype(float)
    np.testing.assert_array_equal(mask_of(mgh(tmp_path / "lh.mine.mgz", 255 * values)), left(BROCA))
    finer = np.concatenate([Z[LEFT], RNG.uniform(-9, 9, n - 10242)])
    found = mask_of(mgh(tmp_path / "lh.z.mgh", finer), threshold=Threshold(3.1))
    np.testing.assert_array_equal(found, left(BROCA))
    assert nibabel.load(tmp_path / "lh.z.mgh").shape == (n, 1, 1)


def test_a_large_overlay_folded_as_freesurfer_does(tmp_path):
    values = on_mesh(BROCA[LEFT], 163842, RNG).astype(np.float32)
    nibabel.save(nibabel.MGHImage(values.reshape((27307, 1, 6), order="F"), np.eye(4)), tmp_path / "lh.f.mgz")
    np.testing.assert_array_equal(mask_of(tmp_path / "lh.f.mgz"), left(BROCA))


def test_frames_are_rois_of_their_own(tmp_path):
    path = mgh(tmp_path / "rh.both.mgz", np.stack([V1[RIGHT], BROCA[RIGHT]], 1))
    found = {roi.name: roi.mask for roi in read_rois(path)}
    assert found.keys() == {"both 1", "both 2"}
    np.testing.assert_array_equal(found["both 2"], BROCA & ~left(np.ones(N_ALL, bool)))


def test_a_volume_in_mgz_is_sampled_like_a_nifti(tmp_path):
    image = nibabel.load(ball_nifti(tmp_path / "ball.nii", (-48, 18, 14), 18))
    nibabel.save(nibabel.MGHImage(np.asarray(image.dataobj), image.affine), tmp_path / "ball.mgz")
    np.testing.assert_array_equal(mask_of(tmp_path / "ball.mgz"), mask_of(tmp_path / "ball.nii"))


@pytest.mark.parametrize("outside, inside", [(0, 255), (np.nan, 1), (np.nan, 255), (0, 100)])
def test_nifti_masks_of_any_two_values(tmp_path, outside, inside):
    plain = ball_nifti(tmp_path / "mask.nii", (-48, 18, 14), 18)
    image = nibabel.load(plain)
    values = np.where(np.asarray(image.dataobj) > 0, inside, outside).astype(np.float32)
    (tmp_path / "b").mkdir()
    nibabel.save(nibabel.Nifti1Image(values, image.affine), tmp_path / "b" / "mask.nii.gz")
    np.testing.assert_array_equal(mask_of(tmp_path / "b" / "mask.nii.gz"), mask_of(plain))


def test_a_statistic_in_mni_space_is_what_nilearn_samples_above_the_threshold(tmp_path):
    from nilearn.surface import vol_to_surf

    centre = (-48, 18, 14)
    path = statistic_nifti(tmp_path / "z.nii.gz", centre)
    image = nibabel.load(path)
    filled = nibabel.Nifti1Image(np.nan_to_num(np.asarray(image.dataobj)), image.affine)
    pial, white = load_surface("pial"), load_surface("white")
    faces = pial.faces[: len(pial.faces) // 2]
    sampled = vol_to_surf(
        filled, [pial.vertices[LEFT], faces], inner_mesh=[white.vertices[LEFT], faces], interpolation="linear"
    )
    found = mask_of(path, threshold=Threshold(3.1))
    np.testing.assert_array_equal(found[LEFT], (sampled > 3.1) & CORTEX[LEFT])
    assert found[LEFT].sum() > 20 and not found[RIGHT].any()
    with pytest.raises(UserError, match="is no mask: its values lie between -1 and"):
        read_rois(path)
    assert select_rois([f"{path}>1.5"]).names
    with pytest.raises(UserError, match="no vertex of the cortex lies where the map is >50"):
        read_rois(path, threshold=Threshold(50))


def test_gifti_statistics_need_a_threshold(tmp_path):
    path = metric_gii(tmp_path / "z.func.gii", Z[LEFT])
    with pytest.raises(UserError, match="is no mask: its values lie between -5 and 4"):
        read_rois(path)
    np.testing.assert_array_equal(mask_of(path, threshold=Threshold(3.1)), left(BROCA))
    np.testing.assert_array_equal(mask_of(path, threshold=Threshold(-3.1, above=False)), left(V1))
    assert select_rois([f"{path}>3.1"]).names == tuple(a for a in ATLAS.expand(["Broca"]) if a[0] == "L")


def test_values_that_the_header_calls_a_statistic_are_no_probabilities(tmp_path):
    """p values and correlations lie between 0 and 1 too; a mask that was made of a statistic map keeps its intent."""
    p_values = np.random.default_rng(0).uniform(0, 1, 10242).astype("f4")
    for intent, called in (("PVAL", "p values"), ("CORREL", "correlations")):
        path = write_gifti_text(tmp_path / "lh.p.func.gii", [Array(p_values, intent)], "L")
        with pytest.raises(UserError, match=f"is no mask: .*, and its header calls them {called}. For a statistic map"):
            read_rois(path)
        assert mask_of(path, threshold=Threshold(0.05, above=False)).any()
    binary = write_gifti_text(tmp_path / "lh.z.func.gii", [Array((p_values > 0.9).astype("f4"), "ZSCORE")], "L")
    assert mask_of(binary).sum() > 500
    image = nibabel.load(ball_nifti(tmp_path / "ball.nii.gz", (-50, 20, 10), 20.0))
    values = image.get_fdata(dtype=np.float32)
    r = np.random.default_rng(0).uniform(0.3, 0.9, values.shape).astype("f4")
    for made_of, refused in ((r * values, True), (values, False)):
        made = nibabel.Nifti1Image(made_of, image.affine)
        made.header.set_intent("correlation", (10,))
        nibabel.save(made, tmp_path / "r.nii.gz")
        if refused:
            with pytest.raises(UserError, match=r"its header calls them a statistic \(correlation\)"):
                read_rois(tmp_path / "r.nii.gz")
        else:
            assert read_rois(tmp_path / "r.nii.gz")[0].mask.any()


def test_one_of_several_gifti_maps_above_a_threshold(tmp_path):
    arrays = [Array(Z[LEFT].astype("f4"), "ZSCORE", meta={"Name": k}) for k in ("a", "b")]
    arrays[1].data = -arrays[1].data
    path = write_gifti_text(tmp_path / "lh.z.func.gii.gz", arrays, "L")
    assert select_rois([f"{path}#b>3.1"]).names == tuple(a for a in ATLAS.expand(["V1"]) if a[0] == "L")


@pytest.mark.parametrize("shape", [(10242, 1), (1, 10242), (10242,)])
def test_gifti_masks_by_intent_and_shape(tmp_path, shape):
    order = RNG.permutation(10242).astype(np.int32)
    arrays = [
        Array(order, "NODE_INDEX"),
        Array((255 * BROCA[LEFT][order]).astype("f4").reshape(shape), "NONE"),
        Array(np.zeros((10242, 3), "f4"), "POINTSET"),
    ]
    np.testing.assert_array_equal(mask_of(write_gifti_text(tmp_path / "lh.m.func.gii", arrays)), left(BROCA))


def test_gifti_labels_packed_and_with_a_list_of_vertices(tmp_path):
    order = RNG.permutation(10242).astype(np.int32)
    arrays = [Array(order, "NODE_INDEX"), Array(BROCA[LEFT][order].astype("i4")[:, None], "LABEL")]
    path = write_gifti_text(tmp_path / "lh.m.label.gii.gz", arrays, labels={0: "???", 1: "mine"})
    np.testing.assert_array_equal(mask_of(path), left(BROCA))
    with pytest.raises(UserError, match="holds labels, which have no threshold; remove >3"):
        read_rois(path, threshold=Threshold(3))


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_cifti_scalars(tmp_path, ending):
    from tests.bold_files import pack

    every = np.arange(N_ALL) % 2 == 0
    path = dscalar(tmp_path / "z.dscalar.nii", {"mine": 255.0 * BROCA})
    np.testing.assert_array_equal(mask_of(pack(path) if ending else path), BROCA & every)
    path = dscalar(tmp_path / "y.dscalar.nii", {"contrast": np.nan_to_num(Z), "other": np.nan_to_num(-Z)})
    path = pack(path) if ending else path
    found = {roi.name: roi.mask for roi in read_rois(path, threshold=Threshold(3.1))}
    np.testing.assert_array_equal(found["contrast"], BROCA & every)
    np.testing.assert_array_equal(found["other"], V1 & every)
    with pytest.raises(UserError, match="map 'contrast': is no mask"):
        read_rois(path)


def test_packed_cifti_labels(tmp_path):
    from tests.bold_files import pack

    path = dlabel(tmp_path / "x.dlabel.nii", dense_labels(BROCA), share=0.02)
    np.testing.assert_array_equal(mask_of(pack(path)), mask_of(path))


def test_a_threshold_is_for_maps_only(tmp_path):
    path = annot(tmp_path / "lh.a.annot", V1[LEFT].astype(int), ("unknown", "V1"))
    with pytest.raises(
        UserError, match=r"holds ROIs, which have no threshold \(>3.1\); only statistic maps do: .*.mgz"
    ):
        select_rois([f"{path}>3.1"])
    label = label_gii(tmp_path / "x.label.gii", V1[LEFT])
    with pytest.raises(UserError, match="holds labels, which have no threshold"):
        select_rois([f"{label}>3.1"])


def test_a_statistic_in_the_subjects_own_grid(tmp_path):
    from fmri2ges.brain.voxels import VoxelGrid

    mask = make_mask()
    values = RNG.normal(size=mask.shape).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(values, AFFINE), tmp_path / "z.nii")
    grid = VoxelGrid(mask.shape, AFFINE, np.argwhere(mask))
    np.testing.assert_array_equal(voxel_roi(grid, tmp_path / "z.nii", Threshold(0.5)), values[mask] > 0.5)
    with pytest.raises(UserError, match="is no mask"):
        voxel_roi(grid, tmp_path / "z.nii")
    with pytest.raises(UserError, match="is no mask"):
        read_mask(tmp_path / "z.nii")


# Colour tables and drawn ROIs.


@pytest.mark.parametrize("end", [b"", struct.pack(">i", 0)])
def test_an_annotation_without_a_colour_table_says_so(tmp_path, end):
    path = annot(tmp_path / "lh.a.annot", V1[LEFT].astype(int), ("unknown", "V1"))
    path.write_bytes(path.read_bytes()[: 4 + 8 * 10242] + end)
    with pytest.raises(UserError, match="has no colour table, so its labels have no names"):
        read_rois(path)


@pytest.mark.parametrize("surface", ["fsaverage", "fsaverage6", "fsaverage5"])
def test_roidraw_counts_vertices_in_each_hemisphere(tmp_path, surface):
    path = roidraw(tmp_path / "r.json", surface=surface)
    np.testing.assert_array_equal(mask_of(path), V1)
    assert set(select_rois([path]).names) == set(ATLAS.expand(["V1"]))


def test_roidraw_keeps_the_vertices_that_all_meshes_share(tmp_path):
    inside = np.flatnonzero(V1[LEFT]).tolist()
    rois = [{"name": "a", "vertices": {"left": [*inside, 10242, 163841]}}]
    np.testing.assert_array_equal(mask_of(roidraw(tmp_path / "r.json", rois=rois)), left(V1))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"format": "pycortex-roidraw/vertexset-v3"}, "of pycortex-roidraw this program reads .*vertexset-v2"),
        ({"surface": "S1"}, "is on the surface 'S1'; allowed: fsaverage"),
        ({"surface": ["x"]}, r"is on the surface \['x'\]"),
        ({"rois": {}}, '"rois" must be a list'),
        ({"rois": [{"vertices": {}}]}, r'rois\[0\]: needs a "name"'),
        ({"rois": [{"name": "a", "vertices": [1]}]}, '"vertices" must be an object'),
        ({"rois": [{"name": "a", "vertices": {"left": [163842]}}]}, r"rois\[0\]: left: vertices must be whole numbers"),
        ({"rois": [{"name": "a", "vertices": {"left": [1.5]}}]}, "vertices must be whole numbers from 0 to 163841"),
        ({"rois": [{"name": "a", "vertices": {"right": [99999]}}]}, "none of its 1 vertices is on the coarser mesh"),
    ],
)
def test_what_is_wrong_with_drawn_rois_is_said_in_one_line(tmp_path, change, message):
    with pytest.raises(UserError, match=message) as error:
        select_rois([roidraw(tmp_path / "r.json", **change)])
    assert "\n" not in str(error.value) and "r.json" in str(error.value)


def test_the_command_line_takes_a_threshold(tmp_path, capsys):
    from fmri2ges.cli import main

    shutil.copy(metric_gii(tmp_path / "z.func.gii", Z[LEFT]), tmp_path / "lh.z.func.gii")
    arguments = ["decode", "demo", "--subject", "x", "--story", "y", "--out", str(tmp_path / "out"), "--roi-file"]
    assert main([*arguments, f"{tmp_path / 'none.func.gii'}>3.1"]) == 2
    assert f"{tmp_path / 'none.func.gii'}: no such file" in capsys.readouterr().err
    assert main([*arguments, f"{tmp_path / 'lh.z.func.gii'}>much"]) == 2
    assert "the threshold is no number" in capsys.readouterr().err


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_is_sampled_half_way_through_the_ribbon_on_both_hemispheres(tmp_path, axis):
    """The mean of a map that rises by 1 a mm over the ribbon is its value half-way between white and pial surface."""
    affine = np.diag([-3.0, 3.0, 3.0, 1.0])
    affine[:3, 3] = (90, -126, -72)
    grid = np.moveaxis(np.indices((61, 73, 61)), 0, -1) * np.diag(affine)[:3] + affine[:3, 3]
    nibabel.save(nibabel.Nifti1Image(grid[..., axis].astype(np.float32), affine), tmp_path / "mm.nii")
    (roi,) = read_rois(tmp_path / "mm.nii", threshold=Threshold(10.0))
    middle = (load_surface("white").vertices + load_surface("pial").vertices)[:, axis] / 2
    clear = (ATLAS.labels > 0) & (np.abs(middle - 10) > 0.2)
    np.testing.assert_array_equal(roi.mask[clear], middle[clear] > 10)

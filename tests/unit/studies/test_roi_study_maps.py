"""Maps of an ROI study for other programs, and on the cortex as a figure."""

import csv

import nibabel
import numpy as np
import pytest

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.space import Cortex, Voxels
from fmri2ges.brain.voxels import VoxelGrid
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.intervals import Interval
from fmri2ges.evaluation.roi_rows import Correction, Effect, Mode, Region, RoiRow, RoiStudy, SizeNull
from fmri2ges.evaluation.rows import Null, NullKind
from fmri2ges.exports.roi_maps import maps_of, write_roi_maps
from fmri2ges.figures import make_roi_figure
from fmri2ges.figures.roi_view import RoiView


def make_rows(regions, simulated=True, space="fsaverage5") -> RoiStudy:
    rows = []
    for k, region in enumerate(regions):
        for effect in (Effect.ALONE, Effect.LESION):
            value = 0.1 * (k + 1) if effect == Effect.ALONE else 0.01 * (k - 1)
            null = Null(NullKind.SHIFT, 1000, 0.0, -0.03, 0.03, 0.002 + 0.2 * k, 400.0)
            rows.append(
                RoiRow(
                    "s1",
                    "direct",
                    metrics.R_EXPECTED,
                    effect,
                    region.name,
                    Mode.EXPLORATORY,
                    value,
                    value,
                    6,
                    Interval(value - 0.02, value + 0.02, 6, "bootstrap over 6 stories"),
                    null,
                    min(1.0, 2 * (null.p or 1)),
                    SizeNull(50, 0.05, 0.0, 0.1, 0.1),
                )
            )
    whole = RoiRow("s1", "direct", metrics.R_EXPECTED, Effect.WHOLE, "all", Mode.EXPLORATORY, 0.4, 0.4, 6)
    return RoiStudy((whole, *rows), tuple(regions), Correction.HOLM, space, simulated, ("a", "b"))


@pytest.fixture(scope="module")
def study():
    groups = load_atlas().groups
    regions = [Region(key, groups[key][1], int(load_atlas().vertices([key]).sum())) for key in ("AC", "Broca")]
    return make_rows(regions)


def test_every_format_holds_the_values_of_the_table(study, tmp_path):
    write_roi_maps(study, {"s1": Cortex()}, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "s1.L.func.gii",
        "s1.R.func.gii",
        "s1.csv",
        "s1.dscalar.nii",
    ]
    image = nibabel.load(tmp_path / "s1.dscalar.nii")
    names = list(image.header.get_axis(0).name)
    assert names == [f"direct r_expected {name}" for name in ("alone", "alone p", "lesion", "lesion p")]
    dense = np.asarray(image.dataobj)
    pair = [nibabel.load(tmp_path / f"s1.{side}.func.gii").darrays for side in "LR"]
    for k in range(len(names)):
        np.testing.assert_array_equal(dense[k], np.concatenate([side[k].data for side in pair]))
    broca = load_atlas().vertices(["Broca"])
    np.testing.assert_allclose(dense[0][broca], 0.2, rtol=1e-6)
    assert np.isnan(dense[0][~load_atlas().vertices(["AC", "Broca"])]).all()
    with open(tmp_path / "s1.csv") as file:
        rows = {row["area"]: row for row in csv.DictReader(file)}
    assert float(rows["L_44"]["direct r_expected alone"]) == pytest.approx(0.2)
    assert rows["L_V1"]["direct r_expected alone"] == ""


def test_where_regions_overlap_stands_their_mean_and_the_larger_p():
    regions = [Region("one", ("L_44", "L_45"), 1), Region("two", ("L_45",), 1)]
    maps = maps_of(make_rows(regions), "s1", Cortex().names)
    at = Cortex().names.index
    alone, p = maps["direct r_expected alone"], maps["direct r_expected alone p"]
    assert alone[at("L_44")] == pytest.approx(0.1) and alone[at("L_45")] == pytest.approx(0.15)
    assert p[at("L_44")] == pytest.approx(0.004) and p[at("L_45")] == pytest.approx(0.404)


def test_voxels_are_a_volume_in_their_own_grid(tmp_path):
    ijk = np.argwhere(np.ones((6, 5, 4), bool))
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    space = Voxels(len(ijk), VoxelGrid((6, 5, 4), affine, ijk))
    study = make_rows([Region("first", space.names[:3], 3)], space="voxels")
    write_roi_maps(study, {"s1": space}, tmp_path)
    image = nibabel.load(tmp_path / "s1.direct.r_expected.alone.nii.gz")
    np.testing.assert_array_equal(image.affine, affine)
    values = np.asarray(image.dataobj)[tuple(ijk.T)]
    np.testing.assert_allclose(values[np.isin(space.owner, [0, 1, 2])], 0.1, rtol=1e-6)
    assert np.isnan(values[~np.isin(space.owner, [0, 1, 2])]).all()


def test_the_figure_of_the_cortex_says_what_it_shows(study, tmp_path):
    svg = make_roi_figure(study, "roi-map", tmp_path / "map.svg", RoiView(branch="direct"), dpi=40).read_text()
    for words in ("SIMULATED", "exploratory", "Holm over 2 regions", "mean of 6 stories", "95 %", "no unit"):
        assert words in svg
    again = make_roi_figure(study, "roi-map", tmp_path / "again.svg", RoiView(branch="direct"), dpi=40).read_text()
    assert again == svg

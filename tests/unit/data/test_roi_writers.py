"""ROIs and maps for other programs: nibabel reads what is written, and so do we."""

import csv

import nibabel
import numpy as np
import pytest
from nibabel.freesurfer import read_annot, read_label

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.roi import N_ALL, Roi
from fmri2ges.brain.surface import load_surface
from fmri2ges.data.atomic import read_json, write_json
from fmri2ges.data.maps import write_maps
from fmri2ges.data.rois.files import read_rois, write_rois
from fmri2ges.errors import UserError
from fmri2ges.exports.rois import MASKS
from fmri2ges.figures.export import export
from fmri2ges.results import Decoded

ATLAS = load_atlas()
CORTEX = ATLAS.labels > 0
V1, BROCA, LEFT_AG = ATLAS.vertices(["V1"]), ATLAS.vertices(["Broca"]), ATLAS.vertices(["L_PGi"])
ROIS = (Roi("V1", V1), Roi("Broca (BA44/45+IFS)", BROCA), Roi("left, only", LEFT_AG))


@pytest.mark.parametrize(
    "name", ["r.label.gii", "r.func.gii", "r.shape.gii", "r.annot", "r.dlabel.nii", "r.csv", "r.json"]
)
def test_what_is_written_is_read(tmp_path, name):
    back = {}
    for path in write_rois(ROIS, tmp_path / name):
        for roi in read_rois(path):
            back[roi.name] = back.get(roi.name, False) | roi.mask
    assert list(back) == [roi.name for roi in ROIS]
    for roi in ROIS:
        np.testing.assert_array_equal(back[roi.name], roi.mask)


def test_freesurfer_labels_are_one_file_per_roi_and_hemisphere(tmp_path):
    paths = write_rois(ROIS, tmp_path / "r.label")
    assert [p.name for p in paths] == [
        "lh.r.V1.label",
        "rh.r.V1.label",
        "lh.r.Broca-BA44-45+IFS.label",
        "rh.r.Broca-BA44-45+IFS.label",
        "lh.r.left-only.label",
    ]
    np.testing.assert_array_equal(read_label(paths[1]) + 10242, np.flatnonzero(V1)[np.flatnonzero(V1) >= 10242])
    table = np.loadtxt(paths[1], skiprows=2)
    np.testing.assert_allclose(
        table[:, 1:4], load_surface("white").vertices[table[:, 0].astype(int) + 10242], atol=1e-3
    )
    (alone,) = write_rois(ROIS[2:], tmp_path / "lh.ag.label")
    assert alone.name == "lh.ag.label"
    np.testing.assert_array_equal(read_rois(alone)[0].mask, LEFT_AG)


@pytest.mark.parametrize("names", [("a b", "a-b"), ("V1", "v1"), ("(x)", "x")])
def test_labels_that_would_be_one_file_are_refused_before_any_is_written(tmp_path, names):
    with pytest.raises(UserError, match="would be one file, .*; rename one"):
        write_rois([Roi(name, V1) for name in names], tmp_path / "r.label")
    assert list(tmp_path.iterdir()) == []


def test_nibabel_reads_the_annot(tmp_path):
    for path, part in zip(write_rois(ROIS, tmp_path / "r.annot"), (slice(0, 10242), slice(10242, None)), strict=True):
        keys, table, names = read_annot(path)
        assert names == [b"unknown", b"V1", b"Broca (BA44/45+IFS)", b"left, only"]
        np.testing.assert_array_equal(keys, (1 * V1 + 2 * BROCA + 3 * LEFT_AG)[part])
        assert len(np.unique(table[:, 4])) == 4


def test_360_areas_keep_their_own_colours_in_an_annot(tmp_path):
    rois = [Roi(area, ATLAS.labels == k) for k, area in enumerate(ATLAS.areas, start=1)]
    left, _ = write_rois(rois, tmp_path / "hcp.annot")
    np.testing.assert_array_equal(read_annot(left)[0], ATLAS.labels[:10242])


def test_nibabel_reads_the_gifti_labels(tmp_path):
    left, right = (nibabel.load(p) for p in write_rois(ROIS, tmp_path / "r.label.gii"))
    np.testing.assert_array_equal(left.darrays[0].data, (1 * V1 + 2 * BROCA + 3 * LEFT_AG)[:10242])
    assert right.labeltable.get_labels_as_dict() == {0: "???", 1: "V1", 2: "Broca (BA44/45+IFS)", 3: "left, only"}
    assert (left.meta["AnatomicalStructurePrimary"], right.meta["AnatomicalStructurePrimary"]) == (
        "CortexLeft",
        "CortexRight",
    )
    assert left.darrays[0].intent == nibabel.nifti1.intent_codes["NIFTI_INTENT_LABEL"]


def test_nibabel_reads_the_cifti_labels(tmp_path):
    (path,) = write_rois(ROIS, tmp_path / "r.dlabel.nii")
    image = nibabel.load(path)
    assert isinstance(image, nibabel.Cifti2Image) and image.nifti_header.get_intent()[0] == "ConnDenseLabel"
    maps, models = (image.header.get_axis(k) for k in range(2))
    names = {key: name for key, (name, _) in maps.label[0].items()}
    assert names == {0: "???", 1: "V1", 2: "Broca (BA44/45+IFS)", 3: "left, only"}
    assert [s for s, _, _ in models.iter_structures()] == [
        "CIFTI_STRUCTURE_CORTEX_LEFT",
        "CIFTI_STRUCTURE_CORTEX_RIGHT",
    ]
    assert models.nvertices == {"CIFTI_STRUCTURE_CORTEX_LEFT": 10242, "CIFTI_STRUCTURE_CORTEX_RIGHT": 10242}
    at = models.vertex + 10242 * (models.name == "CIFTI_STRUCTURE_CORTEX_RIGHT")
    np.testing.assert_array_equal(np.asarray(image.dataobj)[0, np.argsort(at)], 1 * V1 + 2 * BROCA + 3 * LEFT_AG)
    np.testing.assert_allclose(maps.label[0][1][1], (0.84, 0.37, 0, 1), atol=1e-6)
    assert path.read_bytes() == write_rois(ROIS, tmp_path / "s.dlabel.nii")[0].read_bytes()


def test_cifti_labels_on_a_finer_fsaverage_and_on_no_known_mesh(tmp_path):
    for n in (40962, 5000):
        structures = ("CIFTI_STRUCTURE_CORTEX_LEFT", "CIFTI_STRUCTURE_CORTEX_RIGHT")
        left, right = (nibabel.cifti2.BrainModelAxis.from_surface(np.arange(n), n, s) for s in structures)
        labels = nibabel.cifti2.LabelAxis(["ROIs"], [{0: ("???", (1, 1, 1, 0)), 7: ("mine", (1, 0, 0, 1))}])
        keys = np.zeros((1, 2 * n), np.float32)
        keys[0, np.flatnonzero(CORTEX)[:40]] = 7
        nibabel.save(nibabel.Cifti2Image(keys, (labels, left + right)), tmp_path / f"{n}.dlabel.nii")
    (roi,) = read_rois(tmp_path / "40962.dlabel.nii")
    assert roi.name == "mine" and np.flatnonzero(roi.mask).tolist() == np.flatnonzero(CORTEX)[:40].tolist()
    with pytest.raises(
        UserError, match=r"has 5000 vertices in a hemisphere; allowed: 32492 \(fsLR-32k\) or 10242, 40962, 163842"
    ):
        read_rois(tmp_path / "5000.dlabel.nii")


@pytest.mark.slow
@pytest.mark.parametrize("names", [["Broca"], ["V1"], ["AC", "STG"]])
def test_nifti_comes_back_almost_the_same(tmp_path, names):
    mask = ATLAS.vertices(names)
    (path,) = write_rois([Roi("r", mask)], tmp_path / "r.nii.gz")
    image = nibabel.load(path)
    np.testing.assert_array_equal(image.affine, [[-2, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    assert image.get_data_dtype() == np.uint8 and image.header["sform_code"] == 4
    back = read_rois(path)[0].mask
    assert 2 * (back & mask).sum() / (back.sum() + mask.sum()) > 0.9
    assert path.read_bytes() == write_rois([Roi("r", mask)], tmp_path / "s.nii.gz")[0].read_bytes()


def test_writers_refuse_what_a_format_cannot_hold(tmp_path):
    twice = (ROIS[0], Roi("V1 again", V1))
    for name in ("r.label.gii", "r.annot", "r.dlabel.nii"):
        with pytest.raises(UserError, match=f"'V1' and 'V1 again' share {V1.sum()} vertices"):
            write_rois(twice, tmp_path / name)
    assert len(write_rois(twice, tmp_path / "r.csv")) == 1
    with pytest.raises(UserError, match="a mask holds one ROI; got 2"):
        write_rois(twice, tmp_path / "r.nii")
    with pytest.raises(UserError, match="allowed: .dlabel.nii, .nii.gz"):
        write_rois(ROIS, tmp_path / "r.mat")
    with pytest.raises(UserError, match="two ROIs are called 'V1'"):
        write_rois((ROIS[0], ROIS[0]), tmp_path / "r.json")
    with pytest.raises(UserError, match="choose at least one"):
        write_rois([Roi("none", np.zeros(N_ALL, bool))], tmp_path / "r.json")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.csv"]


@pytest.mark.parametrize("format", [f for f in MASKS if f != "nii"])
def test_the_roi_of_a_decoded_folder_in_every_format_of_a_mask(tmp_path, decoded_dir, format):
    mask = np.zeros(N_ALL, bool)
    for path in export(Decoded.load(decoded_dir), format, tmp_path / "out" / "roi"):
        for roi in read_rois(path):
            mask |= roi.mask
    np.testing.assert_array_equal(mask, ATLAS.vertices(["Broca", "L_V1"]))


def test_the_roi_of_a_voxel_space_has_no_place_on_fsaverage5(tmp_path, decoded_dir):
    write_json(decoded_dir / "manifest.json", {**read_json(decoded_dir / "manifest.json"), "space": "voxels"})
    with pytest.raises(UserError, match="no place on the cortex of fsaverage5"):
        export(Decoded.load(decoded_dir), "annot", tmp_path / "roi")


def test_the_wide_table_holds_the_long_one(tmp_path, decoded_dir):
    part = Decoded.load(decoded_dir).window(1.0, 1.8)
    (long,) = export(part, "csv", tmp_path / "long.csv")
    (wide,) = export(part, "csv-wide", tmp_path / "wide.csv")
    with open(long, newline="") as a, open(wide, newline="") as b:
        points = {(r["time_s"], r["joint"], axis): r[f"{axis}_m"] for r in csv.DictReader(a) for axis in "xyz"}
        rows = list(csv.DictReader(b))
    assert {(r["time_s"], k[:-4], k[-3]): v for r in rows for k, v in r.items() if k != "time_s"} == points
    assert len(rows) == 12 and len(rows[0]) == 31
    assert [r["time_s"] for r in rows] == [f"{1 + k / 15:.6f}" for k in range(12)]  # on the story's clock


@pytest.mark.parametrize(
    "name, intent",
    [("m.func.gii", "NIFTI_INTENT_NONE"), ("m.shape.gii", "NIFTI_INTENT_SHAPE"), ("m.gii", "NIFTI_INTENT_NONE")],
)
def test_maps_as_gifti(tmp_path, name, intent):
    rng = np.random.default_rng(0)
    maps = {"r": rng.normal(size=N_ALL), "importance": rng.normal(size=N_ALL)}
    paths = write_maps(maps, tmp_path / name)
    kind = name.split(".")[1] if name != "m.gii" else "func"
    assert [p.name for p in paths] == [f"m.L.{kind}.gii", f"m.R.{kind}.gii"]
    images = [nibabel.load(p) for p in paths]
    for k, (key, values) in enumerate(maps.items()):
        found = np.concatenate([image.darrays[k].data for image in images])
        np.testing.assert_array_equal(found, np.where(CORTEX, values, np.nan).astype(np.float32))
        assert found.dtype == np.float32
        assert images[0].darrays[k].meta["Name"] == key
        assert images[0].darrays[k].intent == nibabel.nifti1.intent_codes[intent]
    assert [i.meta["AnatomicalStructurePrimary"] for i in images] == ["CortexLeft", "CortexRight"]


def test_a_map_of_areas_paints_their_vertices(tmp_path):
    values = np.arange(360.0)
    values[7] = np.nan
    paths = write_maps({"r": values}, tmp_path / "m.func.gii")
    found = np.concatenate([nibabel.load(p).darrays[0].data for p in paths])
    np.testing.assert_array_equal(found[CORTEX], values[ATLAS.labels[CORTEX] - 1])
    assert np.isnan(found[~CORTEX]).all()


def test_maps_as_csv(tmp_path):
    areas = np.linspace(-1, 1, 360)
    areas[3] = np.nan
    (path,) = write_maps({"r": areas}, tmp_path / "a.csv")
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    assert [r["area"] for r in rows] == list(ATLAS.areas) and rows[3]["r"] == ""
    assert {r["group"] for r in rows if r["area"] in ATLAS.expand(["Broca"])} == {"Broca"}
    np.testing.assert_allclose([float(r["r"]) for r in rows[4:]], areas[4:], rtol=1e-6)
    vertices = np.arange(N_ALL) / 3
    (path,) = write_maps({"x": vertices, "y": -vertices}, tmp_path / "v.csv")
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    at = np.array([int(r["vertex"]) + 10242 * (r["hemisphere"] == "R") for r in rows])
    np.testing.assert_array_equal(at, np.flatnonzero(CORTEX))
    np.testing.assert_allclose([float(r["y"]) for r in rows], -vertices[at], rtol=1e-6)
    assert rows[100]["area"] == ATLAS.areas[ATLAS.labels[at[100]] - 1]


def test_maps_refuse_what_has_no_place(tmp_path):
    for maps, name, message in (
        (
            {"r": np.zeros(100)},
            "m.func.gii",
            r"map 'r': shape \(100,\); allowed: \(20484,\) vertices or \(360,\) areas",
        ),
        ({"r": np.full(360, np.inf)}, "m.csv", "360 values are infinite"),
        ({"r": np.zeros(360), "s": np.zeros(N_ALL)}, "m.csv", "write them to two files"),
        ({}, "m.csv", "at least one"),
        ({"r": np.zeros(360)}, "m.label.gii", "allowed: .func.gii, .shape.gii, .dscalar.nii, .csv"),
    ):
        with pytest.raises(UserError, match=message):
            write_maps(maps, tmp_path / name)

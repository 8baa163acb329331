"""Maps of the user's own: the mean of every area, from each format that holds numbers on the cortex."""

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fmri2ges.brain.atlas import N_VERTICES
from fmri2ges.brain.own_map import OwnMap, mean_by_area
from fmri2ges.brain.roi import N_ALL
from fmri2ges.brain.surface import load_surface
from fmri2ges.config import from_dict, to_dict
from fmri2ges.data.maps import write_maps
from fmri2ges.data.rois.own_maps import read_own_maps
from fmri2ges.errors import UserError
from tests.roi_files import ATLAS, LEFT, RIGHT, V1, annot, dscalar, label_gii, metric_gii, mgh, statistic_nifti

VALUES = np.random.default_rng(3).normal(size=360)
BY_AREA = dict(zip(ATLAS.areas, VALUES, strict=True))
ON_VERTICES = np.concatenate([[0.0], VALUES])[ATLAS.labels]


def one(*paths) -> OwnMap:
    (found,) = read_own_maps(paths)
    return found


@pytest.mark.parametrize("name", ["z.func.gii", "z.dscalar.nii", "z.csv"])
@pytest.mark.parametrize("n", [N_ALL, 360], ids=["vertices", "areas"])
def test_what_the_program_writes_it_reads(tmp_path, name, n):
    paths = write_maps({"mine": VALUES if n == 360 else ON_VERTICES}, tmp_path / name)
    found = one(*paths)
    assert found.name == "mine" and found.values == pytest.approx(BY_AREA, rel=1e-4)


def test_the_mean_is_over_the_vertices_that_have_a_number_and_half_of_them_must():
    values = np.full(N_ALL, np.nan)
    v1, mt = (np.flatnonzero(ATLAS.vertices([name])) for name in ("L_V1", "R_MT"))
    values[v1[: len(v1) // 2 + 1]] = 2
    values[v1[0]] = np.inf  # no number
    values[mt[: len(mt) // 2 - 1]] = 1
    values[v1[1]] = 5
    expected = (2 * (len(v1) // 2 - 1) + 5) / (len(v1) // 2)
    found = mean_by_area(values)
    assert found in ({}, {"L_V1": pytest.approx(expected)}) and ("L_V1" in found) == (2 * (len(v1) // 2) >= len(v1))
    values[v1] = 3
    assert mean_by_area(values) == {"L_V1": 3}


def test_hemispheres_come_in_a_file_each_and_one_alone_is_half_a_map(tmp_path):
    left = metric_gii(tmp_path / "lh.z.func.gii", ON_VERTICES[LEFT])
    right = metric_gii(tmp_path / "rh.z.func.gii", ON_VERTICES[RIGHT], "CortexRight")
    assert one(left, right).values == pytest.approx(BY_AREA, rel=1e-5)
    assert set(one(right).values) == {area for area in ATLAS.areas if area[0] == "R"}


def test_freesurfer_overlays_in_mgh_and_in_nifti_are_maps_of_a_hemisphere_and_each_frame_is_one(tmp_path):
    values = np.stack([ON_VERTICES[LEFT], 2 * ON_VERTICES[LEFT]], 1)
    first, second = read_own_maps([mgh(tmp_path / "lh.z.mgz", values)])
    assert (first.name, second.name) == ("z 1", "z 2")
    assert second.array == pytest.approx(2 * first.array, nan_ok=True)
    image = nibabel.Nifti1Image(np.float32(ON_VERTICES[RIGHT]).reshape(-1, 1, 1), np.eye(4))
    nibabel.save(image, tmp_path / "rh.z.nii.gz")
    found = one(tmp_path / "rh.z.nii.gz")
    assert found.values == pytest.approx({a: v for a, v in BY_AREA.items() if a[0] == "R"}, rel=1e-5)


def test_a_volume_in_mni_space_is_sampled_in_the_ribbon(tmp_path):
    middle = (load_surface("white").vertices + load_surface("pial").vertices) / 2
    centre = middle[ATLAS.vertices(["L_4"])].mean(0)
    found = one(statistic_nifti(tmp_path / "z.nii.gz", centre))
    best = max(found.values, key=lambda area: found.values[area])
    # The reference: the bump as it was made, at the middle of the ribbon.
    bump = 7 * np.exp(-((np.linalg.norm(middle - centre, axis=1) / 12) ** 2)) - 1
    bump[ATLAS.labels == 0] = -1
    made = {a: bump[ATLAS.labels == k].mean() for k, a in enumerate(ATLAS.areas, start=1)}
    assert best == max(made, key=lambda area: made[area])
    assert np.corrcoef([found.values[a] for a in found.values], [made[a] for a in found.values])[0, 1] > 0.95


def test_every_map_of_a_cifti_file_is_one(tmp_path):
    whole = {"a": ON_VERTICES, "b": -ON_VERTICES}
    first, second = read_own_maps([dscalar(tmp_path / "z.dscalar.nii", whole)])
    assert (first.name, second.name) == ("a", "b") and first.array == pytest.approx(-second.array, nan_ok=True)


TABLES = {
    "area,z\nL_44,1.5\nR_V1_ROI,-2\n": {"L_44": 1.5, "R_V1": -2},
    "L_44,1.5\n44R,0\n".replace("44R", "R_44"): {"L_44": 1.5, "R_44": 0},
    "region;z\n44;1\n": {"L_44": 1, "R_44": 1},
    "hemi\troi\tz\nlh\t44\t1\nright\t44\t2\n": {"L_44": 1, "R_44": 2},
    "\ufeffz,Area\n1e-3,L_4\n,R_4\nnan,L_V1\n": {"L_4": 1e-3},
    "Area,group,z\nL_44,Broca,3\n": {"L_44": 3},
    "area,z\nAC,2\n": dict.fromkeys(ATLAS.groups["AC"][1], 2),
}


@pytest.mark.parametrize("text", TABLES)
def test_a_table_names_areas_as_the_list_of_rois_does(tmp_path, text):
    path = tmp_path / "my map.csv"
    path.write_text(text, encoding="utf-8")
    assert one(path).values == TABLES[text]


def test_a_column_that_says_value_is_called_by_its_file_and_every_other_by_itself(tmp_path):
    (tmp_path / "t.csv").write_text("area,value,z\nL_44,1,2\n")
    assert [found.name for found in read_own_maps([tmp_path / "t.csv"])] == ["t", "z"]


def text(content: str):
    return lambda path: (path.write_text(content), path)[1]


WRONG = {
    "a.csv": (text(""), "is empty; needed: a column of areas"),
    "b.csv": (text("area,z\n"), "has no row below its header"),
    "c.csv": (text("area,z\nL_44,1\nL_999,2\n"), "line 3: rois: 'L_999' is not an ROI"),
    "d.csv": (text("area,z\nL_44,1\n44,2\n"), "line 3: L_44 has a row already, line 2"),
    "e.csv": (text("area,z\nL_44,1\nR_44,much\n"), "line 3: 'much' is no finite number"),
    "f.csv": (text("area,z\nL_44,1\nR_44,inf\n"), "line 3: 'inf' is no finite number"),
    "g.csv": (text("area,z\nL_44,1,2\n"), "line 2: has 3 columns, the first line has 2"),
    "h.csv": (text("area,note\nL_44,good\n"), "has no column of numbers"),
    "i.csv": (text("place,z\nL_44,1\n"), "has no column of areas"),
    "j.csv": (text("hemi,vertex,z\nL,10242,1\n"), "line 2: vertex is '10242'; allowed: 0 to 10241"),
    "k.csv": (text("hemi,area,z\nmiddle,44,1\n"), "hemisphere is 'middle'"),
    "l.csv": (text("area,z\nL_44,1e200\n"), "must be a number below 1e100"),
    "m.csv": (lambda p: p.write_bytes(b"\xff\xfe\x00area") and p, "cannot be read as a table"),
    "n.txt": (text("L_44"), "is no map that can be read; allowed: .dscalar.nii"),
    "lh.o.annot": (lambda p: annot(p, V1[LEFT].astype(int)), "holds ROIs, not a number for each vertex"),
    "p.L.label.gii": (lambda p: label_gii(p, V1[LEFT]), "holds labels, which are no numbers to colour by"),
    "q.L.func.gii": (lambda p: metric_gii(p, np.zeros(5000)), "has 5000 vertices in a hemisphere"),
    "r.L.func.gii": (lambda p: metric_gii(p, np.full(N_VERTICES, np.nan)), "no area has values at half"),
    "s.mgz": (lambda p: mgh(p, np.zeros(N_VERTICES)), "which hemisphere"),
    "t.nii": (
        lambda p: nibabel.save(nibabel.Nifti1Image(np.zeros((9, 9, 9), np.float32), np.eye(4)), p) or p,
        "is 0 on the whole cortex",
    ),
    "u.nii": (
        lambda p: nibabel.save(nibabel.Nifti1Image(np.zeros((9, 9, 9, 4), np.float32), np.eye(4)), p) or p,
        "must be one 3D mask or map",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_one_line_that_names_the_file(tmp_path, name):
    make, message = WRONG[name]
    path = make(tmp_path / name)
    with pytest.raises(UserError) as error:
        read_own_maps([path])
    said = str(error.value)
    assert message in said and "\n" not in said and (said.startswith(f"{path}: ") or said.startswith("map '"))


def test_the_same_hemisphere_twice_and_no_file_are_refused(tmp_path):
    paths = [metric_gii(tmp_path / f"{name}.func.gii", ON_VERTICES[LEFT]) for name in ("a", "b")]
    with pytest.raises(UserError, match="the CortexLeft of 'mine' comes twice"):
        read_own_maps(paths)
    with pytest.raises(UserError, match="no file"):
        read_own_maps([])


@settings(max_examples=30)
@given(
    st.text(min_size=1),
    st.dictionaries(st.sampled_from(ATLAS.areas), st.floats(-1e99, 1e99), min_size=1, max_size=5),
)
def test_a_map_comes_back_from_json_as_it_was(name, values):
    try:
        made = OwnMap(name, values)
    except UserError as error:
        assert "has no name" in str(error)
        return
    again = from_dict(OwnMap, to_dict(made), "map")
    assert again == made and again.name.splitlines() == [again.name] and len(again.name) <= 80


@pytest.mark.parametrize(
    "values",
    [{}, [], {"L_999": 1.0}, {"L_44": "1"}, {"L_44": True}, {"L_44": float("nan")}, {"L_44": 10**400}, {"L_44": None}],
)
def test_json_that_is_no_map_is_one_line(values):
    with pytest.raises(UserError, match="map 'z': "):
        from_dict(OwnMap, {"name": "z", "values": values}, "map")

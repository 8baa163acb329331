"""Voxels on fsaverage5 through a pycortex subject: folders in pycortex' layout, spheres in FreeSurfer's."""

import json

import nibabel
import numpy as np
import pytest
from nibabel.freesurfer import write_geometry

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.brain.space import Cortex
from fmri2ges.brain.surface import load_surface
from fmri2ges.data.bold.pycortex import PycortexSubject
from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.study.check import check_study, checked_to_dict
from fmri2ges.data.study.load import load_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.errors import UserError
from tests.bold_files import write_hf5, write_mask, write_nifti
from tests.conftest import make_words
from tests.pycortex_files import AFFINE, SHAPE, write_surface, write_transform

VOLUMES = 12
MESH = load_surface("white").vertices.astype(float)
SPHERE = load_surface("sphere").vertices.astype(float)
FACES = load_surface("white").faces[:20480]
N = 10242
CORTEX = load_atlas().labels > 0
HALVES = (("lh", slice(0, N)), ("rh", slice(N, None)))


def voxel_of(points):
    """Voxel of each point, worked out without our code."""
    return np.rint(nibabel.affines.apply_affine(np.linalg.inv(AFFINE), points)).astype(int)


@pytest.fixture(scope="module")
def mask():
    """Every voxel near the cortex but those above z = 60 mm."""
    mask = np.zeros(SHAPE, bool)
    for mesh in (MESH, load_surface("pial").vertices):
        mask[tuple(voxel_of(mesh).T)] = True
    mask[:, :, 22:] = False
    return mask


@pytest.fixture
def subject(tmp_path, mask):
    """A subject on fsaverage5: fiducial left as GIFTI, right as .npz."""
    folder = tmp_path / "db" / "S1"
    write_surface(folder / "surfaces" / "fiducial_lh.gii", MESH[:N])
    write_surface(folder / "surfaces" / "fiducial_rh.npz", MESH[N:])
    write_mask(write_transform(folder) / "mask_thick.nii.gz", mask, AFFINE)
    return folder


@pytest.fixture(scope="module")
def volume():
    """Noise in every voxel of the volume, array (n_volumes, *SHAPE)."""
    return np.random.default_rng(0).normal(size=(VOLUMES, *SHAPE)).astype(np.float32)


def hf5(path, volume, mask):
    """Voxels in the order of pycortex: a volume is z, y, x there."""
    turned = volume.transpose(0, 3, 2, 1)
    return write_hf5(path, turned[:, mask.T])


def expected(volume, mask):
    """Volumes x vertices of fsaverage5; NaN outside the mask."""
    ijk = tuple(voxel_of(MESH).T)
    return np.where(mask[ijk], volume[(slice(None), *ijk)], np.nan)


def check_same(bold, right):
    known = np.isfinite(right).all(0)
    assert bold.space == Cortex() and bold.data.shape == right.shape and bold.n_nan == (~known).sum()
    np.testing.assert_array_equal(bold.data.any(0), known)
    right = right[:, known]
    trend = np.vander(np.linspace(-1, 1, len(right)), 3)
    clean = right - trend @ np.linalg.lstsq(trend, right, rcond=None)[0]
    np.testing.assert_allclose(bold.data[:, known], clean / clean.std(0), atol=2e-4)


def test_each_vertex_takes_the_voxel_that_it_lies_in(tmp_path, subject, mask, volume):
    path = hf5(tmp_path / "a.hf5", volume, mask)
    bold = read_bold(path, pycortex=PycortexSubject(subject))
    check_same(bold, expected(volume, mask))
    share = mask[tuple(voxel_of(MESH).T)][CORTEX].mean()
    assert bold.note == (
        f"pycortex S1, transform auto: 10242 + 10242 vertices taken as fsaverage; {100 * share:.0f} % of the cortex of "
        "fsaverage5 lies in a voxel"
    )


def test_a_volume_goes_the_same_way(tmp_path, subject, mask, volume):
    path = write_nifti(tmp_path / "a.nii", volume[:, mask], mask, affine=AFFINE)
    check_same(read_bold(path, pycortex=PycortexSubject(subject, "auto"), tr=2.0), expected(volume, mask))


def test_the_surface_between_white_matter_and_pia_where_there_is_no_fiducial(tmp_path, subject, mask, volume):
    for side, part in HALVES:
        for old in (subject / "surfaces").glob(f"fiducial_{side}.*"):
            old.unlink()
        write_surface(subject / "surfaces" / f"wm_{side}.gii", MESH[part] - [2, 0, 5])
        write_surface(subject / "surfaces" / f"pia_{side}.gii", MESH[part] + [2, 0, 5])
    found = read_bold(hf5(tmp_path / "a.hf5", volume, mask), pycortex=PycortexSubject(subject)).data
    # In float32 GIFTI a vertex on the face between two voxels may fall to either.
    assert (found == read_bold(tmp_path / "a.hf5", pycortex=PycortexSubject(fresh(tmp_path, mask))).data).all(
        0
    ).mean() > 0.999


def fresh(tmp_path, mask):
    folder = tmp_path / "db" / "S2"
    for side, part in HALVES:
        write_surface(folder / "surfaces" / f"fiducial_{side}.gii", MESH[part])
    write_mask(write_transform(folder) / "mask_thick.nii.gz", mask, AFFINE)
    return folder


def native(folder, tmp_path, n_extra=3000):
    """The same brain on a mesh of its own: other vertices between, all in another order, with registered spheres."""
    rng = np.random.default_rng(3)
    for side, part in HALVES:
        place, ball = MESH[part], SPHERE[part]
        extra = rng.choice(len(FACES), n_extra, replace=False)
        place = np.concatenate([place, place[FACES[extra]].mean(1) + 40])  # far off: taking one of these would be seen
        ball = np.concatenate([ball, ball[FACES[extra]].mean(1)])
        order = rng.permutation(len(place))
        for old in (folder / "surfaces").glob(f"fiducial_{side}.*"):
            old.unlink()
        write_surface(folder / "surfaces" / f"fiducial_{side}.gii", place[order])
        write_geometry(tmp_path / f"{side}.sphere.reg", ball[order], np.array([[0, 1, 2]]))
    return tuple(tmp_path / f"{side}.sphere.reg" for side, _ in HALVES)


def test_registered_spheres_bring_a_mesh_of_its_own_to_fsaverage5(tmp_path, subject, mask, volume):
    spheres = native(subject, tmp_path)
    bold = read_bold(hf5(tmp_path / "a.hf5", volume, mask), pycortex=PycortexSubject(subject, None, spheres))
    check_same(bold, expected(volume, mask))
    assert "13242 + 13242 vertices registered by lh.sphere.reg and rh.sphere.reg" in bold.note


def test_spheres_with_noise_stay_within_a_vertex(tmp_path, subject):
    """Where no vertex of the subject lies at the place, the nearest one counts."""
    from fmri2ges.data.bold.pycortex import _on_sphere

    rng = np.random.default_rng(0)
    ball = rng.normal(size=(150_000, 3))
    ball *= 100 / np.linalg.norm(ball, axis=1, keepdims=True)
    write_geometry(tmp_path / "lh.sphere.reg", ball, np.array([[0, 1, 2]]))
    index = _on_sphere(PycortexSubject(subject, None, (tmp_path / "lh.sphere.reg",) * 2), "lh", len(ball))
    assert np.linalg.norm(ball[index] - SPHERE[:N], axis=1).max() < 2.5  # fsaverage5 has 4 mm between its vertices


def test_a_mesh_of_its_own_without_spheres_is_refused_with_the_way_out(tmp_path, subject, mask, volume):
    native(subject, tmp_path)
    refused(
        r"its lh surface has 13242 vertices, a mesh of the subject's own.*spheres = \[.*remove pycortex",
        tmp_path,
        subject,
        mask,
        volume,
    )


def refused(message, tmp_path, subject, mask, volume, transform=None, spheres=(), **options):
    path = hf5(tmp_path / "a.hf5", volume, mask)
    with pytest.raises(UserError, match=message) as error:
        read_bold(path, pycortex=PycortexSubject(subject, transform, tuple(spheres)), **options)
    assert "\n" not in str(error.value)


def test_what_is_wrong_with_a_folder_is_said_in_a_line(tmp_path, subject, mask, volume):
    given = (tmp_path, subject, mask, volume)
    write_transform(subject, name="other")
    refused("has several transforms; choose one with transform = ...: auto, other", *given)
    refused("has no transform 'none'; allowed: auto, other", *given, transform="none")
    refused(r"other.mask_thick.nii.gz: no such file; give the mask", *given, transform="other")
    refused(r"has no transform \(transforms/NAME/matrices.xfm\)", tmp_path, tmp_path, mask, volume)
    write_transform(subject, reference=(28, 36, 30))
    refused(
        "leads to a volume of 28 x 36 x 30 voxels .* but the mask of the BOLD has 30 x 36 x 28",
        *given,
        transform="auto",
    )
    folder = write_transform(subject)
    moved = np.linalg.inv(AFFINE) + 100 * np.eye(4, k=3)
    (folder / "matrices.xfm").write_text(json.dumps({"coord": moved.tolist()}))
    refused("only 0 % of the cortex lies in voxels", *given, transform="auto")
    (folder / "matrices.xfm").write_text("{}")
    refused("must hold `coord`", *given, transform="auto")
    write_transform(subject)
    (subject / "surfaces" / "fiducial_lh.gii").write_text("<GIFTI")
    refused("fiducial_lh.gii: cannot be read as GIFTI", *given, transform="auto")
    (subject / "surfaces" / "fiducial_lh.gii").unlink()
    refused("holds no fiducial_lh .* nor wm_lh and pia_lh", *given, transform="auto")
    with pytest.raises(UserError, match="pycortex: only for .hf5, .nii, .nii.gz, .mgz, .mgh; remove it"):
        np.save(tmp_path / "a.npy", np.zeros((20, 4)))
        read_bold(tmp_path / "a.npy", pycortex=PycortexSubject(subject))


def test_what_is_wrong_with_the_spheres_is_said_in_a_line(tmp_path, subject, mask, volume):
    given = (tmp_path, subject, mask, volume)
    lh, rh = native(subject, tmp_path)
    refused("lh.sphere.reg: is the wrong hemisphere|rh.sphere.reg: is the wrong hemisphere", *given, spheres=(rh, lh))
    write_geometry(tmp_path / "lh.sphere", SPHERE[:N], np.array([[0, 1, 2]]))
    refused("is not registered to fsaverage; give lh.sphere.reg", *given, spheres=(tmp_path / "lh.sphere", rh))
    write_geometry(tmp_path / "lh.short.reg", SPHERE[:N], np.array([[0, 1, 2]]))
    refused("has 10242 vertices, but the lh surface in .* has 13242", *given, spheres=(tmp_path / "lh.short.reg", rh))
    write_geometry(tmp_path / "lh.white", np.resize(MESH[:N], (13242, 3)), np.array([[0, 1, 2]]))
    refused("is not a sphere around 0", *given, spheres=(tmp_path / "lh.white", rh))
    (tmp_path / "lh.cut.reg").write_bytes(lh.read_bytes()[:3000])
    announced = "lh.cut.reg: its header says 13242 vertices and 1 faces, more than the file holds"
    refused(announced, *given, spheres=(tmp_path / "lh.cut.reg", rh))


def study_file(tmp_path, subject, more="", keys='pycortex = "db/S1"'):
    lines = ['name = "cortex"']
    for k, story in enumerate("ab"):
        write_words_tsv(tmp_path / f"{story}.tsv", make_words(np.random.default_rng(k)))
        lines += [
            "[[recording]]",
            'subject = "S1"',
            f'story = "{story}"',
            f'bold = "{story}.hf5"',
            f'words = "{story}.tsv"',
            keys,
            more,
        ]
    path = tmp_path / "study.toml"
    path.write_text("\n".join([*lines, "[split]", 'test_stories = ["b"]', ""]))
    return path


def test_a_study_names_the_folder_and_check_says_what_it_understood(tmp_path, subject, mask, volume):
    for story in "ab":
        hf5(tmp_path / f"{story}.hf5", np.tile(volume, (3, 1, 1, 1)), mask)
    path = study_file(tmp_path, subject)
    checked = check_study(path)
    assert checked.problems == ()
    assert "fsaverage5 (2)" in checked.summary[1]
    (line,) = [line for line in checked.summary if line.startswith("surfaces: ")]
    assert line.startswith(
        "surfaces: pycortex S1, transform auto: 10242 + 10242 vertices taken as fsaverage"
    ) and line.endswith("(2 recordings)")
    assert checked_to_dict(checked)["recordings"][0]["understood"].startswith("pycortex S1")
    study = load_study(path)
    recording = study.read_recording(study.recording("S1", "a"))
    assert recording.space == study.recordings[0].space() == Cortex()
    check_same(study.recordings[0].read_bold(), np.tile(expected(volume, mask), (3, 1)))


def test_keys_that_need_each_other(tmp_path, subject, mask, volume):
    for story in "ab":
        hf5(tmp_path / f"{story}.hf5", volume, mask)
    problems = check_study(study_file(tmp_path, subject, keys="", more='transform = "auto"')).problems
    assert any("transform belongs to `pycortex`; add pycortex" in p for p in problems)
    problems = check_study(study_file(tmp_path, subject, more='spheres = "a.hf5"')).problems
    assert any("spheres: must be a list of two files" in p for p in problems)
    problems = check_study(study_file(tmp_path, subject, more='transform = "none"')).problems
    assert [p for p in problems if "has no transform 'none'; allowed: auto" in p]

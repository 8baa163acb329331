"""What git-annex and Git LFS leave in place of a file is named, by every reader."""

from __future__ import annotations

import os

import numpy as np
import pytest

from fmri2ges.data.bold.confounds import Confounds
from fmri2ges.data.bold.pycortex import PycortexSubject
from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.content import check_content
from fmri2ges.data.motion.files import import_motion_file
from fmri2ges.data.rois.files import read_rois, select_rois
from fmri2ges.data.study.check import check_study
from fmri2ges.data.words.files import read_words
from fmri2ges.errors import UserError
from tests.bold_files import make_mask, noisy, write_gifti, write_mask, write_nifti

KEY = "MD5E-s152998--c8d2672a467cd80deff39c4daddcd616.nii.gz"


def annex_link(path):
    path.symlink_to(f"../../.git/annex/objects/Zk/3Q/{KEY}/{KEY}")


def annex_pointer(path):
    path.write_text(f"/annex/objects/{KEY}\n")


def annex_link_of_windows(path):
    path.write_text(f"../../.git/annex/objects/Zk/3Q/{KEY}/{KEY}")


def lfs_pointer(path):
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 12345\n")


KINDS = [annex_link, annex_pointer, annex_link_of_windows, lfs_pointer]
BOLD = (".tsv", ".csv", ".txt", ".npy", ".npz", ".hf5", ".dtseries.nii", ".nii", ".nii.gz", ".mgz", ".lh.gii.gz")
ROIS = (".annot", ".label", ".dlabel.nii", ".nii.gz", ".label.gii", ".json", ".csv", ".svg", ".mgz", ".txt")
READERS = {
    **{f"b_hemi-L{ending}": read_bold for ending in BOLD},
    **{f"lh.r{ending}": lambda path: select_rois([path]) for ending in ROIS},
    **{f"w{ending}": read_words for ending in (".TextGrid", ".tsv", ".json")},
    **{f"m{ending}": import_motion_file for ending in (".bvh", ".npz")},
    "c.tsv": lambda path: Confounds(path).read(),
}


def command(make) -> str:
    return "run: git lfs pull" if make is lfs_pointer else "run: datalad get "


@pytest.mark.parametrize("make", KINDS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", READERS)
def test_every_reader_names_the_command(tmp_path, make, name):
    make(tmp_path / name)
    with pytest.raises(UserError, match=f"the content is missing; {command(make)}") as error:
        READERS[name](tmp_path / name)
    assert "\n" not in str(error.value) and name in str(error.value)


@pytest.mark.parametrize("make", KINDS, ids=lambda f: f.__name__)
def test_the_second_file_of_a_recording_too(tmp_path, make):
    mask = make_mask()
    bold = write_nifti(tmp_path / "b.nii", np.arange(9.0), mask)
    left = write_gifti(tmp_path / "a_hemi-L_bold.func.gii", noisy(np.arange(9.0), 10242), "L")
    for name in ("m.nii", "a_hemi-R_bold.func.gii", "sphere.gii"):
        make(tmp_path / name)
    for read in (
        lambda: read_bold(bold, masks=(tmp_path / "m.nii",)),
        lambda: read_bold(left),
        lambda: read_bold(bold, masks=(write_mask(tmp_path / "n.nii", mask), tmp_path / "m.nii")),
    ):
        with pytest.raises(UserError, match=f"the content is missing; {command(make)}"):
            read()


def test_the_surfaces_of_a_subject_too(tmp_path):
    folder = tmp_path / "S1"
    (folder / "surfaces").mkdir(parents=True)
    (folder / "transforms" / "x").mkdir(parents=True)
    mask = make_mask()
    bold = write_nifti(tmp_path / "b.nii", np.arange(9.0), mask)
    masks = (write_mask(tmp_path / "m.nii", mask),)
    annex_pointer(folder / "transforms" / "x" / "matrices.xfm")
    with pytest.raises(UserError, match="matrices.xfm: the content is missing; run: datalad get"):
        read_bold(bold, masks=masks, pycortex=PycortexSubject(folder))
    (folder / "transforms" / "x" / "matrices.xfm").write_text('{"coord": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}')
    annex_pointer(folder / "surfaces" / "fiducial_lh.gii")
    with pytest.raises(UserError, match="fiducial_lh.gii: the content is missing; run: datalad get"):
        read_bold(bold, masks=masks, pycortex=PycortexSubject(folder))


STUDY = """name = "n"
[[recording]]
subject = "s"
story = "a"
bold = "b.tsv"
tr = 2.0
first_volume_at = 1.0
words = "w.tsv"
[[gesture]]
clip = "g"
motion = "g.bvh"
words = "w.tsv"
speaker = "1"
[split]
within_story_folds = 2
"""


@pytest.mark.parametrize("make", KINDS, ids=lambda f: f.__name__)
def test_check_names_each_file_of_a_study(tmp_path, make):
    (tmp_path / "study.toml").write_text(STUDY)
    for name in ("b.tsv", "w.tsv", "g.bvh"):
        make(tmp_path / name)
    problems = check_study(tmp_path / "study.toml").problems
    for name in ("b.tsv", "w.tsv", "g.bvh"):
        assert any(f"{name}: the content is missing; {command(make)}" in line for line in problems), problems


def test_a_name_with_spaces_can_be_pasted(tmp_path):
    path = tmp_path / "my file.tsv"
    annex_link(path)
    with pytest.raises(UserError, match=f"run: datalad get '{path}'$"):
        read_bold(path)


def test_other_links_and_small_files_are_themselves(tmp_path):
    (tmp_path / "gone.tsv").symlink_to("nowhere.tsv")
    with pytest.raises(UserError, match="is a link to nowhere.tsv, where there is no file"):
        read_bold(tmp_path / "gone.tsv")
    (tmp_path / "names.txt").write_text("# from /annex/objects/ on\nBroca\n")
    assert check_content(tmp_path / "names.txt").name == "names.txt"
    assert select_rois([tmp_path / "names.txt"]).names == ("Broca",)
    with pytest.raises(UserError, match="is a folder; give a file"):
        check_content(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        check_content(tmp_path / ("x" * 100))
    with pytest.raises(UserError, match="cannot be opened|no such file"):
        check_content(tmp_path / ("x" * 300))


def test_a_link_of_git_annex_with_its_content_is_read(tmp_path):
    stored = tmp_path / ".git" / "annex" / "objects" / KEY
    stored.parent.mkdir(parents=True)
    stored.write_text("Broca\n")
    (tmp_path / "names.txt").symlink_to(os.path.relpath(stored, tmp_path))
    assert select_rois([tmp_path / "names.txt"]).names == ("Broca",)
    with pytest.raises(UserError, match="ROIs of this format are not known"):
        read_rois(tmp_path / "names.txt")

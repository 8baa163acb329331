"""Damaged BOLD files are read or refused in one line, quickly and in little memory."""

import numpy as np
import pytest

from fmri2ges.data.bold.confounds import Confounds
from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.study.load import load_study
from fmri2ges.errors import UserError
from tests.bold_files import (
    make_mask,
    noisy,
    pack,
    write_dtseries,
    write_gifti,
    write_hf5,
    write_mask,
    write_mgh,
    write_nifti,
)
from tests.fuzz import mutations, survives

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:nibabel.*")  # of damaged headers
SIGNAL = np.sin(np.arange(8.0))


def hf5(folder):
    return write_hf5(folder / "a.hf5", SIGNAL, 60), ".hf5", read_bold


def nifti(folder, suffix=".nii"):
    mask = make_mask((4, 5, 3))
    masks = (write_mask(folder / "whole-mask.nii", mask),)
    return write_nifti(folder / f"a{suffix}", SIGNAL, mask), suffix, lambda path: read_bold(path, masks=masks)


def nifti_gz(folder):
    return nifti(folder, ".nii.gz")


def mask(folder):
    whole = make_mask((4, 5, 3))
    bold = write_nifti(folder / "whole.nii", SIGNAL, whole)
    return write_mask(folder / "m.nii", whole), ".mask.nii", lambda path: read_bold(bold, masks=(path,))


def gifti(folder):
    partner = write_gifti(folder / "whole_hemi-R_bold.func.gii", np.round(noisy(SIGNAL, 10242)), "R")
    left = write_gifti(folder / "a_hemi-L_bold.func.gii", np.round(noisy(SIGNAL, 10242)), "L")
    return left, "_hemi-L_bold.func.gii", lambda path: read_bold(path, partner=partner)


def cifti(folder):
    return write_dtseries(folder / "a.dtseries.nii", SIGNAL), ".dtseries.nii", read_bold


def cifti_gz(folder):
    return pack(write_dtseries(folder / "a.dtseries.nii", SIGNAL)), ".dtseries.nii.gz", read_bold


def gifti_gz(folder):
    left, suffix, _ = gifti(folder)
    partner = folder / "whole_hemi-R_bold.func.gii"
    return pack(left), f"{suffix}.gz", lambda path: read_bold(path, partner=partner)


def mgz(folder):
    partner = write_mgh(folder / "rh.whole.mgz", np.round(noisy(SIGNAL, 10242)))
    left = write_mgh(folder / "lh.whole.mgz", np.round(noisy(SIGNAL, 10242)))
    return left, "lh.damaged.mgz", lambda path: read_bold(path, partner=partner)


def confounds(folder):
    np.save(folder / "bold.npy", noisy(SIGNAL, 3).astype(np.float32))
    path = folder / "c.tsv"
    path.write_text("trans_x\tcsf\n" + "".join(f"{k * k}\t{k % 3}\n" for k in range(len(SIGNAL))))

    def read(path):
        return read_bold(folder / "bold.npy", ("a", "b", "c"), confounds=Confounds(path))

    return path, ".tsv", read


def table(folder, suffix=".tsv"):
    separator = {".tsv": "\t", ".csv": ",", ".txt": " "}[suffix]
    rows = [separator.join(f"{x:.3f}" for x in row) for row in noisy(SIGNAL, 3)]
    path = folder / f"whole{suffix}"
    path.write_text("\n".join([separator.join(("LATL", "RATL", "LIFG")), *rows]) + "\n")
    return path, suffix, read_bold


def table_csv(folder):
    return table(folder, ".csv")


def table_txt(folder):
    return table(folder, ".txt")


def npy(folder):
    np.save(folder / "whole.npy", noisy(SIGNAL, 3).astype(np.float32))
    return folder / "whole.npy", ".npy", lambda path: read_bold(path, ("a", "b", "c"))


def npz(folder):
    np.savez(folder / "whole.npz", bold=noisy(SIGNAL, 3).astype(np.float32), columns=np.array(["a", "b", "c"]))
    return folder / "whole.npz", ".npz", read_bold


def study(folder):
    np.savetxt(folder / "a.txt", noisy(SIGNAL, 2))
    (folder / "w.tsv").write_text("word\tstart\tduration\na\t1.0\t0.3\nb\t2.0\t0.3\n")
    recordings = "".join(
        f'[[recording]]\nsubject = "s"\nstory = "{k}"\nbold = "a.txt"\ntr = 2.0\nfirst_volume_at = 1.0\n'
        f'columns = ["a", "b"]\nwords = "w.tsv"\n'
        for k in "xy"
    )
    path = folder / "whole.toml"
    path.write_text('name = "n"\nsimulated = false\n' + recordings + "[split]\nwithin_story_folds = 2\ngap = 1.0\n")
    return path, ".toml", load_study


FORMATS = [
    *(hf5, nifti, nifti_gz, mask, gifti, gifti_gz, cifti, cifti_gz, mgz),
    *(table, table_csv, table_txt, npy, npz, confounds),
]


def damage(make, folder, n: int, seed: int):
    whole, suffix, reader = make(folder)
    assert survives(reader, whole.read_bytes(), suffix, folder)
    for data in mutations(whole.read_bytes(), n, seed):
        survives(reader, data, suffix, folder)


@pytest.mark.parametrize("make", FORMATS, ids=lambda f: f.__name__)
def test_a_few_damaged_files(make, tmp_path):
    damage(make, tmp_path, 10, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("make", FORMATS, ids=lambda f: f.__name__)
def test_five_hundred_damaged_files(make, tmp_path):
    damage(make, tmp_path, 500, seed=1)


@pytest.mark.parametrize("n", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_damaged_study_files_are_read_or_refused(n, tmp_path):
    """A study reports every problem on its own line, so its message may have several."""
    path, suffix, reader = study(tmp_path)
    whole = path.read_bytes()
    read = 0
    for k, data in enumerate(mutations(whole, n, seed=2)):
        damaged = tmp_path / f"damaged{suffix}"
        damaged.write_bytes(data)
        try:
            reader(damaged)
            read += 1
        except UserError as error:
            assert str(error).strip(), k
    assert read < n  # the damage was seen

"""Files that used to be read with a wrong column, row, clock or place: the right value, or one line with the cause."""

import json

import nibabel
import numpy as np
import pytest

from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.rois.files import read_rois, select_rois
from fmri2ges.data.study.check import check_study
from fmri2ges.data.words.files import write_words_tsv
from fmri2ges.errors import UserError
from tests import roi_files as rois
from tests.bold_files import make_mask, noisy, write_mask, write_nifti
from tests.conftest import make_words

SIGNAL = np.sin(np.arange(40.0) / 2)
ROWS = noisy(SIGNAL, 3)


def table(path, header, before=lambda k: "", after=""):
    lines = [before(k) + ",".join(f"{x:.3f}" for x in row) + after for k, row in enumerate(ROWS)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


@pytest.fixture
def expected(tmp_path):
    return read_bold(table(tmp_path / "plain.csv", "A,B,C"))


@pytest.mark.parametrize(
    "header, before, after, column",
    [
        (",A,B,C", lambda k: f"{k},", "", 1),  # pandas writes its index
        ("Unnamed: 0,A,B,C", lambda k: f"{k},", "", 1),  # and reads it like this
        ("A,B,C,", lambda k: "", ",", 4),  # a separator at the end of each line
    ],
)
def test_columns_without_name_and_data_are_left_out(tmp_path, expected, header, before, after, column):
    found = read_bold(table(tmp_path / "a.csv", header, before, after))
    assert found.columns == ("A", "B", "C") and found.n_nan == found.n_constant == 0
    np.testing.assert_array_equal(found.data, expected.data)
    assert found.note == f"column {column} without a name, which counts the rows or is empty, is left out"
    chosen = read_bold(tmp_path / "a.csv", ("C", "A"))
    np.testing.assert_array_equal(chosen.data, expected.data[:, [2, 0]])


def test_a_column_without_a_name_that_holds_data_stays(tmp_path):
    assert read_bold(table(tmp_path / "a.csv", ",B,C")).columns == ("", "B", "C")


@pytest.mark.parametrize("header", ["1001,1002,1003", "0,1,2", "1,2,3"])
def test_a_header_of_numbers_is_no_volume(tmp_path, header):
    """It would be one volume more, and every later one would come one TR late."""
    with pytest.raises(UserError, match="looks like a header of numbers"):
        read_bold(table(tmp_path / "a.csv", header), ("A", "B", "C"))


def test_counts_of_a_scanner_are_no_header(tmp_path):
    counts = np.round(ROWS * 10).astype(int)
    (tmp_path / "a.csv").write_text("\n".join(",".join(map(str, row)) for row in counts))
    assert read_bold(tmp_path / "a.csv", ("A", "B", "C")).data.shape == (40, 3)


def test_complex_numbers_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", ROWS * (1 + 1j))
    with pytest.raises(UserError, match="must be numbers, volumes x columns; got shape .* of complex"):
        read_bold(tmp_path / "a.npy", ("A", "B", "C"))


def test_volumes_of_zeros_at_the_ends_are_masked(tmp_path):
    values = ROWS.copy()
    values[:4], values[38:] = 0, 0
    np.save(tmp_path / "zeros.npy", values)
    values[:4], values[38:] = np.nan, np.nan
    np.save(tmp_path / "nan.npy", values)
    zeros, missing = (read_bold(tmp_path / f"{name}.npy", ("A", "B", "C")) for name in ("zeros", "nan"))
    np.testing.assert_array_equal(zeros.data, missing.data)
    assert (zeros.n_start, zeros.n_end) == (4, 2) and "masked (4 at the start and 2 at the end)" in zeros.notes[0]
    values = ROWS.copy()
    values[20] = 0
    np.save(tmp_path / "inside.npy", values)
    with pytest.raises(UserError, match=r"1 volumes hold .* or nothing but zeros \(rows 21\); interpolate"):
        read_bold(tmp_path / "inside.npy", ("A", "B", "C"))


@pytest.mark.parametrize("more, problems", [("", 2), ("ignore_header_tr = true", 0)])
def test_a_sidecar_that_contradicts_the_study_is_a_question(tmp_path, more, problems):
    mask = make_mask((4, 5, 3))
    write_mask(tmp_path / "m.nii", mask)
    text = 'name = "n"\n'
    for seed, story in enumerate("ab"):
        write_words_tsv(tmp_path / f"{story}.tsv", make_words(np.random.default_rng(seed), 70))
        write_nifti(tmp_path / f"sub-1_task-{story}_bold.nii", SIGNAL, mask)
        (tmp_path / f"sub-1_task-{story}_bold.json").write_text(json.dumps({"RepetitionTime": 1.5}))
        text += f'[[recording]]\nsubject = "s"\nstory = "{story}"\nbold = "sub-1_task-{story}_bold.nii"\ntr = 2.0\n'
        text += f'mask = "m.nii"\nfirst_volume_at = 1.0\nwords = "{story}.tsv"\n{more}\n'
    (tmp_path / "study.toml").write_text(f'{text}[split]\ntest_stories = ["b"]\n')
    found = [line for line in check_study(tmp_path / "study.toml").problems if "RepetitionTime 1.5 s" in line]
    assert len(found) == problems
    assert all("but the study says tr = 2; correct tr (or leave it out), or add ignore_header_tr" in f for f in found)


def test_a_volume_that_does_not_say_where_it_lies_is_no_roi(tmp_path):
    """Libraries put its middle at the origin, which is another place."""
    path = rois.ball_nifti(tmp_path / "a.nii", (-48, 18, 14), 20, 4.0)
    assert "L_44" in select_rois([path]).names
    image = nibabel.load(path)
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nibabel.save(image, tmp_path / "b.nii")
    with pytest.raises(UserError, match="does not say where it lies"):
        read_rois(tmp_path / "b.nii")


def test_a_label_of_another_template_is_refused(tmp_path):
    vertices = np.flatnonzero(rois.V1[rois.LEFT])
    assert read_rois(rois.fs_label(tmp_path / "lh.a.label", vertices, "fsaverage6"))
    with pytest.raises(UserError, match="is on the surface of 'fsaverage_sym'"):
        read_rois(rois.fs_label(tmp_path / "lh.b.label", vertices, "fsaverage_sym"))

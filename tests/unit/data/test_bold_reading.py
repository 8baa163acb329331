"""BOLD from tables and arrays: names, scaling, cleaning, and errors that say where."""

import numpy as np
import pytest
from scipy.signal import detrend
from scipy.stats import zscore

from fmri2ges.brain.atlas import N_VERTICES
from fmri2ges.data.atomic import write_npz
from fmri2ges.data.bold.read import read_bold, standardize
from fmri2ges.errors import UserError


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(40, 3)) + [100, 5, -3]


def write_table(path, values, header=None, separator="\t"):
    lines = [separator.join(header)] if header else []
    lines += [separator.join(f"{v:.9g}" for v in row) for row in values]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("suffix, separator", [(".tsv", "\t"), (".csv", ","), (".txt", "  "), (".txt", ", ")])
def test_all_text_tables_give_the_same_values(tmp_path, values, suffix, separator):
    path = write_table(tmp_path / f"a{suffix}", values, ("A", "B", "C"), separator)
    bold = read_bold(path)
    assert bold.columns == ("A", "B", "C")
    np.testing.assert_allclose(bold.data, standardize(values)[0], atol=1e-4)


def test_arrays_and_tables_agree(tmp_path, values):
    np.save(tmp_path / "a.npy", values)
    write_npz(tmp_path / "b.npz", bold=values, columns=np.array(["A", "B", "C"]))
    table = read_bold(write_table(tmp_path / "c.csv", values, ("A", "B", "C"), ","))
    array = read_bold(tmp_path / "a.npy", ("A", "B", "C"))
    archive = read_bold(tmp_path / "b.npz")
    assert array.columns == archive.columns == table.columns
    np.testing.assert_array_equal(array.data, archive.data)
    np.testing.assert_allclose(array.data, table.data, atol=1e-4)


def test_columns_pick_from_a_header(tmp_path, values):
    path = write_table(tmp_path / "a.tsv", values, ("time", "B", "C"))
    bold = read_bold(path, ("C", "B"))
    assert bold.columns == ("C", "B")
    np.testing.assert_allclose(bold.data, standardize(values[:, [2, 1]])[0], atol=1e-4)


def test_a_vertex_array_is_fsaverage5_and_integers_are_scaled(tmp_path):
    stored = np.random.default_rng(0).integers(-300, 300, (12, 2 * N_VERTICES)).astype(np.int16)
    stored[:, 7] = 5
    np.save(tmp_path / "a.npy", stored)
    bold = read_bold(tmp_path / "a.npy", scale=0.01)
    assert bold.columns == () and bold.data.shape == stored.shape and bold.data.dtype == np.float32
    assert (bold.n_nan, bold.n_constant) == (0, 1) and not bold.data[:, 7].any()


def test_half_precision_does_not_overflow(tmp_path):
    stored = (60000 + 100 * np.random.default_rng(0).normal(size=(20, 2))).astype(np.float16)
    np.save(tmp_path / "a.npy", stored)
    assert np.isfinite(read_bold(tmp_path / "a.npy", ("A", "B")).data).all()


def test_standardize_matches_scipy():
    rng = np.random.default_rng(3)
    series = rng.normal(size=(50, 4)).cumsum(0) + 1000
    time = np.arange(50.0)
    coefficients = np.polynomial.polynomial.polyfit(time, series, 2)
    expected = zscore(series - np.polynomial.polynomial.polyval(time, coefficients).T)
    np.testing.assert_allclose(standardize(series)[0], expected, atol=1e-5)
    # A linear trend is part of it: removing it beforehand changes nothing.
    np.testing.assert_allclose(standardize(detrend(series, axis=0))[0], expected, atol=1e-5)


def test_nan_and_constant_columns_are_zero_and_counted(tmp_path):
    values = np.random.default_rng(0).normal(size=(30, 40))
    values[:, 3] = np.nan
    values[4, 5] = np.inf
    values[:, 8] = 250.1
    names = tuple(f"r{k}" for k in range(40))
    np.save(tmp_path / "a.npy", values)
    bold = read_bold(tmp_path / "a.npy", names)
    assert (bold.n_nan, bold.n_constant) == (2, 1)
    assert bold.dropped == ("r3", "r5", "r8")
    kept = [k for k in range(40) if k not in (3, 5, 8)]
    np.testing.assert_allclose(bold.data[:, kept].std(0), 1, atol=1e-5)


def test_broken_volumes_are_named(values):
    values[[4, 9]] = np.nan
    with pytest.raises(UserError, match=r"2 volumes hold NaN .*\(rows 5, 10\)"):
        standardize(values)


def test_a_whole_missing_recording_is_refused(values):
    with pytest.raises(UserError, match="nothing but NaN"):
        standardize(np.full_like(values, np.nan))
    with pytest.raises(UserError, match="no column varies"):
        standardize(np.ones_like(values))
    with pytest.raises(UserError, match="too few"):
        standardize(values[:3])


def test_wrong_column_counts_and_names(tmp_path, values):
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(UserError, match="has 3 columns but `columns` names 2"):
        read_bold(tmp_path / "a.npy", ("A", "B"))
    with pytest.raises(UserError, match="has 3 columns without a name; add"):
        read_bold(tmp_path / "a.npy")
    with pytest.raises(UserError, match="'A' occurs more than once"):
        read_bold(tmp_path / "a.npy", ("A", "A", "B"))
    path = write_table(tmp_path / "t.tsv", values, ("A", "B", "C"))
    with pytest.raises(UserError, match="has no column D; its header holds: A, B, C"):
        read_bold(path, ("A", "D"))


@pytest.mark.parametrize(
    "text, message",
    [
        ("A\tB\n1\t2\n3\n", "line 3: 1 columns where the first line has 2"),
        ("A\tB\n1\t2\n3\tx\n", "line 3, column 2: 'x' is not a number"),
        ("# only a comment\n", "is empty"),
        ("A\tB\n", "has a header but no rows"),
    ],
)
def test_bad_tables_name_the_line(tmp_path, text, message):
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_bold(tmp_path / "a.tsv")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_truncated_arrays(tmp_path, values, suffix):
    path = tmp_path / f"a{suffix}"
    np.save(path, values) if suffix == ".npy" else write_npz(path, bold=values)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UserError, match="cannot be read as"):
        read_bold(path, ("A", "B", "C"))


def test_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"bold": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match="cannot be read as .npy"):
        read_bold(tmp_path / "a.npy")


def test_unknown_format_and_missing_file(tmp_path):
    with pytest.raises(UserError, match="allowed: .tsv, .csv, .txt, .npy, .npz"):
        read_bold(tmp_path / "a.mat")
    with pytest.raises(UserError, match="no such file"):
        read_bold(tmp_path / "a.npy")

"""Tables of spreadsheets: quotes, decimal commas and other separators are read right or named."""

from __future__ import annotations

import numpy as np
import pytest

from fmri2ges.data.bold.read import read_bold
from fmri2ges.data.bold.tables import read_table
from fmri2ges.errors import UserError

VALUES = np.random.default_rng(0).normal(size=(12, 3)).round(4)
NAMES = ("STG", "IFG", "AG")


def write(path, separator: str, quote: str = "", comma: bool = False, header: bool = True, end: str = "\n"):
    rows = [NAMES] if header else []
    rows += [[f"{v:.4f}".replace(".", "," if comma else ".") for v in row] for row in VALUES]
    path.write_text(end.join(separator.join(f"{quote}{f}{quote}" for f in row) for row in rows) + end, newline="")
    return path


@pytest.mark.parametrize("quote", ["", '"', "'"])
@pytest.mark.parametrize(
    "name, separator",
    [
        ("a.tsv", "\t"),
        ("a.csv", ","),
        ("a.csv", ";"),
        ("a.csv", ", "),
        ("a.txt", " "),
        ("a.txt", ", "),
        ("a.txt", "\t"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quoted_tables_with_any_separator_are_read(tmp_path, name, separator, quote, end):
    values, names = read_table(write(tmp_path / name, separator, quote, end=end))
    assert names == NAMES
    np.testing.assert_allclose(values, VALUES, atol=1e-6)


def test_a_separator_between_quotes_belongs_to_the_name(tmp_path):
    (tmp_path / "a.csv").write_text('"STG, left","IFG"\n1,2\n3,4\n')
    values, names = read_table(tmp_path / "a.csv")
    assert names == ("STG, left", "IFG") and values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("name, separator", [("a.tsv", "\t"), ("a.csv", ";")])
def test_a_decimal_comma_is_named(tmp_path, name, separator, quote, header):
    path = write(tmp_path / name, separator, quote, comma=True, header=header)
    line = f"line {1 + header}, column 1: '0,1257' has a decimal comma; save the table with decimal points"
    with pytest.raises(UserError, match=line) as error:
        read_bold(path, () if header else NAMES)
    assert "\n" not in str(error.value)


def test_decimal_commas_between_commas_are_named(tmp_path):
    path = write(tmp_path / "a.csv", ",", comma=True)
    with pytest.raises(
        UserError, match="6 columns where the first line has 3: numbers with a decimal comma cannot stand"
    ):
        read_bold(path)


@pytest.mark.parametrize("field", ["1,234.5", "1,234,567", "1 234.5", "12'345"])
def test_separators_between_thousands_are_named(tmp_path, field):
    (tmp_path / "a.tsv").write_text(f"A\tB\n1\t2\n1\t{field}\n")
    with pytest.raises(UserError, match=f"line 3, column 2: [\"']{field}[\"'] has separators between thousands"):
        read_bold(tmp_path / "a.tsv")


def test_a_tsv_without_tabs_is_named(tmp_path):
    with pytest.raises(UserError, match="its first line has no tab; save it with tabs, or with commas as .csv"):
        read_bold(write(tmp_path / "a.tsv", ","))


@pytest.mark.parametrize("word", ["n/a", "NaN", "", '""', "None"])
def test_missing_values_may_be_written_in_many_ways(tmp_path, word):
    (tmp_path / "a.tsv").write_text(f"A\tB\n1\t{word}\n2\t5\n")
    np.testing.assert_array_equal(read_table(tmp_path / "a.tsv")[0], [[1, np.nan], [2, 5]])


def test_a_table_of_a_single_column(tmp_path):
    (tmp_path / "a.tsv").write_text("A\n1\n2.5\n")
    assert read_table(tmp_path / "a.tsv")[0].tolist() == [[1.0], [2.5]]


def test_latin_letters_are_no_text_table(tmp_path):
    (tmp_path / "a.tsv").write_bytes("Größe\tB\n1\t2\n".encode("latin-1"))
    with pytest.raises(UserError, match="is not a text table"):
        read_table(tmp_path / "a.tsv")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_unicode_text_of_a_spreadsheet_is_read(tmp_path, encoding):
    path = write(tmp_path / "a.tsv", "\t")
    path.write_bytes(path.read_text().encode(encoding))
    values, names = read_table(path)
    assert names == NAMES
    np.testing.assert_allclose(values, VALUES, atol=1e-6)


@pytest.mark.parametrize("content", ["café\tb\n1\t2\n".encode("latin-1"), b"\xff\xfea\x00b"], ids=["latin", "cut"])
def test_bytes_that_are_no_text_are_one_line(tmp_path, content):
    (tmp_path / "a.tsv").write_bytes(content)
    with pytest.raises(UserError, match="is not a text table in UTF-8 or UTF-16 .*; save it as UTF-8"):
        read_table(tmp_path / "a.tsv")


def test_vertices_as_rows_look_transposed(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((20484, 35), np.float32))
    with pytest.raises(UserError, match="has 35 columns without a name: looks transposed, rows must be volumes"):
        read_bold(tmp_path / "a.npy")

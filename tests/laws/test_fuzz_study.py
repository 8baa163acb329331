"""Study files that are made to be long: refused in bounded time and with a bounded number of lines."""

import pytest

from fmri2ges.data.study.load import load_study
from fmri2ges.errors import StudyError
from tests.fuzz import survives


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b.npy").write_bytes(b"x")
    (tmp_path / "w.tsv").write_text("word\tstart\tduration\na\t12\t1\n")
    (tmp_path / "v.tsv").write_text("word\tstart\tduration\nb\t12\t1\n")
    return tmp_path


@pytest.mark.parametrize(
    "content",
    [
        "".join(f"k{k} = 1\n" for k in range(150_000)),
        "[split]\ntest_stories = [" + ",".join(f'"{k // 2}"' for k in range(200_000)) + "]\n",
        "[[recording]]\nsubject = 1\n" * 50_000,
        "a = " + "[" * 100_000,
        "#" * (3 * 2**20),
    ],
    ids=["keys", "repeated names", "entries", "brackets", "size"],
)
def test_a_study_file_has_bounds(folder, content):
    assert not survives(load_study, content.encode(), "study.toml", folder)
    with pytest.raises(StudyError) as error:
        load_study(folder / "study.toml")
    assert len(error.value.problems) < 600

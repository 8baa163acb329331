"""The columns of a recording are those that the models of its subject were trained on, or it is not decoded."""

from pathlib import Path

import pytest

from fmri2ges.data.study.load import load_study
from fmri2ges.decoding.run import Run
from fmri2ges.errors import UserError

MANIFEST = {"folds": 1, "subjects": ["s1"], "space": "table", "columns": ["X", "Y", "Z"], "config": {}}


def opened(toy: Path, columns: str = '["X", "Y", "Z"]') -> Run:
    """A run trained on three ROIs, over the toy study whose test story has these columns."""
    head, last = toy.read_text().rsplit('columns = ["X", "Y", "Z"]', 1)
    toy.write_text(f"{head}columns = {columns}{last}")
    return Run(toy.parent, MANIFEST, load_study(toy), "cpu")


def test_a_held_out_story_with_the_columns_of_the_run_is_read(toy):
    assert opened(toy).recording("s1", "c").space.names == ("X", "Y", "Z")


@pytest.mark.parametrize(
    "columns, differs",
    [('["Y", "X", "Z"]', "'X' and 'Y' in one place"), ('["X", "Y", "W"]', "'Z' and 'W' in one place")],
)
def test_one_with_other_rois_or_another_order_is_refused(toy, columns, differs):
    run = opened(toy, columns)
    for _ in range(2):  # a refused recording is not kept
        with pytest.raises(UserError, match=f"c of s1 has other columns than the run was trained on .{differs}.; give"):
            run.recording("s1", "c")

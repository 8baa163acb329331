"""The public names: all there, typed, and cheap until they are used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fmri2ges


def test_every_public_name_is_there_and_listed_once():
    assert sorted(fmri2ges.__all__) == fmri2ges.__all__
    for name in fmri2ges.__all__:
        assert getattr(fmri2ges, name) is not None
    assert set(fmri2ges.__all__) <= set(dir(fmri2ges))
    with pytest.raises(AttributeError, match="no attribute 'decode_everything'"):
        _ = fmri2ges.decode_everything


def test_type_checkers_see_what_python_gives():
    """The imports for type checkers and the table of places name the same things."""
    tree = ast.parse(Path(fmri2ges.__file__).read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {a.asname or a.name: (n.module, a.name) for n in block.body for a in n.names}
    assert seen == fmri2ges._PLACES
    assert (Path(fmri2ges.__file__).parent / "py.typed").is_file()


def test_the_request_needs_no_heavy_library():
    code = (
        "import sys, fmri2ges; fmri2ges.DecodeRequest(); print([m for m in ('torch', 'nilearn') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"

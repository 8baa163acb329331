"""CITATION.cff says what the package and the method card say."""

import re
from pathlib import Path

import pytest

import fmri2ges

ROOT = Path(__file__).resolve().parents[1]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
METHOD_CARD = " ".join((ROOT / "docs" / "method-card.md").read_text(encoding="utf-8").split())


def test_the_version_is_that_of_the_package():
    assert re.search(r'^version: "(.*)"$', CITATION, re.M).group(1) == fmri2ges.__version__


def test_the_licence_is_the_one_that_is_shipped():
    licence = re.search(r"^license: (.*)$", CITATION, re.M).group(1)
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{licence} License")


@pytest.mark.parametrize("pattern", [r'^    title: "(.*)"', r"doi: (.*)", r'value: "arXiv:(.*)"', r'journal: "(.*)"'])
def test_the_method_is_cited_as_in_the_method_card(pattern):
    assert re.search(pattern, CITATION, re.M).group(1) in METHOD_CARD

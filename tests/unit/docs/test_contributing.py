"""CONTRIBUTING.md names files and functions: all of them exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w./-]+\.(?:py|js|md))(?:: (\w+))?`", TEXT)))
PICKER, PLAYER = ROOT / "app" / "components" / "cortex_picker", ROOT / "app" / "components" / "skeleton_player"


def places(name: str) -> list[Path]:
    """Where a file of this name may lie."""
    return [folder / name for folder in (ROOT, ROOT / "fmri2ges", PICKER, PLAYER)]


@pytest.mark.parametrize("name, inside", [n for n in NAMED if "NEW" not in n[0]])
def test_a_named_file_holds_what_is_named(name, inside):
    file = next((place for place in places(name) if place.is_file()), None)
    assert file is not None
    if inside:
        made = rf"^\s*(def |class |function |export function )?{inside}\b(\(|:| =|\s*\{{)"
        assert re.search(made, file.read_text(encoding="utf-8"), re.MULTILINE)


def test_folders_of_the_tree_exist():
    tree = re.search(r"^```\n(pages/.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]
    for line in tree.splitlines():
        root = ROOT / "fmri2ges" if line.startswith("  ") else ROOT
        for name in re.findall(r"[\w.]+(?:/|\.py)(?= |$)", line.split("   ")[0].strip()):
            assert (root / name).exists(), name


def test_both_ways_have_ten_steps():
    for title in ("The way of a decode", "The way of a click"):
        section = TEXT.split(f"\n## {title}")[1].split("\n## ")[0]
        assert len(re.findall(r"^\d+\. ", section, re.MULTILINE)) == 10

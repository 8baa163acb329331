"""The examples of the documentation: short, made of public names, and they run in an empty folder."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fmri2ges

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "examples"

# Example -> what it leaves in its folder.
MADE = {
    "check_study.py": ("study.toml", "day.tsv", "night-words.tsv"),
    "decode_demo.py": ("decoded/manifest.json", "decoded/text.npz", "decoded/words.tsv"),
    "compare_rois.py": ("comparison.txt",),
    "paper_figure.py": ("cortex.svg", "strip.pdf", "compare.pdf", "strip-10-18.png"),
    "export_to_blender.py": ("text.bvh", "direct.bvh", "roi.L.func.gii", "roi.R.func.gii", "roi.nii.gz"),
    "scores_by_id.py": ("report.json",),
}
QUICK = ("check_study.py",)
STANDS_ALONE = ("export_ted.py",)  # runs in an old environment, without this package; see test_export_ted.py


def test_every_example_is_listed():
    assert {file.name for file in FOLDER.glob("*.py")} == {*MADE, *STANDS_ALONE}


@pytest.mark.parametrize("name", MADE)
def test_an_example_is_short_and_uses_public_names(name):
    source = (FOLDER / name).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 40
    used = {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "fmri2ges"
    }
    assert used and used <= set(fmri2ges.__all__)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MADE]
)
def test_an_example_runs_in_an_empty_folder(name, tmp_path, cache):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "FMRI2GES_CACHE": str(cache)}
    command = [sys.executable, str(FOLDER / name), "made"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert [file for file in MADE[name] if not (tmp_path / "made" / file).is_file()] == []
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_the_checked_study_is_sound_until_it_is_spoilt(tmp_path):
    command = [sys.executable, str(FOLDER / "check_study.py"), str(tmp_path)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    problems = [line for line in done.stdout.splitlines() if line.startswith("problems:")]
    assert problems[0] == "problems: none"
    assert "nigth-words.tsv" in problems[1]

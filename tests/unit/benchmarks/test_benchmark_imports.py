"""Benchmarks are run seldom; what they import from the library must still be there."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OURS = ("fmri2ges", "tests")


def names_from_us(file: Path) -> list[tuple[str, str]]:
    """Module and name of everything that a script imports from this repository, also inside functions."""
    return [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module.split(".")[0] in OURS
        for alias in node.names
    ]


IMPORTERS = [file for file in sorted((ROOT / "benchmarks").glob("*.py")) if names_from_us(file)]


def test_benchmarks_import_from_us():
    assert len(IMPORTERS) > 10


@pytest.mark.parametrize("file", IMPORTERS, ids=lambda file: file.name)
def test_what_a_benchmark_imports_is_there(file):
    for module, name in names_from_us(file):
        if not hasattr(importlib.import_module(module), name):
            importlib.import_module(f"{module}.{name}")

"""A module of tasks for trying: `tests/trial/trial.py`, which workers know as fmri2ges.trial."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TRIAL = ROOT / "tests" / "trial"


@pytest.fixture
def trial(monkeypatch):
    """The module of trial tasks, in this process and in those that it starts."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (TRIAL, ROOT))))
    monkeypatch.syspath_prepend(TRIAL)
    finder = importlib.import_module("tests.trial.sitecustomize").Trial
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    return importlib.import_module("fmri2ges.trial")


@pytest.fixture
def marks(tmp_path) -> Path:
    """Where each execution of a trial task leaves its mark."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def executions(marks: Path) -> list[int]:
    """Numbers of the tasks that were executed, each as often as it was."""
    return sorted(int(mark.name.split(".")[0]) for mark in marks.glob("*.*"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder of results."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}

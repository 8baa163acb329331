"""The house rules that a machine can check: who may import whom, how large files are, what loads fast."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "fmri2ges"
FILES = sorted(PACKAGE.rglob("*.py"))
SCREEN = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "pages").glob("*.py")])

# Upper part -> level; imports run from a level to the same or a lower one.
LEVEL = {
    **dict.fromkeys(["cli", "__main__", "doctor"], 3),
    **dict.fromkeys(["decoding", "training", "runs", "figures", "views"], 2),
    **dict.fromkeys(["models", "data", "evaluation", "brain", "text", "motion", "demo"], 1),
    **dict.fromkeys(["types", "config", "provenance", "errors", "threads", "__init__"], 0),
}
FORBIDDEN = {("models", "data"), ("evaluation", "models")}
HEAVY = {"torch", "nilearn", "matplotlib", "transformers", "diffusers", "pyvista", "streamlit", "pandas", "sklearn"}


def part_of(path: Path) -> str:
    """The part of the package that a file belongs to: 'data', 'cli', ..."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@lru_cache
def imported_names(path: Path) -> set[str]:
    """Absolute dotted names of everything that a file imports, also inside functions."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def imported_parts(path: Path) -> set[str]:
    names = (name.split(".") for name in imported_names(path))
    return {name[1] for name in names if name[0] == "fmri2ges" and len(name) > 1 and name[1] in LEVEL}


def test_every_part_of_the_package_has_a_level():
    assert {part_of(f) for f in FILES} <= LEVEL.keys()


def test_imports_run_downward():
    wrong = []
    for file in FILES:
        name = file.relative_to(ROOT).as_posix()
        for target in imported_parts(file):
            upward = LEVEL[target] > LEVEL[part_of(file)] or (part_of(file), target) in FORBIDDEN
            if upward:
                wrong.append(f"{name} imports {target}")
    assert not wrong


def test_the_library_knows_nothing_of_the_screen():
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in FILES
        for name in imported_names(file)
        if name.split(".")[0] in ("streamlit", "app", "pages")
    ]
    assert not wrong


def test_app_and_command_line_do_not_import_each_other():
    wrong = [str(f.relative_to(ROOT)) for f in SCREEN if any(n.startswith("fmri2ges.cli") for n in imported_names(f))]
    assert not wrong


def test_no_screen_imports_another_and_app_imports_no_page():
    wrong = [str(f.relative_to(ROOT)) for f in SCREEN if any(n.split(".")[0] == "pages" for n in imported_names(f))]
    assert not wrong


@pytest.mark.parametrize("limit, files", [(400, [*FILES, *SCREEN]), (150, sorted((ROOT / "pages").glob("*.py")))])
def test_files_are_short(limit, files):
    too_long = {
        str(f.relative_to(ROOT)): n for f in files if (n := len(f.read_text(encoding="utf-8").splitlines())) > limit
    }
    assert not too_long


def test_nothing_is_pickled():
    wrong = [
        str(f.relative_to(ROOT))
        for f in [*FILES, *SCREEN]
        if "allow_pickle=True" in f.read_text(encoding="utf-8") or imported_names(f) & {"pickle", "joblib"}
    ]
    assert not wrong


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that are loaded in a new interpreter after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_after("import fmri2ges") & (HEAVY | {"numpy", "scipy"})


def test_importing_the_package_is_fast():
    code = "import time; t = time.perf_counter(); import fmri2ges; print(time.perf_counter() - t)"
    # The best of three: a busy machine slows one start, not the import itself.
    seconds = [
        float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(seconds) < 0.3


def test_help_needs_no_heavy_library():
    statement = "import fmri2ges.cli, contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): assert fmri2ges.cli.main(['--help']) == 0"
    assert not loaded_after(statement) & HEAVY


def test_help_answers_quickly():
    before = os.times()
    subprocess.run([sys.executable, "-m", "fmri2ges", "train", "--help"], cwd=ROOT, capture_output=True, check=True)
    after = os.times()  # computing time, which a busy machine does not change
    assert after.children_user - before.children_user < 3

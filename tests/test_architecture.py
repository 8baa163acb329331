"""The house rules that a machine can check: who may import whom, how large files are, what loads fast."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.reachable import unreached

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "fmri2ges"
FILES = sorted(PACKAGE.rglob("*.py"))
SCREEN = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "pages").glob("*.py")])

HEAVY = {"torch", "nilearn", "matplotlib", "transformers", "diffusers", "pyvista", "streamlit", "pandas", "sklearn"}
HEAVY |= {"joblib", "distributed", "dask"}


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


def module_of(path: Path) -> str:
    """Dotted name of a file of the package."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def for_types_only(node: ast.stmt) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, whose imports never run."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def statements(node: ast.AST):
    """All nodes below a node, without what stands under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if not for_types_only(child):
            yield child
            yield from statements(child)


def imported_files(path: Path) -> set[str]:
    """Modules of the package that a file imports at any time, also inside functions."""
    modules = {module_of(f) for f in FILES}
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{module}.{alias.name}"
                found.add(name if name in modules else module)
    return (found & modules) - {"fmri2ges"}  # the package itself holds the version and lazy names only


def test_no_file_imports_itself_through_others():
    graph = {module_of(f): imported_files(f) for f in FILES}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"files import each other in a circle: {' -> '.join(error.args[1])}")


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


def functions(path: Path):
    """All functions and methods of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names of the parameters that a caller gives."""
    a = function.args
    named = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
    return [p.arg for p in named if p.arg not in ("self", "cls")]


def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is a command, whose parameters are the options that a user types."""
    return any("attr='command'" in ast.dump(d) for d in function.decorator_list)


def test_no_function_has_more_than_eight_parameters():
    long = {
        f"{file.relative_to(ROOT).as_posix()}: {f.name}"
        for file in [*FILES, *SCREEN]
        for f in functions(file)
        if len(parameters(f)) > 8 and not is_command(f)
    }
    assert not long


# Of joblib only what starts processes; what these are given is text (`fmri2ges.compute.calls`).
UNPICKLING = {"pickle", "cloudpickle", "dill", "joblib", "joblib.load", "joblib.dump", "joblib.Memory"}


def test_nothing_is_pickled():
    wrong = [
        str(f.relative_to(ROOT))
        for f in [*FILES, *SCREEN]
        if "allow_pickle=True" in f.read_text(encoding="utf-8") or imported_names(f) & UNPICKLING
    ]
    assert not wrong


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that are loaded in a new interpreter after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_after("import fmri2ges") & (HEAVY | {"numpy", "scipy"})


def test_importing_the_package_loads_few_files():
    """benchmarks/limits.py measures the time that it takes."""
    code = "import sys; before = set(sys.modules); import fmri2ges; print(len(set(sys.modules) - before))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert int(shown) < 50  # numpy alone loads over a hundred


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["decode", "--help"]])
def test_help_needs_no_heavy_library(words):
    statement = (
        "import fmri2ges.cli, contextlib, io\n"
        f"with contextlib.redirect_stdout(io.StringIO()): assert fmri2ges.cli.main({words}) == 0"
    )
    assert not loaded_after(statement) & HEAVY


def looks_at_a_label(node: ast.AST) -> bool:
    """Whether code decides by the printed name of a metric: compares it, or asks how it begins."""

    def is_label(part: ast.AST) -> bool:
        if isinstance(part, ast.Subscript):
            return isinstance(part.slice, ast.Constant) and part.slice.value in ("metric", "label")
        return isinstance(part, ast.Attribute) and part.attr == "label"

    if isinstance(node, ast.Compare):
        return any(map(is_label, (node.left, *node.comparators)))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("startswith", "endswith", "removeprefix", "removesuffix") and is_label(
            node.func.value
        )
    return False


@pytest.mark.parametrize(
    "code, expected",
    [
        ('row["metric"] == "WER"', True),
        ('"slow" not in line["metric"]', True),
        ('m.metric.label.startswith("r, mean of")', True),
        ("row.metric.id == WER.id", False),
        ("row.metric == other.metric", False),
    ],
)
def test_a_look_at_a_label_is_found(code, expected):
    assert looks_at_a_label(ast.parse(code, mode="eval").body) == expected


def test_no_code_decides_by_the_label_of_a_metric():
    files = [*FILES, *SCREEN, *sorted((ROOT / "benchmarks").glob("*.py"))]
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if looks_at_a_label(node)
    ]
    assert not found


# What no code of the package or the screens names, and why it stays.
FOR_LIBRARY_USERS = "a request is written and read by people's own scripts in its text form"
UNREACHED = {
    "DecodeRequest.from_text": FOR_LIBRARY_USERS,
    "read_status": "whoever watches a training from another process asks it whether the training is alive",
    "Grammar": "its rules are called by the names that stand in the templates of sentences",
    "_outline.Pen": "fontTools calls the methods of a pen",
    "_NoSynonyms": "nltk calls it in the place of WordNet",
    "ridge_motion": "the baseline of benchmarks/worlds.py",
    "mean_pose": "the baseline of benchmarks/worlds.py",
    "EncodingModel.correlation": "held-out r of an encoding model; benchmarks/encoding.py uses it",
    "train_encoder": "makes the encoder of FGD that is shipped; benchmarks/make_encoder.py uses it",
    "save_encoder": "makes the encoder of FGD that is shipped; benchmarks/make_encoder.py uses it",
}


def texts(files) -> dict[str, str]:
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files}


def test_nothing_is_unreachable():
    found = unreached(texts(FILES), texts(SCREEN), UNREACHED)
    assert not found, [f"{d.file}:{d.line}: {d.name}" for d in found]


def test_every_exception_is_still_needed_and_its_benchmark_uses_it():
    without = {d.name for d in unreached(texts(FILES), texts(SCREEN), {})}
    within = {name: any(d == name or d.startswith(f"{name}.") for d in without) for name in UNREACHED}
    assert [name for name, needed in within.items() if not needed] == []
    for name, reason in UNREACHED.items():
        for script in re.findall(r"benchmarks/\w+\.py", reason):
            assert name.split(".")[-1] in (ROOT / script).read_text(encoding="utf-8"), f"{script} does not use {name}"


def test_the_search_finds_what_only_the_unreached_reaches():
    package = {
        "a.py": "def used(): return helper()\ndef helper(): pass\ndef lost(): return only_lost()\n"
        "def only_lost(): return only_lost()\nclass Box:\n    def get(self): pass\n    def put(self): pass\n"
    }
    screens = {"b.py": "from a import used, Box\nused()\nBox().get()\n"}
    assert [d.name for d in unreached(package, screens, {})] == ["lost", "only_lost", "Box.put"]
    assert [d.name for d in unreached(package, screens, {"lost": "kept"})] == ["Box.put"]

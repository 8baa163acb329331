"""What docstrings say of parameters, against the parameters that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "fmri2ges").rglob("*.py"))


def documented(docstring: str) -> list[str]:
    """Names in the section Parameters of a numpydoc docstring."""
    section = re.search(r"^( *)Parameters\n\1-+\n(.*?)(?=^\1\w[^\n]*\n\1-+$|\Z)", docstring, re.MULTILINE | re.DOTALL)
    if section is None:
        return []
    indent = section[1]
    heads = re.findall(rf"^{indent}(\*{{0,2}}\w+(?:, \*{{0,2}}\w+)*) :", section[2], re.MULTILINE)
    return [name.strip(" *") for head in heads for name in head.split(",")]


def given(node: ast.AST) -> set[str]:
    """Names that a caller can give to a function, or to the class when an object is made."""
    if isinstance(node, ast.ClassDef):
        fields = {n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}
        made = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        return fields.union(*map(given, made))
    a = node.args
    return {p.arg for p in [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]}


def described(source: str) -> list[tuple[str, str, set[str]]]:
    """Name, docstring and parameters of every function and class that has a docstring."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [n for n in ast.walk(ast.parse(source)) if isinstance(n, kinds)]
    return [(n.name, text, given(n)) for n in nodes if (text := ast.get_docstring(n))]


@pytest.mark.parametrize(
    "text, names",
    [
        (
            "F.\n\nParameters\n----------\na, b : numbers\nc : array (n,)\n    a : of it\n\nRaises\n------\nx : y",
            list("abc"),
        ),
        ("F.\n\nParameters\n----------\n*paths, **more : files", ["paths", "more"]),
        ("F.\n\nReturns\n-------\na : number", []),
    ],
)
def test_the_section_is_read(text, names):
    assert documented(text) == names


def test_every_documented_parameter_exists():
    wrong = {
        f"{file.relative_to(ROOT).as_posix()}: {name}": unknown
        for file in FILES
        for name, text, parameters in described(file.read_text(encoding="utf-8"))
        if (unknown := sorted(set(documented(text)) - parameters))
    }
    assert not wrong

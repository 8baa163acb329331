"""The page of constants: what the code holds by name, with the values that it has."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PARTS = ("models", "training", "decoding")
ROW = re.compile(r"^\| `([\w/]+\.py: \w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
GROUNDS = ("units", "literature", "study", "cost", "demo", "bound")


def numbers(node: ast.expr) -> list[float] | None:
    """The numbers of an expression without a name in it: one, or those of a tuple; None for anything else."""
    if any(isinstance(part, (ast.Name, ast.Call, ast.Dict)) for part in ast.walk(node)):
        return None
    value = eval(compile(ast.Expression(node), "constant", "eval"))
    values = value if isinstance(value, tuple) else (value,)
    return list(map(float, values)) if all(isinstance(v, (int, float)) for v in values) else None


def constants(file: Path) -> dict[str, list[float]]:
    """Module-level constants of a file, in capitals; each has at least one number."""
    found = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, values = node.targets[0], numbers(node.value)
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        parts = [values] if len(names) == 1 else [[v] for v in values or []]
        if values is not None:
            found |= {n.id: p for n, p in zip(names, parts, strict=True) if isinstance(n, ast.Name) and n.id.isupper()}
    return found


def test_every_constant_of_the_method_is_on_the_page_with_its_value_and_ground():
    rows = {name: (value, ground) for name, value, ground in ROW.findall((ROOT / "docs" / "constants.md").read_text())}
    wanted = {}
    for part in PARTS:
        for file in sorted((ROOT / "fmri2ges" / part).glob("*.py")):
            wanted |= {f"{part}/{file.name}: {name}": values for name, values in constants(file).items()}
    assert len(wanted) > 50
    assert rows.keys() == wanted.keys()
    for name, values in wanted.items():
        value, ground = rows[name]
        assert [float(v) for v in value.split(",")] == pytest.approx(values), name
        label = name.endswith(("SPEAKER", "_STREAM"))  # a number that stands for a name
        assert ground.startswith(GROUNDS) != label, name

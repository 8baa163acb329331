"""Which functions, methods and classes of the package no code of the package or the screens ever names.

Python decides at run time what a name means, so names are compared, not objects: a definition counts as reached when
its name stands anywhere outside itself in code that is reached. What it finds is surely unreached; two definitions of
one name hide each other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """A function, method or class.

    Parameters
    ----------
    file : where it stands
    parts : names of what encloses it, and its own
    line : where it begins
    """

    file: str
    parts: tuple[str, ...]
    line: int

    @property
    def name(self) -> str:
        """Its name with that of its class, as people write it."""
        return ".".join(self.parts)


@dataclass(frozen=True)
class Use:
    """A name that stands in code, and the definitions around it from the outermost."""

    name: str
    within: tuple[Definition, ...]


def _is_command(node: ast.AST) -> bool:
    """Whether typer or another library is given the function by a decorator that is called."""
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(d, ast.Call) and getattr(d.func, "attr", "") in ("command", "callback") for d in decorators)


def _uses(node: ast.AST, file: str, around: tuple[Definition, ...], found: list[Definition]) -> Iterator[Use]:
    for child in ast.iter_child_nodes(node):
        within = around
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own = Definition(file, (*(around[-1].parts if around else ()), child.name), child.lineno)
            within = (*around, own)
            if not child.name.startswith("__") and not _is_command(child):
                found.append(own)
        if isinstance(child, ast.Name):
            yield Use(child.id, within)
        elif isinstance(child, ast.Attribute):
            yield Use(child.attr, within)
        elif isinstance(child, ast.Constant) and isinstance(child.value, str) and child.value.isidentifier():
            yield Use(child.value, within)  # lazy names of the public API, and getattr
        yield from _uses(child, file, within, found)


def unreached(package: Mapping[str, str], screens: Mapping[str, str], kept: Mapping[str, str]) -> list[Definition]:
    """Definitions of the package that nothing reaches, in the order of files and lines.

    Parameters
    ----------
    package, screens : name of a file -> its text; only what the package defines is judged
    kept : names that count as reached, -> why; a class counts with its methods
    """
    defined: list[Definition] = []
    uses = [use for file, text in package.items() for use in _uses(ast.parse(text), file, (), defined)]
    uses += [use for file, text in screens.items() for use in _uses(ast.parse(text), file, (), [])]
    by_name: dict[str, list[Use]] = {}
    for use in uses:
        by_name.setdefault(use.name, []).append(use)
    judged = [d for d in defined if not any(".".join(d.parts[:k]) in kept for k in range(1, len(d.parts) + 1))]
    dead: set[Definition] = set()
    while True:
        new = {
            d
            for d in judged
            if d not in dead
            and not any(d not in use.within and dead.isdisjoint(use.within) for use in by_name.get(d.parts[-1], []))
        }
        if not new:
            return sorted(dead, key=lambda d: (d.file, d.line))
        dead |= new

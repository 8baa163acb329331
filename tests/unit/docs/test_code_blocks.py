"""Commands and lines of Python in README and documentation, against the program."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
import typer
from typer.main import get_command

import fmri2ges
from fmri2ges.cli.root import app

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```([^`\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
import_module("fmri2ges.cli.main")  # its import makes the commands


def blocks(*languages: str) -> list:
    """Code blocks of all pages in some languages; a block without a language is a shell's."""
    return [
        pytest.param(found[3], id=f"{page.name}:{page.read_text(encoding='utf-8')[: found.start()].count(chr(10)) + 1}")
        for page in PAGES
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
        if found[2].strip() in languages
    ]


def commands(text: str) -> list[list[str]]:
    """The command lines of a block as words; lines of a table or of output are no commands."""
    programs = ("fmri2ges", "python", "make", "streamlit")
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.split(" ")[0] in programs]


def parse(words: list[str]) -> None:
    """Let the command line parse the words of a command, without running it."""
    command = get_command(app).commands.get(words[0]) if words else None
    assert command is not None, f"fmri2ges has no command {' '.join(words[:1])!r}"
    command.make_context(words[0], list(words[1:]))


def look_at(words: list[str]) -> None:
    """Whether a command line names what there is."""
    program, rest = words[0], words[1:]
    if program == "python" and rest[:2] == ["-m", "fmri2ges"]:
        program, rest = "fmri2ges", rest[2:]
    if program == "fmri2ges":
        parse(rest)
    elif program == "make":
        goals = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= set(goals)
    elif program == "python" and rest[0].endswith(".py"):
        assert (ROOT / rest[0]).is_file()


@pytest.mark.parametrize("text", blocks("", "bash", "sh"))
def test_commands_are_understood(text):
    for words in commands(text):
        look_at(words)


def test_commands_in_sentences_are_understood():
    for page in PAGES:
        for line in re.findall(r"`((?:python -m )?fmri2ges [a-z-]+ [^`]*)`", page.read_text(encoding="utf-8")):
            if "..." not in line:
                look_at(shlex.split(line))


@pytest.mark.parametrize("words", (["decoed", "demo"], ["decode", "demo", "--out", "x", "--roi", "AG"], ["decode"]))
def test_a_wrong_command_is_found(words):
    with pytest.raises((AssertionError, typer.BadParameter.__base__.__base__)):
        parse(words)


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_valid(text):
    assert tomllib.loads(text)


def test_scripts_that_pages_show_are_there():
    shown = [
        name
        for page in PAGES
        for name in re.findall(r'^--8<-- "(.*)"$', page.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(shown) >= 5
    assert [name for name in shown if not (ROOT / "docs" / name).is_file()] == []


@pytest.mark.parametrize("text", blocks("python"))
def test_python_uses_names_and_arguments_that_there_are(text, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))  # a page shows one of the benchmarks' own modules
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "fmri2ges":
            assert node.attr in fmri2ges.__all__
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("fmri2ges."):
            called = getattr(fmri2ges, node.func.attr) if isinstance(node.func.value, ast.Name) else None
            if called is not None:
                signature(called).bind(*node.args, **{k.arg: k.value for k in node.keywords})

"""Pages of the documentation site that are made from the program itself, so that they can never be stale.

mkdocs calls `on_config` and `on_files` (see mkdocs.yml). The other functions need nothing of mkdocs.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from typer.main import get_command

import fmri2ges
from fmri2ges.cli.root import app

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ASSETS = ("logo.svg", "readme-explore.png")

# Modules whose values the public functions take and give, in the order in which a reader meets them.
MODULES = (
    "request",
    "results",
    "work",
    "types",
    "errors",
    "brain.space",
    "brain.roi",
    "decoding.run",
    "decoding.stories",
    "evaluation.metrics",
    "evaluation.rows",
    "evaluation.report",
    "reports.evaluate",
    "storage.report",
    "figures",
    "figures.export",
    "data.study.model",
    "data.study.check",
)


def python_page() -> str:
    """Every public name of the package, with its docstring."""
    head = "# Python\n\n```python\nimport fmri2ges\n```\n\nThe public names; each loads when it is first used.\n"
    places = fmri2ges._PLACES.items()
    entries = [
        f"::: fmri2ges.{module}.{inside}\n    options:\n      heading: fmri2ges.{name}\n"
        for name, (module, inside) in places
    ]
    return "\n".join([head, *entries])


def modules_page() -> str:
    """The modules behind the public names, without these names themselves."""
    about = (
        "What stands beside the [public names](python.md) in their modules: the values that functions take and give."
    )
    entries = []
    for module in MODULES:
        shown = [f"!^{inside}$" for place, inside in fmri2ges._PLACES.values() if place == module]
        options = f"show_root_full_path: true, filters: {['!^_', *shown]}"
        entries.append(f"::: fmri2ges.{module}\n    options: {{{options}}}\n")
    return "\n".join([f"# Modules\n\n{about}\n", *entries])


def command_line_page() -> str:
    """Every command with its arguments and options."""
    about = import_module(
        "fmri2ges.cli.main"
    ).__doc__  # it says what the exit codes mean; importing it makes the commands
    lines = ["# Command line", "", "`fmri2ges COMMAND ...`, or `python -m fmri2ges COMMAND ...`.", ""]
    lines += [" ".join(about.split("\n\n")[1].split()), ""]
    for name, command in get_command(app).commands.items():
        arguments = [_spelled(p) for p in command.params if p.param_type_name == "argument"]
        usage = " ".join([f"fmri2ges {name}", *arguments, "[OPTIONS]"])
        lines += [f"## {name}", "", command.help or "", "", "```", usage, "```", ""]
        lines += ["| | default | |", "|---|---|---|", *map(_row, command.params), ""]
    return "\n".join(lines)


def _spelled(parameter) -> str:
    """How a parameter is typed."""
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper()
    return ", ".join([*parameter.opts, *parameter.secondary_opts])


def _row(parameter) -> str:
    """A parameter as a row of a table: how it is typed, its default, what it means."""
    unset = parameter.default is None or parameter.default is False or parameter.default == ""
    default = "required" if parameter.required else "" if unset else f"`{parameter.default}`"
    spelled = _spelled(parameter).replace("|", "\\|")
    text = (parameter.help or "").replace("|", "\\|").replace("<", "&lt;")
    return f"| `{spelled}` | {default} | {text} |"


def page_of(name: str) -> str:
    """A file of the repository's root as a page: links that begin in the root begin in docs/ there."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"\]\((?:docs/)?([^):#]+)\)", _link, text)


def _link(found: re.Match) -> str:
    pages = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "README.md": "index.md"}
    return f"]({pages.get(found[1], found[1])})"


def pages() -> dict[str, str]:
    """Path inside the site -> text, of every page that is made here."""
    return {
        "reference/python.md": python_page(),
        "reference/modules.md": modules_page(),
        "reference/command-line.md": command_line_page(),
        "changelog.md": page_of("CHANGELOG.md"),
        "contributing.md": page_of("CONTRIBUTING.md"),
        "decisions/index.md": decisions_page(),
    }


def decisions() -> list[Path]:
    """The decision records, by number."""
    return sorted((DOCS / "decisions").glob("[0-9]*.md"))


def decisions_page() -> str:
    """The list of decisions by their titles."""
    head = "# Decisions\n\nWhy things are as they are: what was tried, what was measured, what it costs.\n"
    titles = {file.name: file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for file in decisions()}
    return "\n".join([head, *(f"- [{title}]({name})" for name, title in titles.items()), ""])


def on_config(config):
    """Put every decision record into the navigation."""
    for entry in config.nav:
        if entry.get("Decisions"):
            entry["Decisions"] = ["decisions/index.md", *(f"decisions/{file.name}" for file in decisions())]
    return config


def on_files(files, config):
    """Add the pages and pictures that do not lie in docs/."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    for name in ASSETS:
        files.append(File.generated(config, f"assets/{name}", abs_src_path=str(ROOT / "assets" / name)))
    return files

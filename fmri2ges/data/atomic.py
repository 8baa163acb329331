"""Files that are whole or absent: every writer of the package goes through here.

The bytes go into a hidden temporary file beside the target, which replaces the target in one
step. The same values give the same bytes: archives carry no time stamp.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from .content import check_content


@contextmanager
def replacing(path):
    """Give a temporary path beside `path` to write to; move it onto `path` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays at the end: writers such as imageio choose the format by it.
    temp = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temp
        os.replace(temp, path)
    finally:
        temp.unlink(missing_ok=True)


def write_bytes(path, data: bytes) -> Path:
    """Write bytes and return the path."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: is a folder; give the name of a file to write")
    with replacing(path) as temp:
        temp.write_bytes(data)
    return path


def write_text(path, text: str) -> Path:
    """Write UTF-8 text with the line ends as given."""
    return write_bytes(path, text.encode("utf-8"))


def write_json(path, obj: Any) -> Path:
    """Write indented JSON; NaN and infinity are refused because JSON has no word for them."""
    return write_text(path, json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_npz(path, **arrays) -> Path:
    """Write named arrays (numbers or text, never objects) as an uncompressed .npz."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, value in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(value), allow_pickle=False)
            # A ZipInfo made by hand has a constant date.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return write_bytes(path, buffer.getvalue())


def read_npz(path) -> dict[str, np.ndarray]:
    """All arrays of an .npz.

    Raises
    ------
    UserError
        When the file is missing, damaged (a truncated download), too large or holds pickled objects.
    """
    from .npz import npz_arrays, npz_names

    return npz_arrays(path, npz_names(path))


def read_json(path) -> Any:
    """The content of a JSON file; a damaged or missing one is a `UserError`."""
    path = check_content(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, not UTF-8, a number of 5,000 digits
        raise UserError(f"{path}: is not valid JSON ({error})") from error

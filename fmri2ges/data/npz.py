"""Arrays of an .npz that others have made: nothing is unpickled, and no header is believed.

A header may claim any size. What it claims is compared with what the archive holds before memory
is taken, and the archive's own sizes are bounded.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import cast

import numpy as np

from ..errors import UserError, one_line
from .content import check_content

MAX_BYTES = 2**30  # of one array, unpacked; a day of SMPL-X motion at 30 frames per second takes 3.4 GB, an hour 143 MB
ROOM = 32 * 2**20  # bytes of all arrays together that any file may unpack to
MAX_RATIO = 50  # and beyond that, unpacked to packed size: measured numbers do not compress further
HEADER = 4096  # bytes that a header of .npy may take here
# What numpy and zipfile raise over damaged bytes.
DAMAGE = (
    ValueError,
    TypeError,
    EOFError,
    OSError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    TokenError,
)


def npz_names(path) -> tuple[str, ...]:
    """Names of the arrays of an .npz."""
    with _opened(path) as archive:
        return tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))


def npz_arrays(path, names) -> dict[str, np.ndarray]:
    """The named arrays of an .npz, those that it holds; others are not touched.

    Raises
    ------
    UserError
        When the file is missing, damaged or too large, or an array would have to be unpickled.
    """
    path = Path(path)
    out = {}
    with _opened(path) as archive:
        left = ROOM + MAX_RATIO * path.stat().st_size
        for name in names:
            try:
                info = archive.getinfo(f"{name}.npy")
            except KeyError:
                continue
            left -= info.file_size
            if left < 0:
                raise UserError(f"{path}: unpacks to far more than measured numbers of its size; save the arrays again")
            try:
                out[name] = _array(archive, info)
            except DAMAGE as error:
                raise UserError(
                    f"{path}: array {name!r} cannot be read ({one_line(error)}); write or copy the file again"
                ) from error
    return out


def _opened(path) -> zipfile.ZipFile:
    path = check_content(path)
    try:
        return zipfile.ZipFile(path)
    except DAMAGE as error:
        raise UserError(
            f"{path}: cannot be read as .npz (damaged or truncated: {one_line(error)}); write or copy it again"
        ) from error


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    if info.file_size > MAX_BYTES:
        raise ValueError(f"it would take {info.file_size / 2**20:.0f} MB; at most {MAX_BYTES / 2**20:.0f} MB are read")
    with cast(zipfile.ZipExtFile, archive.open(info)) as member:
        head = io.BytesIO(member.read(HEADER))
        version = np.lib.format.read_magic(head)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(
            version
        )
        if read_header is None:
            raise ValueError(f"version {version} of .npy is not known")
        shape, fortran, dtype = read_header(head, max_header_size=HEADER)
        if dtype.hasobject:
            raise ValueError("it holds pickled objects; save plain numbers and text")
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size != info.file_size - head.tell():
            raise ValueError(f"its header claims {size} bytes, the archive holds {info.file_size - head.tell()}")
        # Not resident before it is filled, so a false size in the archive costs nothing.
        data = np.empty(size, np.uint8)
        rest = np.frombuffer(head.read(), np.uint8)
        data[: len(rest)] = rest
        filled = len(rest)
        while filled < size and (got := member.readinto(data.data[filled:])):
            filled += got
    if filled < size:
        raise ValueError("it is cut off")
    return data.view(dtype).reshape(shape, order="F" if fortran else "C") if dtype.itemsize else np.zeros(shape, dtype)

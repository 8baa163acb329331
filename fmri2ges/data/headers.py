"""Headers of volumes looked at before a library acts on them: what they claim must be possible."""

from __future__ import annotations

import math
import struct
from pathlib import Path

from ..errors import UserError
from .limits import LARGEST, RATIO, Unpacked

MAX_EXTENSIONS = 256 * 2**20  # bytes before the data, where CIFTI keeps its XML; libraries read them at once
HEAD = 544
PIECE = 2**20  # bytes that are read at a time
TRIANGLES = b"\xff\xff\xfe"  # how a FreeSurfer surface begins
SURFACE_HEAD = 4096
NIFTI1, NIFTI2 = 348, 540
MGH_BYTES = {0: 1, 1: 4, 3: 4, 4: 2}  # bytes of a number, by the type of an .mgz


def check_nifti_header(path) -> None:
    """Refuse a NIfTI header that claims more than a file can hold.

    A packed file may unpack to 4 GiB whatever its size, because most of a masked series is zeros; it is read
    from front to back, a few volumes at a time.

    Raises
    ------
    UserError
        What is wrong with any other header is left to the library that reads it.
    """
    path = Path(path)
    with Unpacked(path, HEAD) as stream:
        head = stream.read(HEAD)
    for order in "<>":
        if len(head) < NIFTI1:
            return
        (size,) = struct.unpack_from(f"{order}i", head)
        if size == NIFTI1:
            dim, bits = struct.unpack_from(f"{order}8h", head, 40), struct.unpack_from(f"{order}h", head, 72)[0]
            offset = struct.unpack_from(f"{order}f", head, 108)[0]
        elif size == NIFTI2 and len(head) >= NIFTI2:
            dim, bits = struct.unpack_from(f"{order}8q", head, 16), struct.unpack_from(f"{order}h", head, 14)[0]
            offset = struct.unpack_from(f"{order}q", head, 168)[0]
        else:
            continue
        if not offset <= MAX_EXTENSIONS:
            raise UserError(
                f"{path}: its header puts the data after {offset:g} bytes; it may be damaged: copy it again"
            )
        axes = dim[1 : 1 + min(max(dim[0], 0), 7)]
        check_claim(path, math.prod(max(n, 1) for n in axes) * max(bits, 8) // 8)
        _check_extensions(path, order, size, int(offset))
        return


def _check_extensions(path: Path, order: str, header: int, offset: int) -> None:
    """Refuse an extension that says that it is longer than the room before the data: libraries take memory for it."""
    with Unpacked(path, MAX_EXTENSIONS + HEAD) as stream:
        head = stream.read(header + 4)
        if len(head) < header + 4 or not head[header]:
            return
        left = offset - len(head)
        if left < 0:
            raise UserError(
                f"{path}: its header has extensions, but puts the data before them; it may be damaged: copy it again"
            )
        while left >= 16:
            start = stream.read(8)
            if len(start) < 8:
                return  # cut off, as the library says itself
            (size,) = struct.unpack_from(f"{order}i", start)
            if not 8 <= size <= left:
                raise UserError(
                    f"{path}: its header has an extension of {size} bytes where there is room for {left}; it may be "
                    "damaged: copy it again"
                )
            for at in range(8, size, PIECE):
                stream.read(min(PIECE, size - at))
            left -= size


def check_mgh_header(path) -> None:
    """Refuse an .mgh or .mgz header that claims more than a file can hold."""
    with Unpacked(path, HEAD) as stream:
        head = stream.read(24)
    if len(head) == 24:
        version, *axes, kind = struct.unpack(">6i", head)
        check_claim(Path(path), math.prod(max(n, 1) for n in axes) * MGH_BYTES.get(kind, 4))


def check_surface_header(path) -> None:
    """Refuse a FreeSurfer surface of triangles that announces more vertices and faces than the file holds."""
    path = Path(path)
    with open(path, "rb") as file:
        head = file.read(SURFACE_HEAD)
    if head[:3] != TRIANGLES:
        return  # other forms count in three bytes
    lines = head.split(b"\n", 2)  # who wrote it, and a line that is mostly empty
    if len(lines) < 3 or len(lines[2]) < 8:
        raise UserError(f"{path}: is cut off inside its header; copy it again")
    n_vertices, n_faces = struct.unpack_from(">2i", lines[2])
    if min(n_vertices, n_faces) < 0 or 12 * (n_vertices + n_faces) > path.stat().st_size:
        raise UserError(
            f"{path}: its header says {n_vertices} vertices and {n_faces} faces, more than the file "
            "holds; copy it again"
        )


def check_claim(path: Path, n_bytes: int) -> None:
    """Refuse a header that claims more bytes than a file of this size may unpack to."""
    if n_bytes > max(LARGEST, RATIO * path.stat().st_size):
        raise UserError(f"{path}: its header says {n_bytes / 2**30:.1f} GiB of data; it may be damaged: copy it again")

"""Opening CIFTI files (.dtseries.nii, .dlabel.nii ..., also .gz): the header is checked before nibabel acts on it."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

from ..errors import UserError
from .content import check_content
from .headers import NIFTI2, check_nifti_header
from .limits import Unpacked
from .reading import reading
from .xml import Handler, parse_xml

MAX_XML = 64 * 2**20  # bytes; a thousand maps with 360 labels each take half of it
MAX_MODELS = 2_000_000  # grayordinates; the largest of the Human Connectome Project have 170,494
MAX_AXES = 7  # of a NIfTI; nibabel takes memory for as many as are named
CIFTI_CODE = 32  # of the extension in a NIfTI header


def load_cifti(path):
    """A CIFTI file as nibabel reads it; its data stay in the file.

    Parameters
    ----------
    path : .nii, or .nii.gz, which is read from front to back

    Returns
    -------
    image : nibabel.Cifti2Image, or another image where the file is no CIFTI

    Raises
    ------
    UserError
        For a missing or damaged file, and one whose header names far more grayordinates than there are.
    """
    import nibabel

    path = check_content(path)
    with reading(path, "CIFTI"):
        check_nifti_header(path)
        _check_xml(path)
        if path.name.lower().endswith(".gz"):
            return nibabel.Cifti2Image.from_stream(gzip.open(path))  # nibabel itself takes a packed file for a NIfTI
        return nibabel.load(path)


class _Sizes(Handler):
    """Counts the grayordinates that a header names, and refuses axes that no file has."""

    n_models = 0

    def start(self, tag, attributes):
        if tag == "BrainModel":
            self.n_models += abs(int(attributes.get("IndexCount", 0)))
        elif tag == "MatrixIndicesMap":
            axes = attributes.get("AppliesToMatrixDimension", "0").split(",")
            if any(not 0 <= int(axis) < MAX_AXES for axis in axes):
                raise ValueError(f"a map of the axes {','.join(axes)[:40]}")

    def close(self):
        return self.n_models


def _check_xml(path: Path) -> None:
    """Refuse a header that names far more grayordinates than there are: nibabel takes memory for each."""
    xml = _extension(path)
    n = 0 if xml is None else parse_xml(io.BytesIO(xml), _Sizes())
    if n > MAX_MODELS:
        raise UserError(f"{path}: its header says {n} grayordinates; the file is damaged, write or copy it again")


def _extension(path: Path) -> bytes | None:
    """The XML in the header of a CIFTI file; None where there is none."""
    with Unpacked(path, MAX_XML) as stream:
        head = stream.read(NIFTI2 + 4)
        if len(head) < NIFTI2 + 4 or not head[NIFTI2]:
            return None
        order = "<" if struct.unpack_from("<i", head)[0] == NIFTI2 else ">"
        left = struct.unpack_from(f"{order}q", head, 168)[0] - len(head)
        while left >= 8:
            size, code = struct.unpack(f"{order}2i", stream.read(8))
            if not 8 <= size <= left:
                raise ValueError(f"an extension of {size} bytes where {left} are left")
            content = stream.read(size - 8)
            if code == CIFTI_CODE:
                return content.rstrip(b"\0")
            left -= size
    return None

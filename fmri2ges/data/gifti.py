"""GIFTI files as plain values: maps, series and meshes of one hemisphere, .gii and .gii.gz.

The format is that of Harwell et al., GIFTI 1.0 (2011). The file is read here and not by nibabel because
a small file can state any size and name any file of the computer: what an array takes is known before it
is unpacked, and an external file must lie in the folder of the GIFTI file.
"""

from __future__ import annotations

import binascii
import contextlib
import math
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import UserError
from .content import check_content
from .limits import Unpacked, too_large, unpacked_limit
from .reading import reading
from .xml import Handler, parse_xml

MAX_AXES = 99
TEXT = 2**20  # characters of base64 that are decoded at a time
MAX_TEXT = 65536  # characters of a name or of a value of the metadata
TYPES = {
    "UINT8": "u1",
    "INT8": "i1",
    "UINT16": "u2",
    "INT16": "i2",
    "UINT32": "u4",
    "INT32": "i4",
    "UINT64": "u8",
    "INT64": "i8",
    "FLOAT32": "f4",
    "FLOAT64": "f8",
}
# The second names are those of early files.
ENCODINGS = {
    "ASCII": "ASCII",
    "GIFTI_ENCODING_ASCII": "ASCII",
    "Base64Binary": "Base64Binary",
    "GIFTI_ENCODING_B64BIN": "Base64Binary",
    "GZipBase64Binary": "GZipBase64Binary",
    "GIFTI_ENCODING_B64GZ": "GZipBase64Binary",
    "ExternalFileBinary": "ExternalFileBinary",
    "GIFTI_ENCODING_EXTBIN": "ExternalFileBinary",
}
ENDIANS = {"LittleEndian": "<", "GIFTI_ENDIAN_LITTLE": "<", "BigEndian": ">", "GIFTI_ENDIAN_BIG": ">"}
ORDERS = {"RowMajorOrder": "C", "ColumnMajorOrder": "F"}


@dataclass(frozen=True)
class GiftiArray:
    """One array of a file.

    Parameters
    ----------
    intent : what it holds, such as 'TIME_SERIES', 'NODE_INDEX', 'LABEL', 'POINTSET' or 'NONE'
    data : array, any shape and kind of number
    meta : its own metadata
    """

    intent: str
    data: np.ndarray
    meta: dict[str, str]


@dataclass(frozen=True)
class Gifti:
    """A file: its metadata, the names of its labels by key, and its arrays in order."""

    meta: dict[str, str]
    labels: dict[int, str]
    arrays: tuple[GiftiArray, ...]

    def first(self, intent: str) -> np.ndarray:
        """The first array of an intent; a `ValueError` where there is none."""
        for array in self.arrays:
            if array.intent == intent:
                return array.data
        raise ValueError(f"it holds no array of the intent NIFTI_INTENT_{intent}")


def read_gifti(path, limit: int | None = None) -> Gifti:
    """All arrays of a GIFTI file.

    Parameters
    ----------
    path : .gii or .gii.gz
    limit : bytes that all arrays may take together; None takes the one that goes with the size of the file

    Raises
    ------
    UserError
        For a missing or damaged file, one that unpacks to too much, or an external file outside its folder.
    """
    path = check_content(path)
    limit = unpacked_limit(path) if limit is None else limit
    handler = _Reader(path, limit)
    with reading(path, "GIFTI"), Unpacked(path, unpacked_limit(path)) as stream:
        parse_xml(stream, handler)
    return Gifti(handler.meta, handler.labels, tuple(handler.arrays))


class _Stop(Exception):
    """The first data of a file have been reached."""


def gifti_head(path) -> tuple[dict[str, str], dict[str, str]]:
    """Metadata of a file and of its first array, without reading any data."""
    path = check_content(path)
    handler = _Head(path, unpacked_limit(path))
    with reading(path, "GIFTI"), Unpacked(path, unpacked_limit(path)) as stream, contextlib.suppress(_Stop):
        parse_xml(stream, handler)
    return handler.meta, handler.first


@dataclass
class _Open:
    """An array whose element has begun."""

    intent: str
    dtype: np.dtype
    shape: tuple[int, ...]
    order: str
    encoding: str
    external: tuple[str, int]
    meta: dict[str, str] = field(default_factory=dict)
    content: _Bytes | None = None
    text: list[str] = field(default_factory=list)

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class _Bytes:
    """The bytes of one array, filled from base64 text, unpacked where they are packed."""

    def __init__(self, n_bytes: int, packed: bool):
        self.out, self.filled = np.empty(n_bytes, np.uint8), 0
        self.unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if packed else None
        self.text: list[str] = []
        self.length = 0

    def feed(self, text: str) -> None:
        self.text.append(text)
        self.length += len(text)
        if self.length >= TEXT:
            self._decode(last=False)

    def _decode(self, last: bool) -> None:
        text = "".join("".join(self.text).split())
        whole = len(text) if last else len(text) - len(text) % 4  # four characters are three bytes
        self.text, self.length = [text[whole:]], len(text) - whole
        data = binascii.a2b_base64(text[:whole])
        left = len(self.out) - self.filled
        if self.unpack is not None:
            # One byte more than there is room for tells that there are more, without unpacking them.
            data = self.unpack.decompress(data, left + 1)
        if len(data) > left:
            raise ValueError(f"an array holds more than the {len(self.out)} bytes that it states")
        self.out[self.filled : self.filled + len(data)] = np.frombuffer(data, np.uint8)
        self.filled += len(data)

    def done(self) -> np.ndarray:
        self._decode(last=True)
        if self.filled < len(self.out):
            raise ValueError(f"an array holds {self.filled} bytes where it states {len(self.out)}")
        return self.out


class _Reader(Handler):
    """Collects what a file holds while it is parsed."""

    def __init__(self, path: Path, limit: int):
        self.path, self.left, self.limit = path, limit, limit
        self._external: set[Path] = set()
        self.meta: dict[str, str] = {}
        self.labels: dict[int, str] = {}
        self.arrays: list[GiftiArray] = []
        self._open: _Open | None = None
        self._name = self._text = ""
        self._key = 0
        self._inside = ""  # the element whose text is wanted
        self._begun = False

    def start(self, tag, attributes):
        if not self._begun:
            if tag != "GIFTI":
                raise ValueError(f"it begins with <{tag[:40]}>, not with <GIFTI>")
            self._begun = True
        if tag == "DataArray":
            self._open = _begin(attributes)
            self._take(self._open)
        elif tag in ("Name", "Value", "Label"):
            self._inside, self._text = tag, ""
            self._key = int(attributes.get("Key", attributes.get("Index", 0))) if tag == "Label" else 0
        elif tag == "Data" and self._open is not None:
            self._inside = tag
            if self._open.encoding.endswith("Base64Binary"):
                self._open.content = _Bytes(self._open.n_bytes, self._open.encoding.startswith("GZip"))

    def _take(self, array: _Open) -> None:
        """Count the bytes of an array; what lies in another file may take the size of that file once more."""
        if array.encoding == "ExternalFileBinary":
            target = _external_file(self.path, array.external[0])
            if target not in self._external:
                self._external.add(target)
                self.left += target.stat().st_size
        self.left -= array.n_bytes
        if self.left < 0:
            raise UserError(too_large(self.path, self.limit))

    def data(self, text):
        if self._inside == "Data" and self._open is not None:
            (self._open.text.append if self._open.content is None else self._open.content.feed)(text)
        elif self._inside and len(self._text) < MAX_TEXT:
            self._text += text

    def end(self, tag):
        if tag == "Name":
            self._name = self._text.strip()
        elif tag == "Value":
            (self.meta if self._open is None else self._open.meta)[self._name] = self._text.strip()
        elif tag == "Label":
            self.labels[self._key] = self._text.strip()
        elif tag == "DataArray" and self._open is not None:
            self.arrays.append(GiftiArray(self._open.intent, _data(self.path, self._open), self._open.meta))
            self._open = None
        if tag == self._inside:
            self._inside = ""


class _Head(_Reader):
    """Stops where the first data begin."""

    first: dict[str, str] = {}

    def start(self, tag, attributes):
        super().start(tag, attributes)
        if tag == "Data" and self._open is not None:
            self.first = self._open.meta
            raise _Stop


def _begin(attributes: dict[str, str]) -> _Open:
    """What a DataArray states about itself."""
    n_axes = int(attributes.get("Dimensionality", 1))
    if not 0 < n_axes <= MAX_AXES:
        raise ValueError(f"an array with {MAX_AXES + 1} axes or more" if n_axes > 0 else f"an array with {n_axes} axes")
    shape = tuple(int(attributes[f"Dim{k}"]) for k in range(n_axes))
    if min(shape) < 0:
        raise ValueError(f"an array of the shape {shape}")
    kind = attributes.get("DataType", "").removeprefix("NIFTI_TYPE_")
    if kind not in TYPES:
        raise ValueError(f"an array of {kind[:40] or 'no DataType'}; allowed: {', '.join(TYPES)}")
    return _Open(
        attributes.get("Intent", "").upper().removeprefix("NIFTI_INTENT_") or "NONE",
        np.dtype(ENDIANS.get(attributes.get("Endian", ""), "=") + TYPES[kind]),
        shape,
        ORDERS.get(attributes.get("ArrayIndexingOrder", ""), "C"),
        ENCODINGS.get(attributes.get("Encoding", ""), attributes.get("Encoding", "")),
        (attributes.get("ExternalFileName", ""), int(attributes.get("ExternalFileOffset") or 0)),
    )


def _data(path: Path, array: _Open) -> np.ndarray:
    """The values of an array whose element has ended."""
    if array.encoding == "ExternalFileBinary":
        flat = _external(path, array)
    elif array.encoding == "ASCII":
        flat = _numbers("".join(array.text), array.dtype)
    elif array.content is not None:
        flat = array.content.done().view(array.dtype)
    else:
        raise ValueError(f"an array in the encoding {array.encoding[:40]!r}, or without data")
    if flat.size != math.prod(array.shape):
        raise ValueError(f"an array holds {flat.size} numbers where it states {math.prod(array.shape)}")
    return flat.reshape(array.shape, order=array.order)  # type: ignore[call-overload]  # "C" or "F", see `_Open`


def _numbers(text: str, dtype: np.dtype) -> np.ndarray:
    """Numbers with spaces or line ends between them."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy's way to say that it stopped at something else
        return np.fromstring(text, float, sep=" ").astype(dtype)


def _external_file(path: Path, name: str) -> Path:
    """Another file that holds the data, which must be in the folder of the first or below it."""
    target = (path.parent / name).resolve()
    if not name or not target.is_relative_to(path.parent.resolve()):
        raise UserError(
            f"{path}: its data lie in another file, {name[:200]!r}, outside its own folder, which is not read; write "
            "it "
            "with the data inside (wb_command -gifti-convert GZIP_BASE64_BINARY IN OUT)"
        )
    return check_content(target)


def _external(path: Path, array: _Open) -> np.ndarray:
    name, offset = array.external
    target = _external_file(path, name)
    if offset < 0 or target.stat().st_size < offset + array.n_bytes:
        raise ValueError(f"{target.name} is shorter than the {offset + array.n_bytes} bytes that are stated")
    return np.fromfile(target, array.dtype, math.prod(array.shape), offset=offset)

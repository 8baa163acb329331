"""GIFTI files written as text, with every freedom that the format leaves: what nibabel itself would never write."""

from __future__ import annotations

import base64
import gzip
import zlib
from dataclasses import dataclass, field

import numpy as np

TYPES = {
    "u1": "UINT8",
    "i1": "INT8",
    "u2": "UINT16",
    "i2": "INT16",
    "u4": "UINT32",
    "i4": "INT32",
    "f4": "FLOAT32",
    "f8": "FLOAT64",
}
DOCTYPE = '<!DOCTYPE GIFTI SYSTEM "http://www.nitrc.org/frs/download.php/115/gifti.dtd">'


@dataclass
class Array:
    """One DataArray; `dims` states other lengths than the data have."""

    data: np.ndarray
    intent: str = "TIME_SERIES"
    encoding: str = "GZipBase64Binary"
    endian: str = "LittleEndian"
    order: str = "RowMajorOrder"
    meta: dict[str, str] = field(default_factory=dict)
    dims: tuple[int, ...] | None = None
    external: tuple[str, int] = ("", 0)


def meta_xml(meta: dict[str, str]) -> str:
    entries = "".join(f"<MD><Name><![CDATA[{k}]]></Name><Value><![CDATA[{v}]]></Value></MD>\n" for k, v in meta.items())
    return f"<MetaData>{entries}</MetaData>"


def stored_bytes(array: Array) -> bytes:
    data = np.asarray(array.data)
    order = {"LittleEndian": "<", "BigEndian": ">"}[array.endian]
    return data.astype(data.dtype.newbyteorder(order)).tobytes("F" if array.order.startswith("Column") else "C")


def array_xml(array: Array) -> str:
    data = np.asarray(array.data)
    raw = stored_bytes(array)
    if array.encoding == "ASCII":
        flat = data.ravel("F" if array.order.startswith("Column") else "C")
        text = "\n".join(repr(v) for v in flat.tolist())
    elif array.encoding == "ExternalFileBinary":
        text = ""
    else:
        packed = zlib.compress(raw) if array.encoding.startswith("GZip") else raw
        text = base64.encodebytes(packed).decode()  # with line ends, as some programs write it
    dims = array.dims or data.shape
    stated = " ".join(f'Dim{k}="{n}"' for k, n in enumerate(dims))
    return (
        f'<DataArray Intent="NIFTI_INTENT_{array.intent}" DataType="NIFTI_TYPE_{TYPES[data.dtype.str[1:]]}" '
        f'ArrayIndexingOrder="{array.order}" Dimensionality="{len(dims)}" {stated} Encoding="{array.encoding}" '
        f'Endian="{array.endian}" ExternalFileName="{array.external[0]}" ExternalFileOffset="{array.external[1]}">'
        f"{meta_xml(array.meta)}<Data>{text}</Data></DataArray>"
    )


def write_gifti_text(path, arrays, side: str = "", meta=None, labels=None):
    """Write arrays; `side` L or R goes into the metadata, a name ending with .gz is packed."""
    meta = dict(meta or {})
    if side:
        meta["AnatomicalStructurePrimary"] = {"L": "CortexLeft", "R": "CortexRight"}[side]
    table = "".join(f'<Label Key="{k}" Red="1">{name}</Label>' for k, name in (labels or {}).items())
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n<GIFTI Version="1.0" NumberOfDataArrays="{len(arrays)}">'
        f"{meta_xml(meta)}<LabelTable>{table}</LabelTable>{''.join(map(array_xml, arrays))}</GIFTI>\n"
    )
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path

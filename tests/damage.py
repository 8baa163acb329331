"""Damage that a format survives: a changed copy that is still a whole gzip, zip, JSON, XML, table or image.

Bytes that are changed anywhere mostly break a checksum or the syntax, and a reader that notices that shows nothing.
Here the content of a file is taken apart, changed and put together again, so that what reads the values is reached.
`change` finds the kind of a file by its first bytes; files within files are changed by the same rules.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable

import numpy as np

NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w.])")
EXTREME = (b"nan", b"inf", b"-inf", b"1e300", b"-1e300", b"-1", b"0", b"", b"99999999999999999999", b"1e-300", b"0.5,5")
TAG = re.compile(rb"<([A-Za-z_][\w:.-]*)[^<>]*?/?>")
ATTRIBUTE = re.compile(rb"(?<=\s)([\w:.-]+)=\"([^\"<>]*)\"")
VALUES = (
    None,
    True,
    -1,
    0,
    1e300,
    -1e300,
    float("nan"),
    float("inf"),
    10**30,
    "",
    "x" * 300,
    "\n",
    [],
    {},
    [[]],
    "nan",
)
LARGEST = 64 * 2**20  # bytes of a file that is taken apart
FLOATS = (np.nan, np.inf, -1e300, 1e300, 0.0, -1.0, 1e-300)


def change(data: bytes, rng) -> bytes:
    """One changed copy of a file that is whole in its own format; the same bytes where nothing could be changed."""
    try:
        return _kind(data)(data, rng) if len(data) < LARGEST else data
    except Exception:  # damaged before, so that nothing can be taken apart
        return data


def _kind(data: bytes) -> Callable[[bytes, np.random.Generator], bytes]:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if data.startswith(b"\x1f\x8b"):
        return _packed
    if data.startswith(b"PK\x03\x04"):
        return _zip
    if data.startswith(b"\x93NUMPY"):
        return _npy
    if data.startswith(b"\x89HDF"):
        return _hdf5
    if data[:4] in (struct.pack("<i", 348), struct.pack("<i", 540)):
        return _nifti
    if data.startswith(b"\0\0\0\1\0\0"):
        return _mgh
    if data[8:9] == b"{" and len(data) > 8:
        return _safetensors
    if start in (b"{", b"["):
        return _json
    return _xml if start == b"<" else _text


def _pick(rng, things):
    return things[int(rng.integers(len(things)))]


def _packed(data: bytes, rng) -> bytes:
    return gzip.compress(change(gzip.decompress(data), rng), 1)


def _zip(data: bytes, rng) -> bytes:
    """Another member, one fewer, one twice, or another name; checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    k, how = int(rng.integers(len(members))), rng.random()
    name, content = members[k]
    if how < 0.7:
        members[k] = (name, change(content, rng))
    elif how < 0.8:
        del members[k]
    elif how < 0.9:
        members[k] = (_pick(rng, ("../x.npy", "x.npy", name.upper(), "")), content)
    else:
        members[k] = (name, _pick(rng, members)[1])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def array(values: np.ndarray, rng) -> np.ndarray:
    """An array of another shape or kind of number, or with another value in some places."""
    how = int(rng.integers(7))
    if how == 0 and values.dtype.kind in "fiu" and values.size:
        return values.astype(str(_pick(rng, ["f2", "f8", "i1", "i8", "u2", ">f4", "c8", "?", "U8"])))
    if how == 1:
        return values[: int(rng.integers(values.shape[0] + 1))] if values.ndim and len(values) else values[None]
    if how == 2:
        return values.T if values.ndim > 1 else values[None]
    if how == 3:
        return values.reshape(-1)
    if how == 4:
        return np.concatenate([values, values]) if values.ndim else np.array([])
    if how == 5:
        return np.zeros_like(values)
    out = values.copy()
    if out.dtype.kind == "f" and out.size:
        some = rng.random(out.shape) < _pick(rng, (0.01, 0.3, 1.1))
        out[some] = np.clip(_pick(rng, FLOATS), np.finfo(out.dtype).min, np.finfo(out.dtype).max)
    elif out.dtype.kind in "iu" and out.size:
        some = rng.random(out.shape) < _pick(rng, (0.01, 0.3, 1.1))
        info = np.iinfo(out.dtype)
        out[some] = _pick(rng, (info.min, info.max, 0, 1))
    return out


def _npy(data: bytes, rng) -> bytes:
    values = np.load(io.BytesIO(data), allow_pickle=False)
    out = io.BytesIO()
    with np.errstate(all="ignore"):
        np.save(out, array(values, rng))
    return out.getvalue()


def _hdf5(data: bytes, rng) -> bytes:
    """One data set changed, packed, renamed or taken away."""
    import h5py

    out = io.BytesIO(data)
    with h5py.File(out, "r+") as file, np.errstate(all="ignore"):
        key = _pick(rng, sorted(file))
        values, how = file[key][()], rng.random()
        del file[key]
        if how < 0.6:
            changed = array(values, rng)
            file[key] = changed if changed.dtype.kind != "U" else changed.astype("S8")
        elif how < 0.7:
            file.create_dataset(key, data=values, chunks=(1,) * values.ndim, compression="gzip")
        elif how < 0.8:
            file.create_dataset(key, shape=(10**6, 10**5), dtype="f4", chunks=(10**4, 10**3))
        elif how < 0.9:
            file[f"{key}2"] = values
        else:
            file.create_group(key)
    return out.getvalue()


# Place and kind of the numbers of a NIfTI-1 and of a NIfTI-2 header.
NIFTI_1 = (*((40 + 2 * k, "<h") for k in range(8)), (68, "<h"), (70, "<h"), (72, "<h"), (123, "<b"), (252, "<h"))
NIFTI_1 += (*((76 + 4 * k, "<f") for k in range(8)), (108, "<f"), (112, "<f"), (116, "<f"), (254, "<h"))
NIFTI_1 += tuple((280 + 4 * k, "<f") for k in range(12))
NIFTI_2 = ((12, "<h"), (14, "<h"), *((16 + 8 * k, "<q") for k in range(8)), *((104 + 8 * k, "<d") for k in range(8)))
NIFTI_2 += ((168, "<q"), (176, "<d"), (184, "<d"), (344, "<i"), (348, "<i"), (500, "<i"), (504, "<i"))
MGH_FIELDS = (*((4 + 4 * k, ">i") for k in range(6)), (28, ">h"), *((30 + 4 * k, ">f") for k in range(15)))


def _fields(data: bytes, fields, rng) -> bytes:
    """One to three numbers of a header set to what none should be."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at, form = _pick(rng, fields)
        if form[1] in "fd":
            packed = struct.pack(form, float(np.clip(_pick(rng, FLOATS), -3e38, 3e38)))
        else:
            bits = 8 * struct.calcsize(form)
            packed = struct.pack(form, _pick(rng, (0, -1, 1, 2, 64, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)))))
        out[at : at + len(packed)] = packed
    return bytes(out[: len(data)])


def _nifti(data: bytes, rng) -> bytes:
    """Fields of the header, the XML of a CIFTI extension, or the numbers behind it."""
    second = data[:4] == struct.pack("<i", 540)
    size = 540 if second else 348
    start = struct.unpack_from("<q", data, 168)[0] if second else int(struct.unpack_from("<f", data, 108)[0])
    how = rng.random()
    if how < 0.5 or not size < start <= len(data):
        return _fields(data, NIFTI_2 if second else NIFTI_1, rng)
    if second and how < 0.85 and b"<CIFTI" in data[:start]:
        lo, hi = data.index(b"<CIFTI"), data.rindex(b"</CIFTI>", 0, start) + len(b"</CIFTI>")
        xml = _xml(data[lo:hi], rng)[: start - lo]  # the place of the data stays
        return data[:lo] + xml.ljust(start - lo, b"\0") + data[start:]
    return data[:start] + _numbers(data[start:], rng, "<f4")


def _mgh(data: bytes, rng) -> bytes:
    return _fields(data, MGH_FIELDS, rng) if rng.random() < 0.7 else data[:284] + _numbers(data[284:], rng, ">f4")


def _numbers(data: bytes, rng, kind: str) -> bytes:
    """Some numbers of a stretch of bytes set to what is no measurement."""
    values = np.frombuffer(data[: len(data) // 4 * 4], kind).copy()
    with np.errstate(all="ignore"):
        values[rng.random(values.shape) < _pick(rng, (0.001, 0.3, 1.1))] = _pick(rng, FLOATS)
    return values.tobytes() + data[len(values) * 4 :]


def _safetensors(data: bytes, rng) -> bytes:
    """The header, whose length stays right, or the numbers behind it."""
    (size,) = struct.unpack_from("<Q", data)
    if rng.random() < 0.5:
        return data[: 8 + size] + _numbers(data[8 + size :], rng, "<f4")
    header = _json(data[8 : 8 + size], rng)
    return struct.pack("<Q", len(header)) + header + data[8 + size :]


def _json(data: bytes, rng) -> bytes:
    """One value of a JSON file replaced, taken away, doubled or renamed; metadata inside texts, too."""
    content = json.loads(data.decode("utf-8-sig"))
    places: list[tuple] = []
    _places(content, places)
    if not places:
        return json.dumps(_pick(rng, VALUES)).encode()
    box, key = _pick(rng, places)
    how, value = rng.random(), box[key]
    if how < 0.7:
        box[key] = _other(value, rng)
    elif how < 0.8:
        del box[key]
    elif isinstance(box, list):
        box.extend([value] * int(rng.integers(1, 4)))
    else:
        box[f"{key}2"] = box.pop(key)
    return json.dumps(content).encode()


def _places(value, out: list[tuple]) -> None:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        out.append((value, key))
        _places(value[key], out)


def _other(value, rng):
    """Another JSON value, often of the same kind."""
    if isinstance(value, bool) or rng.random() < 0.4:
        return _pick(rng, VALUES)
    if isinstance(value, int):
        return _pick(rng, (0, -value - 1, value * 1000, value + 1, 2**53))
    if isinstance(value, float):
        return _pick(rng, (0.0, -value, value * 1000, value + 60, 1e300))
    if isinstance(value, str):
        try:  # a manifest, an array header or the like inside a text
            if value[:1] in "{[":
                return _json(value.encode(), rng).decode()
        except ValueError:
            pass
        return _pick(rng, (value + value, value[:1], value.upper(), f"{value}\n{value}", "é" + value, "../" + value))
    return _pick(rng, VALUES)


def _xml(data: bytes, rng) -> bytes:
    """An attribute or a number replaced, an element taken away, doubled or renamed."""
    attributes, tags = list(ATTRIBUTE.finditer(data)), list(TAG.finditer(data))
    how = rng.random()
    if attributes and how < 0.6:
        found = _pick(rng, attributes)
        old = found[2]
        new = _pick(rng, EXTREME) if NUMBER.fullmatch(old) or rng.random() < 0.3 else _pick(rng, attributes)[2]
        return data[: found.start(2)] + new + data[found.end(2) :]
    if not tags:
        return data
    found = _pick(rng, tags)
    close = data.find(b"</" + found[1] + b">", found.end())
    end = found.end() if close < 0 else close + len(found[1]) + 3
    if how < 0.75:
        return data[: found.start()] + data[end:]
    if how < 0.9:
        return data[:end] + data[found.start() : end] + data[end:]
    return data[: found.start(1)] + _pick(rng, tags)[1] + data[found.end(1) :]


def _text(data: bytes, rng) -> bytes:
    """Numbers replaced, lines taken away, doubled or exchanged, fields added, another encoding or line end."""
    how, lines = rng.random(), data.split(b"\n")
    if how < 0.5:
        numbers = list(NUMBER.finditer(data[: 2**20]))
        if numbers:
            found = _pick(rng, numbers)
            return data[: found.start()] + _pick(rng, EXTREME) + data[found.end() :]
    k = int(rng.integers(len(lines)))
    if how < 0.6:
        del lines[k]
    elif how < 0.7:
        lines[k:k] = [lines[k]] * int(rng.integers(1, 4))
    elif how < 0.8:
        other = int(rng.integers(len(lines)))
        lines[k], lines[other] = lines[other], lines[k]
    elif how < 0.87:
        lines[k] += _pick(rng, (b"\t1", b",1", b" 1", b" # x", b'"'))
    else:
        return _recoded(data, rng)
    return b"\n".join(lines)


def _recoded(data: bytes, rng) -> bytes:
    text = data.decode()
    name = _pick(rng, ("utf-16", "utf-16-be", "utf-8-sig", "utf-32", "latin-1", "cp1252"))
    text = text.replace("\n", str(_pick(rng, ("\r\n", "\r", "\n", "\u2028"))))
    return text.encode(name, "replace")

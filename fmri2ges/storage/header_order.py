"""Files of weights whose bytes follow from their values: safetensors writes its metadata in an order of chance."""

from __future__ import annotations

import json
import struct


def in_order(data: bytes) -> bytes:
    """The bytes of a safetensors file with the metadata sorted by name; nothing else changes."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    ordered = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(length)
    assert len(ordered) == length, "only the order changes"
    return data[:8] + ordered + data[8 + length :]

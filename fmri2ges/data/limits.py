"""What a small file may unpack to: compressed files that others have made, read with a bound on every step."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import IO

from ..errors import UserError

FREE = 256 * 2**20  # bytes that any file may unpack to
RATIO = 50  # times its own size that a large file may unpack to; noise of a scanner packs to a half or a third
LARGEST = 4 * 2**30  # bytes that no file may unpack to


def unpacked_limit(path) -> int:
    """Bytes that a file may unpack to, by its own size."""
    return min(max(FREE, RATIO * Path(path).stat().st_size), LARGEST)


class Unpacked:
    """A compressed or plain file as a stream of bytes that ends with an error where it becomes too large.

    Parameters
    ----------
    path : file; it is unpacked where its name ends with .gz, .mgz or its bytes say so
    limit : bytes that may come out
    """

    def __init__(self, path, limit: int):
        self.path, self.left, self.limit = path, limit, limit
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        self._file: IO[bytes] = gzip.open(path, "rb") if packed else open(path, "rb")  # noqa: SIM115 closed by __exit__

    def read(self, n: int) -> bytes:
        """At most `n` bytes; fewer at the end."""
        # Not more than there may be: memory is taken for as many bytes as are asked for.
        data = self._file.read(min(n, self.left + 1))
        self.left -= len(data)
        if self.left < 0:
            raise UserError(too_large(self.path, self.limit))
        return data

    def __enter__(self) -> Unpacked:
        return self

    def __exit__(self, *error) -> None:
        self._file.close()


def check_unpacked(path, n_bytes: int) -> None:
    """Refuse measured values that take far more than their packed file: noise does not shrink so much.

    Raises
    ------
    UserError
    """
    limit = unpacked_limit(path)
    if n_bytes > limit:
        raise UserError(too_large(path, limit))


def too_large(path, limit: int) -> str:
    """The message for a file that unpacks to more than it may."""
    size = os.path.getsize(path)
    return (
        f"{path}: unpacks from {size / 2**20:.1f} MB to more than {limit / 2**20:.0f} MB, which no such file does; "
        "it may be damaged: copy it again"
    )

"""Damaged files for the readers: each must be read, or refused in one line, in little memory and without hanging.

for data in mutations(whole, 60, seed=0):
    survives(read_bvh, data, ".bvh", tmp_path)
"""

from __future__ import annotations

import re
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fmri2ges.errors import StudyError, UserError
from tests.damage import change

LIMIT_S = 5.0  # computing time after which a reader counts as hanging; damaged files take milliseconds
LIMIT_MB = 768  # of address space that one call may take; files may unpack to 256 MB
HEADER = 1024  # bytes at the start that are hit more often than the rest
NUMBERS = (-1, 0, 1, 255, 2**15 - 1, 2**16 - 1, 2**31 - 1, -(2**31), 2**32 - 1, 2**62, 2**63 - 1)
WORDS = (
    b"-1",
    b"0",
    b"nan",
    b"inf",
    b"1e308",
    b"-1e308",
    b"99999999999999999999",
    b"2147483647",
    b"",
    b"x",
    b"null",
    b"\xff\xfe",
    b"[" * 3000,
)
FIELD = re.compile(rb"[^\s,;:=<>\"'\[\]{}()]+")


def mutations(data: bytes, n: int, seed) -> Iterator[bytes]:
    """`n` damaged copies of a file.

    Parameters
    ----------
    data : bytes of a whole file
    n : number of copies
    seed : int, sequence of int or numpy Generator
    """
    rng = np.random.default_rng(seed)
    kinds = (
        truncate,
        flip_bytes,
        flip_bits,
        huge_number,
        overwrite_field,
        swap_fields,
        swap_stretches,
        drop,
        repeat,
        junk,
    )
    for k in range(n):
        # Half of the copies are whole in their own format, with another content.
        damaged = change(data, rng) if k % 2 else kinds[k // 2 % len(kinds)](data, rng)
        # Every fourth copy is hurt twice: damage that a first check catches may hide the next.
        if k % 8 == 3:
            damaged = change(damaged, rng)
        yield kinds[rng.integers(len(kinds))](damaged, rng) if k % 8 == 6 else damaged


def _place(data: bytes, rng) -> int:
    """A position; half of the time near the start."""
    end = min(len(data), HEADER) if rng.random() < 0.5 else len(data)
    return int(rng.integers(max(end, 1)))


def _stretch(data: bytes, rng) -> tuple[int, int]:
    start = _place(data, rng)
    return start, min(len(data), start + int(2 ** rng.uniform(0, 12)))


def truncate(data, rng):
    return data[: _place(data, rng)]


def flip_bytes(data, rng):
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 9)) if out else 0):
        out[_place(data, rng)] = int(rng.integers(256))
    return bytes(out)


def flip_bits(data, rng):
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 4)) if out else 0):
        out[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(out)


def huge_number(data, rng):
    """A size or count that is far too large, negative or zero, as a binary header would hold it."""
    width = int(rng.choice([2, 4, 8]))
    value = NUMBERS[rng.integers(len(NUMBERS))] % 2 ** (8 * width)
    packed = value.to_bytes(width, str(rng.choice(["little", "big"])))
    if rng.random() < 0.2:
        packed = struct.pack("<d", float(rng.choice([np.nan, np.inf, -1e308])))
    at = _place(data, rng)
    at -= at % width
    return data[:at] + packed + data[at + len(packed) :]


def _fields(data: bytes, rng) -> list[tuple[int, int]]:
    """Places of words and numbers of a text near a random position."""
    start = max(0, _place(data, rng) - 200)
    return [(m.start() + start, m.end() + start) for m in FIELD.finditer(data[start : start + 2000])]


def overwrite_field(data, rng):
    fields = _fields(data, rng)
    if not fields:
        return data
    lo, hi = fields[rng.integers(len(fields))]
    return data[:lo] + WORDS[rng.integers(len(WORDS))] + data[hi:]


def swap_fields(data, rng):
    fields = _fields(data, rng)
    if len(fields) < 2:
        return data
    (a, b), (c, d) = sorted(fields[i] for i in rng.choice(len(fields), 2, replace=False))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def swap_stretches(data, rng):
    (a, b), (c, d) = sorted((_stretch(data, rng), _stretch(data, rng)))
    return data if c < b else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def drop(data, rng):
    lo, hi = _stretch(data, rng)
    return data[:lo] + data[hi:]


def repeat(data, rng):
    lo, hi = _stretch(data, rng)
    return data[:hi] + data[lo:hi] * int(rng.integers(1, 4)) + data[hi:]


def junk(data, rng):
    """Nothing, or bytes that do not belong there."""
    if rng.random() < 0.1:
        return b""
    at = _place(data, rng)
    return data[:at] + rng.bytes(int(2 ** rng.uniform(0, 10))) + data[at:]


class Hang(BaseException):
    """Not an Exception, so that no reader takes it for damage of the file."""


@contextmanager
def stopped_after(seconds: float):
    """Stop the block when it has computed for too long (where the system has such an alarm)."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def stop(number, frame):
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def bounded_memory(megabytes: float):
    """Let the process take so much more address space, and no more (where the system has such a limit).

    What the process has taken and freed before it may use again beside that.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + int(megabytes * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def out_of_memory(error: BaseException | None) -> bool:
    """Whether an error came of a lack of memory, also where a reader made another error of it."""
    while error is not None:
        if isinstance(error, MemoryError) or "Cannot allocate memory" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def outcome(reader: Callable, path: Path) -> tuple[bool, Any]:
    """(True, value) of a file that is read, (False, message) of one that is refused; the test fails otherwise."""
    size = path.stat().st_size
    try:
        with bounded_memory(LIMIT_MB), stopped_after(LIMIT_S):
            return True, reader(path)
    except UserError as error:
        assert not out_of_memory(error), f"{path}: took more than {LIMIT_MB} MB for {size} bytes: {error}"
        lines = error.problems if isinstance(error, StudyError) else (str(error),)
        bad = [line for line in lines if not line.strip() or len(line.splitlines()) != 1 or len(line) > 1000]
        if bad or not lines:
            pytest.fail(f"{path}: the message is not one short line: {(bad or [''])[0]!r}")
        return False, lines
    except Hang:
        pytest.fail(f"{path}: still reading after {LIMIT_S:g} s")
    except Exception as error:
        assert not out_of_memory(error), f"{path}: took more than {LIMIT_MB} MB for {size} bytes"
        raise AssertionError(f"{path}: {type(error).__name__} reached the user: {error}") from error


def survives(reader: Callable, data: bytes, suffix: str, tmp_path) -> bool:
    """Whether `reader(path)` reads the bytes; the test fails unless it does, or refuses them in one line.

    Parameters
    ----------
    reader : takes a path and raises `UserError` for what it cannot read
    suffix : end of the file's name, such as ``".label.gii"``; with text before the first dot, the whole name
    tmp_path : folder to write in; the damaged file stays there when the test fails
    """
    path = tmp_path / (suffix if not suffix.startswith((".", "_")) else f"mutant{suffix}")
    path.write_bytes(data)
    return outcome(reader, path)[0]

"""The second half of a BVH file: the header of its motion and the numbers of its frames."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np

from ...errors import UserError, one_line
from .rates import Rate, rate_of_frame_time

# A line of its own: a joint may be called LeftMOTIONLeg.
START = re.compile(rb"^[ \t]*MOTION(?=\s)", re.IGNORECASE | re.MULTILINE)
HEADER = re.compile(rb"\s*MOTION\s+Frames\s*:\s*(\S+)\s+Frame\s+Time\s*:\s*(\S+)[^\n]*\n?", re.IGNORECASE)
GLUED = re.compile(rb"(?<=[0-9.])-(?=[0-9.])")  # a minus sign behind a digit begins the next number
LARGEST = 1e9  # no angle or place may be larger


def motion_start(data: bytes) -> int:
    """Where the line MOTION begins; -1 where there is none."""
    found = START.search(data)
    return found.start() if found else -1


def unglued(text: bytes) -> bytes:
    """Numbers that a minus sign glues together, as in ``1.25-0.5``, taken apart."""
    return GLUED.sub(b" -", text)


def read_frames(path: Path, data: bytes, start: int, n_channels: int) -> tuple[np.ndarray, Rate]:
    """Frames and rate of a BVH file.

    Parameters
    ----------
    path : the file, for messages
    data : the whole file
    start : where MOTION begins
    n_channels : numbers that the hierarchy announces for each frame

    Returns
    -------
    frames : array (n_frames, n_channels)
    rate : Rate, with the notes on rate and frames

    Raises
    ------
    UserError
        With the line of what is wrong.
    """
    found = HEADER.match(data, start)
    if not found:
        raise _wrong(path, data, start, "after MOTION come 'Frames:' and 'Frame Time:'")
    try:
        n_frames = int(float(found[1]))
    except (ValueError, OverflowError):
        n_frames = 0
    if n_frames < 1:
        raise _wrong(path, data, found.start(1), f"Frames {_shown(found[1])} is no number of frames")
    try:
        rate = rate_of_frame_time(found[2].decode("latin-1"), "Frame Time")
    except UserError as error:
        raise _wrong(path, data, found.start(2), str(error)) from error
    body = data[found.end() :]
    if not body.strip():
        raise UserError(f"{path}: holds no frames after its header ({n_frames} are announced)")
    frames, notes = _numbers(path, body, data.count(b"\n", 0, found.end()) + 1, n_channels)
    notes += _count_notes(path, len(frames), n_frames, n_channels)
    if not (np.abs(frames) < LARGEST).all():
        frame, channel = np.argwhere(~(np.abs(frames) < LARGEST))[0]
        raise UserError(
            f"{path}: frame {frame + 1}, channel {channel + 1}: {frames[frame, channel]:g} is no finite angle or place"
        )
    return frames, Rate(rate.fps, (*rate.notes, *notes))


def _count_notes(path: Path, found: int, announced: int, n_channels: int) -> list[str]:
    """What is to be said where another number of frames follows than the header announces."""
    if found == announced:
        return []
    if found == announced + 1:  # writers that count from 0, or leave the rest pose out of the count
        return [f"{found} frames follow where the header announces {announced}; all are taken"]
    what = f"{found} frames of {n_channels} numbers where its header announces {announced} frames of {n_channels}"
    cause = "was the file cut off?" if found < announced else "correct the number behind Frames:"
    raise UserError(f"{path}: {what}; {cause}")


def _numbers(path: Path, text: bytes, line: int, n_channels: int) -> tuple[np.ndarray, list[str]]:
    """The table of numbers whose first line has this number in the file, and notes."""
    frames = _table(text, n_channels)
    if frames is not None:
        return frames, []
    if GLUED.search(text):
        apart = unglued(text)
        frames = _table(apart, n_channels)
        if frames is not None:
            return frames, ["numbers that a minus sign glues together were taken apart"]
        text = apart
    raise _first_fault(path, text, line, n_channels)


def _table(text: bytes, n_channels: int) -> np.ndarray | None:
    """Numbers in rows of `n_channels`, or None where they are no such table."""
    try:
        table = np.loadtxt(io.BytesIO(text), ndmin=2, comments=None)
    except (ValueError, OverflowError):
        return None
    return table if table.shape[1] == n_channels else None


def _first_fault(path: Path, text: bytes, line: int, n_channels: int) -> UserError:
    """The first row that is no row of `n_channels` numbers, with the likely cause."""
    for number, row in enumerate(text.split(b"\n"), start=line):
        words = row.split()
        for word in words:
            try:
                float(word)
            except ValueError:
                return UserError(f"{path}, line {number}: in the frames, {_shown(word)} {_cause(word)}")
        if words and len(words) != n_channels:
            return UserError(
                f"{path}, line {number}: in the frames, {len(words)} numbers where the hierarchy has {n_channels} "
                "channels; was the file cut off, or a joint removed?"
            )
    return UserError(f"{path}, line {line}: in the frames, no table of {n_channels} numbers a row could be read")


def _cause(word: bytes) -> str:
    if re.fullmatch(rb"[-+]?\d+,\d+([eE][-+]?\d+)?", word):
        return "has a decimal comma; export with a decimal point"
    if b"," in word or b";" in word:
        return "holds commas or semicolons; numbers in BVH are separated by spaces"
    if re.fullmatch(rb"[-+]?\d*\.\d+\.\d+", word):
        return "is two numbers glued together; export with spaces between them"
    return "is no number"


def _shown(word: bytes) -> str:
    return one_line(repr(word.decode("latin-1")), 40)


def _wrong(path: Path, data: bytes, at: int, what: str) -> UserError:
    line = data.count(b"\n", 0, at) + 1
    return UserError(f"{path}, line {line}: is not a readable BVH file: {what}")

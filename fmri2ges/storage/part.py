"""The part of a decoded folder between two moments, for exports of a stretch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ..data.atomic import write_json
from ..data.motion.npz import read_motion, write_motion
from ..data.words.files import read_words_tsv, write_words_tsv
from ..errors import UserError
from ..exports.motion import BRANCHES, read_manifest


@contextmanager
def part_of(decode_dir, start: float | None = None, stop: float | None = None, words: bool = True) -> Iterator[Path]:
    """A decoded folder with less in it, while the block runs.

    Parameters
    ----------
    decode_dir : folder that `decode` wrote; it is given back itself when nothing is left out
    start, stop : seconds on the story's clock; None is the first or the last of the folder
    words : False leaves the decoded words out

    Raises
    ------
    UserError
        When the folder is no decoded one, or no frame lies between `start` and `stop`.
    """
    decode_dir = Path(decode_dir)
    manifest = read_manifest(decode_dir)
    if start is None and stop is None and words:
        yield decode_dir
        return
    low = float("-inf") if start is None else start
    high = float("inf") if stop is None else stop
    if not low < high:
        raise UserError(f"start, stop: stop must be later than start; got {low:g} and {high:g} s")
    with TemporaryDirectory() as temp:
        folder = Path(temp) / decode_dir.name
        for name in BRANCHES:
            file = decode_dir / f"{name}.npz"
            if file.is_file():
                write_motion(folder / file.name, read_motion(file).slice(low, high))
        file = decode_dir / "words.tsv"
        if words and file.is_file():
            write_words_tsv(folder / file.name, read_words_tsv(file).slice(low, high))
        given = {key: value for key, value in (("start", start), ("stop", stop)) if value is not None}
        write_json(folder / "manifest.json", manifest | given)
        yield folder

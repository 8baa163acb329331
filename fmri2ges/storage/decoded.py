"""Decoded results on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.atomic import read_json, write_json, write_text
from ..data.bold.tables import read_table
from ..data.motion.npz import read_motion, write_motion
from ..data.words.files import write_words_tsv
from ..errors import UserError
from ..results import Decoded
from ..types import Words


def write_decoded(decoded: Decoded, out, roi_note: str = "") -> Path:
    """Write text.npz, direct.npz, words.tsv, texts.json and manifest.json into the folder `out`.

    Parameters
    ----------
    roi_note : how the ROIs follow from a file of vertices; kept in the manifest
    """
    out = Path(out)
    for name, motion in (("text", decoded.text), ("direct", decoded.direct)):
        if motion is not None:
            write_motion(out / f"{name}.npz", motion)
    if decoded.texts:
        write_words_tsv(out / "words.tsv", decoded.texts[0])
        texts = [
            {
                "words": list(w.text),
                "start": np.round(w.start, 4).tolist(),
                "duration": np.round(w.duration, 4).tolist(),
            }
            for w in decoded.texts
        ]
        write_json(out / "texts.json", texts)
    if decoded.rate is not None:
        rows = "".join(f"{t:.3f}\t{n:.4f}\n" for t, n in decoded.rate)
        write_text(out / "rate.tsv", "volume_time\twords_per_volume\n" + rows)
    write_json(out / "manifest.json", decoded.manifest | ({"roi_note": roi_note} if roi_note else {}))
    return out


def read_decoded(folder) -> Decoded:
    """Read what `write_decoded` wrote.

    Raises
    ------
    UserError
        When the folder is not one that `decode` wrote, or a file of it is damaged.
    """
    folder = Path(folder)
    if not (folder / "manifest.json").is_file():
        raise UserError(
            f"{folder}: is not a decoded result (no manifest.json); make one with: python -m fmri2ges decode RUN ... --out {folder}"
        )
    manifest = read_json(folder / "manifest.json")
    if manifest.get("kind") != "decode":
        raise UserError(
            f"{folder}: holds a {manifest.get('kind')!r} run, not a decoded result; give what `decode --out` wrote"
        )
    motions = {n: read_motion(folder / f"{n}.npz") for n in ("text", "direct") if (folder / f"{n}.npz").is_file()}
    if not motions:
        raise UserError(f"{folder}: holds neither text.npz nor direct.npz; decode again")
    texts = []
    if (folder / "texts.json").is_file():
        texts = [Words.from_lists(t["words"], t["start"], t["duration"]) for t in read_json(folder / "texts.json")]
    rate = None
    if (folder / "rate.tsv").is_file():
        rate = read_table(folder / "rate.tsv")[0]
    return Decoded(
        motions.get("text"),
        motions.get("direct"),
        tuple(texts),
        tuple(manifest["rois"]),
        manifest["start"],
        manifest["stop"],
        manifest,
        rate,
    )

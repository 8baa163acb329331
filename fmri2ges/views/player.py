"""What the skeleton player draws, as one dict: small, ready for JSON, and the same bytes for the same input."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UserError, check_option
from ..results import BRANCHES, Decoded
from ..types import Motion, Words
from .names import NAMED_ROIS, result_stem, run_name

# Colours of Okabe and Ito. None is the text colour of the theme; B is the second of two ROI selections.
COLOURS = {
    "text": "#0072B2",
    "direct": "#D55E00",
    "reference": None,
    "text B": "#009E73",
    "direct B": "#CC79A7",
}
MAX_METRES = 32.767  # int16 millimetres


def quantise(positions: np.ndarray) -> str:
    """Positions as base64 of little-endian int16 millimetres (error <= 0.5 mm).

    Parameters
    ----------
    positions : array (n_frames, n_joints, 3), metres

    Raises
    ------
    UserError
        When a joint lies more than 32.767 m from the origin.
    """
    positions = np.asarray(positions, np.float64)
    far = float(np.abs(positions).max(initial=0.0))
    if far > MAX_METRES:
        raise UserError(
            f"motion: a joint lies {far:.1f} m from the origin, the player shows at most {MAX_METRES:.1f} m; "
            "give the positions in metres, not in centimetres or millimetres"
        )
    return base64.b64encode(np.rint(positions * 1000).astype("<i2").tobytes()).decode("ascii")


def player_data(
    decoded: Decoded,
    reference: Motion | None = None,
    heard: Words | None = None,
    bold: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    other: Decoded | None = None,
    branch: str = "both",
    sample: int = 0,
) -> dict[str, Any]:
    """What the skeleton player needs to show one decoded window.

    Parameters
    ----------
    decoded : Decoded
    reference : Motion or None
        Simulated truth or a real paired clip; cut to the window.
    heard : Words or None
        The words the subject heard; cut to the window.
    bold : (times, values) or None
        Mean BOLD of the selected ROIs: two arrays (n_volumes,), seconds and z.
    other : Decoded or None
        A second ROI selection (B), shown beside the first one (A).
    branch : 'both', 'text' or 'direct'
    sample : which of the K samples to show, from 0

    Returns
    -------
    dict
        ``start``, ``stop`` (seconds), ``simulated``, ``caption``, ``run``, ``file`` (name of a saved view, without
        time and ending), ``skeleton``, ``views`` (motions), ``transcripts`` and ``bold``.
    """
    check_option("branch", branch, ("both", *BRANCHES))
    selections = [("", decoded)] if other is None else [("A", decoded), ("B", other)]
    selections = [(letter, result.sample(sample)) for letter, result in selections]
    views, transcripts = [], []
    if heard is not None:
        transcripts.append(_transcript("heard", None, heard.slice(decoded.start, decoded.stop)))
    # Branch by branch, so that A and B of one branch stand next to each other.
    for kind in BRANCHES if branch == "both" else (branch,):
        for letter, result in selections:
            motion = getattr(result, kind)
            if motion is not None:
                views.append(_view(f"{kind} {letter}".strip(), motion, _detail(result, letter)))
    for letter, result in selections:
        if branch != "direct" and result.texts:
            name = f"decoded {letter}".strip()
            colour = COLOURS["text B" if letter == "B" else "text"]
            transcripts.append(_transcript(name, colour, result.texts[0]))
    if reference is not None and reference.shares(decoded.start, decoded.stop):
        views.append(_view("reference", cut(reference, decoded.start, decoded.stop)))
    if not views:
        raise UserError(f"player: this result has no {branch} branch to show; decode it with branch = both")
    skeletons = {(v.pop("joints"), v.pop("parents")) for v in views}
    if len(skeletons) > 1:
        raise UserError("player: the motions have different skeletons; map them to the same joints first")
    joints, parents = skeletons.pop()
    return {
        "start": round(float(decoded.start), 4),
        "stop": round(float(decoded.stop), 4),
        "simulated": decoded.simulated,
        "caption": caption(decoded, other),
        "run": run_name(decoded.request.run),
        "file": result_stem(decoded.request, _shown(decoded, other, branch, sample), decoded.simulated),
        "skeleton": {"joints": list(joints), "parents": list(parents)},
        "views": views,
        "transcripts": transcripts,
        "bold": _bold(bold, decoded),
    }


def _shown(decoded: Decoded, other: Decoded | None, branch: str, sample: int) -> list[str]:
    """Words for the name of a saved view."""
    against = [] if other is None else ["versus", *other.rois[:NAMED_ROIS]]
    samples = [f"sample{sample + 1}"] if decoded.request.samples > 1 else []
    return ["-".join(against), "both-branches" if branch == "both" else branch, *samples]


def cut(motion: Motion, start: float, stop: float) -> Motion:
    """The part of a motion inside the window, without its samples."""
    return replace(motion.slice(start, stop), samples=None)


def roi_label(rois, most: int = 4) -> str:
    """A short name of an ROI selection: ``'AC, Broca'``, ``'all ROIs'``, ``'AC, Broca + 7 more'``."""
    rois = tuple(rois)
    if rois == ("all",):
        return "all ROIs"
    extra = len(rois) - most
    return ", ".join(rois[:most]) + (f" + {extra} more" if extra > 0 else "")


def caption(decoded: Decoded, other: Decoded | None = None) -> str:
    """One line that says whose gestures these are: subject, story, ROIs."""
    who = [name for name in (decoded.request.subject, decoded.request.story) if name]
    rois = roi_label(decoded.rois)
    if other is not None:
        rois = f"A: {rois} \u00b7 B: {roi_label(other.rois)}"
    return " \u00b7 ".join([*who, rois])


def _view(name: str, motion: Motion, detail: str = "") -> dict[str, Any]:
    kind = name.removesuffix(" A")
    return {
        "name": name,
        "detail": detail,
        "colour": COLOURS[kind],
        "fps": float(motion.fps),
        "start": round(float(motion.start), 4),
        "frames": motion.n_frames,
        "positions": quantise(motion.positions),
        "joints": motion.skeleton.joints,
        "parents": motion.skeleton.parents,
    }


def _detail(result: Decoded, letter: str) -> str:
    return roi_label(result.rois, most=2) if letter else ""


def _transcript(name: str, colour: str | None, words: Words) -> dict[str, Any]:
    return {
        "name": name,
        "colour": colour,
        "words": list(words.text),
        "start": np.round(words.start, 3).tolist(),
        "duration": np.round(words.duration, 3).tolist(),
    }


def _bold(bold, decoded: Decoded) -> dict[str, Any] | None:
    if bold is None:
        return None
    times, values = (np.asarray(a, float) for a in bold)
    # One volume beyond each edge lets the curve reach the borders of the window.
    step = float(np.diff(times).max(initial=0.0))
    keep = (times >= decoded.start - step) & (times <= decoded.stop + step)
    if not keep.any():
        return None
    return {
        "name": f"BOLD, {roi_label(decoded.rois, most=2)}",
        "times": np.round(times[keep], 3).tolist(),
        "values": np.round(values[keep], 3).tolist(),
    }

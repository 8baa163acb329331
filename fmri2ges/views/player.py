"""What the skeleton player draws, as one dict: small, ready for JSON, and the same bytes for the same input."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from ..errors import UserError
from ..motion.phases import RULE, gesture_phases
from ..results import Decoded
from ..types import Motion, Words
from .names import NAMED_ROIS, result_stem, run_name
from .own_motion import AS_IT_IS
from .tracks import COLOURS, HEARD, OWN, READS, Track

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
    motions: dict[Track, Motion],
    heard: Words | None = None,
    bold: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    other: Decoded | None = None,
    other_bold: tuple[np.ndarray, np.ndarray] | None = None,
    sample: int = 0,
) -> dict[str, Any]:
    """What the skeleton player needs to show one decoded window.

    Parameters
    ----------
    decoded : Decoded
    motions : the tracks to show, from `tracks.Material.motions`
    heard : Words or None
        The words the subject heard; cut to the window.
    bold : (times, values) or None
        Mean BOLD of the selected ROIs: two arrays (n_volumes,), seconds and z.
    other : Decoded or None
        A second ROI selection (B), shown beside the first one (A).
    other_bold : (times, values) or None
        Mean BOLD of the ROIs of B, as `bold`.
    sample : which of the K samples the tracks and the decoded words are, from 0

    Returns
    -------
    dict
        ``start``, ``stop`` (seconds), ``simulated``, ``caption``, ``run``, ``file`` (name of a saved view, without
        time and ending), ``skeleton``, ``views`` (motions, with their strokes and holds), ``phases`` (how those are
        told), ``transcripts``, ``bold`` and ``other_bold``.
    """
    results = {"": decoded} if other is None else {"A": decoded, "B": other}
    views = [_view(track, motion, results) for track, motion in motions.items()]
    if not views:
        raise UserError("player: this result has none of the chosen tracks; choose others, or decode both branches")
    skeletons = {(v.pop("joints"), v.pop("parents")) for v in views}
    if len(skeletons) > 1:
        raise UserError("player: the motions have different skeletons; map them to the same joints first")
    joints, parents = skeletons.pop()
    transcripts = []
    if heard is not None:
        transcripts.append(_transcript(HEARD, COLOURS[HEARD], heard.slice(decoded.start, decoded.stop)))
    for track in motions:
        texts = results[track.letter].sample(sample).texts if track.branch == "text" else ()
        if texts:
            transcripts.append(_transcript(f"decoded {track.letter}".strip(), track.colour, texts[0]))
    return {
        "start": round(float(decoded.start), 4),
        "stop": round(float(decoded.stop), 4),
        "simulated": decoded.simulated,
        "caption": caption(decoded, other),
        "run": run_name(decoded.request.run),
        "file": result_stem(decoded.request, _shown(decoded, other, motions, sample), decoded.simulated),
        "skeleton": {"joints": list(joints), "parents": list(parents)},
        "views": views,
        "phases": RULE,
        "transcripts": transcripts,
        "bold": _bold(bold, decoded),
        "other_bold": None if other is None else _bold(other_bold, other),
    }


def _shown(decoded: Decoded, other: Decoded | None, motions: dict[Track, Motion], sample: int) -> list[str]:
    """Words for the name of a saved view."""
    against = [] if other is None else ["versus", *other.rois[:NAMED_ROIS]]
    samples = [f"sample{sample + 1}"] if decoded.request.samples > 1 else []
    return ["-".join(against), "-".join(track.id for track in motions), *samples]


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


def _view(track: Track, motion: Motion, results: dict[str, Decoded]) -> dict[str, Any]:
    told = {HEARD: READS, OWN: AS_IT_IS}
    detail = roi_label(results[track.letter].rois, most=2) if track.letter else told.get(track.branch, "")
    phases = gesture_phases(motion)
    return {
        "name": track.name,
        "detail": detail,
        "colour": track.colour,
        "fps": float(motion.fps),
        "start": round(float(motion.start), 4),
        "frames": motion.n_frames,
        "positions": quantise(motion.positions),
        "strokes": np.round(phases.strokes, 2).tolist(),
        "holds": np.round(phases.holds, 2).tolist(),
        "joints": motion.skeleton.joints,
        "parents": motion.skeleton.parents,
    }


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
        "rois": roi_label(decoded.rois, most=2),
        "times": np.round(times[keep], 3).tolist(),
        "values": np.round(values[keep], 3).tolist(),
    }

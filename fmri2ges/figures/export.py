"""Every file that can be made of a decoded result for other programs: motion, films and the ROI."""

from __future__ import annotations

from pathlib import Path

from ..data.atomic import replacing
from ..decoding.stories import story_of
from ..errors import UserError, check_option
from ..exports import motion, rois
from ..results import Decoded

FILMS = {"gif": ".gif", "mp4": ".mp4"}
ENDINGS = {**motion.FORMATS, **FILMS, **rois.FORMATS}  # format -> ending of its files
PREFERRED = ("direct", "text")  # the branch that is exported where none is named


def export(decoded: Decoded, format: str, out, branch: str | None = None, words: bool = True) -> tuple[Path, ...]:
    """Write the motion, a film or the ROI of a result; `Decoded.window` and `Decoded.sample` choose a part of it.

    Parameters
    ----------
    decoded : the result
    format : 'bvh', 'npz', 'csv' or 'csv-wide': the motion of one branch, see `exports.motion`; 'gif' or 'mp4': a film
        of all branches; 'gii', 'annot', 'label', 'dlabel', 'nii', 'roi-csv' or 'roi-json': the ROI, see `exports.rois`
    out : file to write
    branch : 'text' or 'direct'; None takes the direct branch, or the text branch where there is no other
    words : show the decoded words in a film

    Returns
    -------
    paths : the files written

    Raises
    ------
    UserError
        For an unknown format, a branch that was not decoded, or ROIs without a place on the cortex.
    """
    check_option("format", format, ENDINGS)
    out = Path(out)
    if format in rois.FORMATS:
        # The grid of voxels stands in the study, which is opened for them alone.
        source = None if rois.on_cortex(decoded) else story_of(decoded).source
        return rois.export_rois(decoded, format, out, source and source.space())
    if format in FILMS:
        if out.suffix.lower() != FILMS[format]:
            raise UserError(f"out: the name of a {format} must end in {FILMS[format]}; got {out}")
        from .video import write_video

        with replacing(out) as temp:
            write_video(decoded.motions, decoded.words if words else None, temp, simulated=decoded.simulated)
        return (out,)
    if branch is not None and branch not in decoded.motions:
        raise UserError(f"branch: {branch!r} was not decoded; there is: {', '.join(decoded.motions)}")
    chosen = branch or next(b for b in PREFERRED if b in decoded.motions)
    return (motion.export_motion(decoded.motions[chosen], format, out),)

"""Every file that can be made of a decoded result for other programs: motion, films and the ROI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..decoding.stories import story_of
from ..errors import UserError, check_option
from ..exports import motion, rois
from ..exports.gltf import write_motion_glb
from ..exports.rois import about_of
from ..motion.amount import T2GOrigin
from ..results import Decoded
from ..work import QUIET, Work
from .style import mark_of
from .video import Film, Sound, write_video

FILMS = {"gif": ".gif", "mp4": ".mp4"}
SCENES = {"glb": ".glb"}  # bodies that move, in 3-D
ENDINGS = {**motion.FORMATS, **FILMS, **SCENES, **rois.FORMATS}  # format -> ending of its files
PREFERRED = ("direct", "text")  # the branch that is exported where none is named


@dataclass(frozen=True)
class FilmOptions:
    """What a film shows and plays besides the bodies.

    Parameters
    ----------
    words : show the decoded words, in an MP4 those that were heard too
    sound : the stimulus, for an MP4; None is silence
    other : a second result of the same story, shown as B beside the first, A
    """

    words: bool = True
    sound: Sound | None = None
    other: Decoded | None = None


def export(
    decoded: Decoded,
    format: str,
    out,
    branch: str | None = None,
    scale: float = 1.0,
    film: FilmOptions = FilmOptions(),
    work: Work = QUIET,
) -> tuple[Path, ...]:
    """Write the motion, a film or the ROI of a result; `Decoded.window` and `Decoded.sample` choose a part of it.

    Parameters
    ----------
    decoded : the result
    format : 'bvh', 'npz', 'csv' or 'csv-wide': the motion of one branch, see `exports.motion`; 'gif' or 'mp4': a film
        of all branches, with the reference where the study has one; 'glb': the same bodies in 3-D, as glTF; 'gii',
        'annot', 'label', 'dlabel', 'nii', 'roi-csv', 'roi-json', 'roi-glb' or 'roi-obj': the ROI, see `exports.rois`
    out : file to write
    branch : 'text' or 'direct'; None takes the direct branch, or the text branch where there is no other
    scale : for BVH: 1 writes centimetres, 0.01 metres, in which Blender counts
    film : what a film shows and plays besides
    work : progress and cancel of a film

    Returns
    -------
    paths : the files written

    Raises
    ------
    UserError
        For an unknown format, a name with the ending of another, a branch that was not decoded, or ROIs without a
        place on the cortex.
    """
    check_option("format", format, ENDINGS)
    out = Path(out)
    if scale != 1.0 and format != "bvh":
        raise UserError(f"scale: only for bvh, whose units other programs take differently; not for {format}")
    if film.sound is not None and format != "mp4":
        raise UserError(f"audio: only for mp4; {format} has no sound")
    several = (*FILMS, *SCENES)
    if film.other is not None and format not in several:
        raise UserError(f"beside: only {', '.join(several)} show two results; export the other one by itself")
    if format in rois.FORMATS:
        # The grid of voxels stands in the study, which is opened for them alone.
        source = None if rois.on_cortex(decoded) else story_of(decoded).source
        return rois.export_rois(decoded, format, out, None if source is None else source.space())
    # A film is written by the ending of its name; for the rest, a pipe or a device needs none.
    ending = out.suffix.lower()
    if ending != ENDINGS[format] and (format in FILMS or ending in ENDINGS.values()):
        raise UserError(f"out: the name of a {format} must end in {ENDINGS[format]}; got {out}")
    if format in FILMS:
        return (write_video(_film(decoded, film), out, work=work),)
    if format in SCENES:
        shown = _film(decoded, film).shown
        about = about_of(decoded) | {"t2g": T2GOrigin.of(decoded.manifest).caption}
        return (write_motion_glb(out, {part.label: (part.motion, part.rgb) for part in shown}, about),)
    if branch is not None and branch not in decoded.motions:
        raise UserError(f"branch: {branch!r} was not decoded; there is: {', '.join(decoded.motions)}")
    chosen = branch or next(b for b in PREFERRED if b in decoded.motions)
    return (motion.export_motion(decoded.motions[chosen], format, out, scale),)


def _film(decoded: Decoded, options: FilmOptions) -> Film:
    """All branches, with the gesture and the words that belong to the story where its study is still there."""
    motions, heard, other = decoded.motions, None, options.other
    if other is not None and other.request.story != decoded.request.story:
        raise UserError(
            f"beside: that result is of story {other.request.story!r}, this one of {decoded.request.story!r}; a film "
            "shows one story"
        )
    try:
        story = story_of(decoded)
        heard, reference = story.heard, story.reference
        if reference is not None:
            motions["reference"] = reference.slice(decoded.start, decoded.stop)
    except UserError:  # a study that has changed since, so that it is not valid any more or has another story
        pass
    origin = T2GOrigin.of(decoded.manifest)
    if other is not None and T2GOrigin.of(other.manifest).borrowed:
        origin = T2GOrigin.of(other.manifest)
    return Film(
        motions,
        decoded.words if options.words else None,
        heard if options.words else None,
        mark_of(decoded.simulated, origin),
        origin.caption,
        options.sound,
        {} if other is None else other.motions,
        other.words if other is not None and options.words else None,
    )

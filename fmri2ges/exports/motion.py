"""A decoded folder in the formats of other programs: motion, films and the ROI."""

from __future__ import annotations

import io
from pathlib import Path

from ..brain.atlas import load_atlas
from ..brain.roi import Roi
from ..data.atomic import read_json, replacing, write_text
from ..data.motion.bvh import write_bvh
from ..data.motion.npz import read_motion, write_motion
from ..data.rois.files import write_rois
from ..data.rois.gifti import kind_of
from ..data.words.files import read_words_tsv
from ..errors import UserError, check_option
from ..types import Motion

# Format of the ROI -> the ending of its files.
ROI_FORMATS = {
    "gii": ".gii",
    "annot": ".annot",
    "label": ".label",
    "dlabel": ".dlabel.nii",
    "nii": ".nii.gz",
    "roi-csv": ".csv",
    "roi-json": ".json",
}
FORMATS = ("bvh", "npz", "csv", "csv-wide", "gif", "mp4", *ROI_FORMATS)
BRANCHES = ("direct", "text")  # the first one that was decoded is exported unless one is named


def export_motion(decode_dir, format: str, out, branch: str | None = None) -> tuple[Path, ...]:
    """Write the motion, or the ROI mask, of a decoded folder to `out`.

    Parameters
    ----------
    decode_dir : folder that `decode` wrote
    format : 'bvh', 'npz', 'csv' (a row per frame and joint) or 'csv-wide' (a row per frame): the motion of
        one branch; 'gif' or 'mp4': a film of all branches with the decoded words; the ROI on fsaverage5 as
        'gii' (``NAME.L.func.gii`` and ``NAME.R.func.gii``, or .label.gii when `out` ends so), 'annot' or
        'label' (FreeSurfer), 'dlabel' (CIFTI), 'nii' (mask in MNI space), 'roi-csv' (members) or 'roi-json'
    out : file to write
    branch : 'text' or 'direct'; None takes the direct branch, or the text branch where there is no other

    Returns
    -------
    paths : the files written
    """
    check_option("format", format, FORMATS)
    decode_dir, out = Path(decode_dir), Path(out)
    manifest = read_manifest(decode_dir)
    if format in ROI_FORMATS:
        return write_rois([decoded_roi(manifest)], _roi_path(out, format))
    motions = {
        name: read_motion(decode_dir / f"{name}.npz") for name in BRANCHES if (decode_dir / f"{name}.npz").is_file()
    }
    if not motions:
        raise UserError(f"{decode_dir}: holds no text.npz or direct.npz; decode again")
    if format in ("gif", "mp4"):
        if out.suffix.lower() != f".{format}":
            raise UserError(f"out: the name of a {format} must end in .{format}; got {out}")
        from ..figures.video import write_video

        words_file = decode_dir / "words.tsv"
        words = read_words_tsv(words_file) if words_file.is_file() else None
        with replacing(out) as temp:
            write_video(motions, words, temp, simulated=bool(manifest["simulated"]))
        return (out,)
    if branch is not None and branch not in motions:
        raise UserError(f"branch: {branch!r} was not decoded in {decode_dir}; there is: {', '.join(motions)}")
    motion = motions[branch] if branch else next(iter(motions.values()))
    writer = {"bvh": write_bvh, "npz": write_motion, "csv": write_motion_csv, "csv-wide": write_motion_csv_wide}[format]
    return (writer(out, motion),)


def read_manifest(decode_dir) -> dict:
    """The manifest of a decoded folder; a `UserError` when the folder is something else."""
    decode_dir = Path(decode_dir)
    if not (decode_dir / "manifest.json").is_file():
        raise UserError(f"{decode_dir}: is not a decoded folder (no manifest.json); give what `decode --out` wrote")
    manifest = read_json(decode_dir / "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("kind") != "decode":
        kind = manifest.get("kind") if isinstance(manifest, dict) else None
        raise UserError(f"{decode_dir}: holds a {kind!r} run, not a decoded one; give what `decode --out` wrote")
    return manifest


def write_motion_csv(path, motion: Motion) -> Path:
    """Write a long table: time_s, joint, x_m, y_m, z_m; one row per frame and joint."""
    out = io.StringIO()
    out.write("time_s,joint,x_m,y_m,z_m\n")
    for time, frame in zip(motion.times, motion.positions.tolist()):
        for joint, (x, y, z) in zip(motion.skeleton.joints, frame):
            out.write(f"{time:.6f},{joint},{x:.6f},{y:.6f},{z:.6f}\n")
    return write_text(path, out.getvalue())


def write_motion_csv_wide(path, motion: Motion) -> Path:
    """Write a wide table: time_s, then x, y and z (m) of every joint; one row per frame."""
    out = io.StringIO()
    out.write(",".join(["time_s", *(f"{joint}_{axis}_m" for joint in motion.skeleton.joints for axis in "xyz")]) + "\n")
    for time, frame in zip(motion.times, motion.positions.reshape(motion.n_frames, -1).tolist()):
        out.write(f"{time:.6f}," + ",".join(f"{v:.6f}" for v in frame) + "\n")
    return write_text(path, out.getvalue())


def decoded_roi(manifest: dict) -> Roi:
    """The ROI that a folder was decoded from, as one mask.

    Raises
    ------
    UserError
        When the brain data were a table of ROIs or a subject's own voxels, which have no place on fsaverage5.
    """
    if manifest.get("space", "fsaverage5") != "fsaverage5":
        raise UserError(
            f"rois: this recording is in the space {manifest['space']!r}, ROIs without a place on the cortex of fsaverage5; "
            "export its motion instead"
        )
    return Roi("+".join(manifest["rois"]), load_atlas().vertices(manifest["rois"]))


def _roi_path(out: Path, format: str) -> Path:
    """`out` with the ending that makes `write_rois` choose the format."""
    if format == "gii":
        kind = kind_of(out, "func")
        return out.with_name(f"{out.name.removesuffix('.gii').removesuffix(f'.{kind}')}.{kind}.gii")
    ending = ROI_FORMATS[format]
    return out if out.name.lower().endswith(ending) else out.with_name(out.name + ending)

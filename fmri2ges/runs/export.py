"""A decoded folder in the formats of other programs: BVH, npz, CSV, GIF, MP4 and GIFTI."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ..data.atomic import read_json, replacing, write_text
from ..data.bvh import write_bvh
from ..data.motion_npz import read_motion, write_motion
from ..data.words_io import read_words_tsv
from ..errors import UserError, check_option
from ..types import Motion

FORMATS = ("bvh", "npz", "csv", "gif", "mp4", "gii")
BRANCHES = ("direct", "text")  # the first one that was decoded is exported unless one is named


def export_motion(decode_dir, format: str, out, branch: str | None = None) -> tuple[Path, ...]:
    """Write the motion, or the ROI mask, of a decoded folder to `out`.

    Parameters
    ----------
    decode_dir : folder that `decode` wrote
    format : 'bvh', 'npz' or 'csv': the motion of one branch; 'gif' or 'mp4': a film of all branches
        with the decoded words; 'gii': the ROI mask on fsaverage5, one file per hemisphere
        (``NAME.L.func.gii`` and ``NAME.R.func.gii``, or .label.gii when `out` ends so)
    out : file to write
    branch : 'text' or 'direct'; None takes the direct branch, or the text branch where there is no other

    Returns
    -------
    paths : the files written
    """
    check_option("format", format, FORMATS)
    decode_dir, out = Path(decode_dir), Path(out)
    manifest = read_manifest(decode_dir)
    if format == "gii":
        return write_roi_gifti(out, manifest)
    motions = {name: read_motion(decode_dir / f"{name}.npz") for name in BRANCHES if (decode_dir / f"{name}.npz").is_file()}
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
    writer = {"bvh": write_bvh, "npz": write_motion, "csv": write_motion_csv}[format]
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


def write_roi_gifti(out, manifest: dict) -> tuple[Path, ...]:
    """Write the ROI mask of a decoded folder as a pair of GIFTI files on fsaverage5.

    Raises
    ------
    UserError
        When the brain data were a table of ROIs, which has no place on the cortex.
    """
    from ..brain.atlas import N_VERTICES, load_atlas

    if manifest.get("space") == "table":
        raise UserError("gii: this recording is a table of ROI time courses without a place on the cortex; export its motion instead")
    mask = load_atlas().vertices(manifest["rois"])
    name = out.name.removesuffix(".gii")
    labels = name.endswith(".label")
    stem = name.removesuffix(".label").removesuffix(".func")
    paths = []
    for side, values in (("L", mask[:N_VERTICES]), ("R", mask[N_VERTICES:])):
        image = _gifti(values, side, "+".join(manifest["rois"]), labels)
        path = out.with_name(f"{stem}.{side}.{'label' if labels else 'func'}.gii")
        with replacing(path) as temp:
            temp.write_bytes(image.to_bytes())
        paths.append(path)
    return tuple(paths)


def _gifti(mask: np.ndarray, side: str, title: str, labels: bool):
    """One hemisphere's mask (10242,) as a label map (1 = ROI) or as a metric map (1.0 = ROI)."""
    from nibabel import gifti

    meta = {"AnatomicalStructurePrimary": "CortexLeft" if side == "L" else "CortexRight"}
    if labels:
        data = gifti.GiftiDataArray(mask.astype(np.int32), "NIFTI_INTENT_LABEL", "NIFTI_TYPE_INT32", meta=meta)
        table = gifti.GiftiLabelTable()
        for key, text, colour in ((0, "???", (1, 1, 1, 0)), (1, title, (0.84, 0.37, 0, 1))):
            label = gifti.GiftiLabel(key, *colour)
            label.label = text
            table.labels.append(label)
        return gifti.GiftiImage(darrays=[data], labeltable=table, meta=gifti.GiftiMetaData(meta))
    data = gifti.GiftiDataArray(mask.astype(np.float32), "NIFTI_INTENT_NONE", "NIFTI_TYPE_FLOAT32", meta=meta)
    return gifti.GiftiImage(darrays=[data], meta=gifti.GiftiMetaData(meta))

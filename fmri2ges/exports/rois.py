"""The ROI that a result was decoded from, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..brain.atlas import N_VERTICES, load_atlas
from ..brain.roi import Roi
from ..brain.space import Cortex, Space, Voxels, has_cortex
from ..data.rois.files import write_rois
from ..data.rois.gifti import kind_of
from ..data.rois.nifti import write_voxel_mask
from ..errors import UserError, check_option
from ..results import Decoded
from .gltf import write_mesh_glb, write_obj
from .meshes import cortex_mesh

# Format of the ROI -> the ending of its files. A mask can be read again, here and in other programs.
MASKS = {
    "gii": ".gii",
    "annot": ".annot",
    "label": ".label",
    "dlabel": ".dlabel.nii",
    "nii": ".nii.gz",
    "roi-csv": ".csv",
    "roi-json": ".json",
}
MESHES = {"roi-glb": ".glb", "roi-obj": ".obj"}  # the cortex with the ROI in colour, for 3-D programs
FORMATS = {**MASKS, **MESHES}
ROI_COLOUR = (0, 114, 178)


def export_rois(decoded: Decoded, format: str, out, space: Space | None = None) -> tuple[Path, ...]:
    """Write the ROI of a result as one mask, or as a picture in 3-D.

    Parameters
    ----------
    decoded : the result
    format : 'gii' (``NAME.L.func.gii`` and ``NAME.R.func.gii``, or .label.gii when `out` ends so), 'annot' or 'label'
        (FreeSurfer), 'dlabel' (CIFTI), 'nii' (mask in MNI space, or in the subject's own grid for a run of voxels),
        'roi-csv' (members) or 'roi-json'; 'roi-glb' (glTF, metres) or 'roi-obj' (mm): the pial cortex with the ROI
        in colour
    out : file to write
    space : space of the recording; needed for a run of voxels, whose grid it knows

    Returns
    -------
    paths : the files written

    Raises
    ------
    UserError
        When the ROIs have no place in the format: columns of a table, or voxels on a surface.
    """
    check_option("format", format, FORMATS)
    out = _roi_path(Path(out), format)
    if on_cortex(decoded):
        if format in MESHES:
            return (_write_surface(decoded, format, out),)
        return write_rois([Roi("+".join(decoded.rois), load_atlas().vertices(decoded.rois))], out)
    if format != "nii" or not isinstance(space, Voxels):
        raise UserError(
            f"rois: {', '.join(decoded.rois)} of {decoded.request.subject} have no place on the cortex of fsaverage5; "
            f"{'export them as nii, in their own grid' if isinstance(space, Voxels) else 'export the motion instead'}"
        )
    if space.grid is None:
        raise UserError(
            f"rois: where the voxels of {decoded.request.subject} lie is not known; add `mask` to the recording"
        )
    return (write_voxel_mask(out, space.grid, space.columns(decoded.rois)),)


def _write_surface(decoded: Decoded, format: str, out: Path) -> Path:
    colours = np.full((2 * N_VERTICES, 3), np.nan)
    colours[load_atlas().vertices(decoded.rois)] = np.array(ROI_COLOUR) / 255
    mesh, about = cortex_mesh(colours), about_of(decoded)
    if format == "roi-obj":
        return write_obj(out, mesh, "\n".join(f"{name}: {value}" for name, value in about.items()))
    return write_mesh_glb(out, {"cortex, fsaverage5, pial": mesh}, about, scale=0.001)


def about_of(decoded: Decoded) -> dict[str, Any]:
    """What a mesh file says of itself."""
    request = decoded.request
    return {
        "title": f"{'SIMULATED: ' if decoded.simulated else ''}{request.subject}, {request.story}",
        "run": request.run,
        "subject": request.subject,
        "story": request.story,
        "rois": list(decoded.rois),
        "simulated": decoded.simulated,
    }


def formats_of(space: Space) -> tuple[str, ...]:
    """The formats that ROIs of a space can be written in."""
    if space.has_cortex:
        return tuple(FORMATS)
    return ("nii",) if isinstance(space, Voxels) else ()


def on_cortex(decoded: Decoded) -> bool:
    """Whether the ROIs of a result have a place on the cortex of fsaverage5."""
    return has_cortex(decoded.manifest.get("space", Cortex.kind))


def _roi_path(out: Path, format: str) -> Path:
    """`out` with the ending that makes `write_rois` choose the format."""
    if format == "gii":
        kind = kind_of(out, "func")
        return out.with_name(f"{out.name.removesuffix('.gii').removesuffix(f'.{kind}')}.{kind}.gii")
    ending = FORMATS[format]
    return out if out.name.lower().endswith(ending) else out.with_name(out.name + ending)

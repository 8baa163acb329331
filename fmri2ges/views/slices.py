"""Where a choice of voxels lies: slices through a subject's own volume, as a picture."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np

from ..brain.space import Voxels
from ..brain.voxels import VoxelGrid
from ..errors import UserError

COLUMNS, ROWS = 4, 3  # slices of a picture
INSIDE, CHOSEN = 1, 2  # values of a volume
PALETTES = {  # text, voxels that were recorded, chosen ones (Okabe and Ito's blue and vermilion, as elsewhere)
    "light": ("#31333f", "#d2d5da", "#d55e00"),
    "dark": ("#fafafa", "#4a4f59", "#e69f00"),
}


def upright(grid: VoxelGrid, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A value per voxel as a volume whose axes run to the right, the front and the top, and its affine.

    Parameters
    ----------
    values : array (n_voxels,)

    Returns
    -------
    volume : array (n_x, n_y, n_z), float32, 0 where nothing was recorded; affine : array (4, 4), mm
    """
    import nibabel

    image = nibabel.as_closest_canonical(nibabel.Nifti1Image(grid.volume(values, fill=0), grid.affine))
    return np.asarray(image.dataobj), image.affine


def slice_numbers(volume: np.ndarray, most: int = COLUMNS * ROWS) -> np.ndarray:
    """Numbers of the axial slices to show, evenly over those that hold a voxel, and at least one with a chosen one."""
    filled = np.flatnonzero((volume > 0).any((0, 1)))
    n = min(most, len(filled))
    shown = filled[((np.arange(n) + 0.5) * len(filled) / n).astype(int)]  # the rim of a head says little
    chosen = (volume == CHOSEN).sum((0, 1))
    if chosen.any() and not chosen[shown].any():  # a small choice between two slices
        best = int(chosen.argmax())
        shown[np.abs(shown - best).argmin()] = best
    return shown


def slices_png(space: Voxels, rois: Iterable[str], theme: str = "light") -> bytes:
    """Axial slices with the chosen blocks in colour, as a PNG with a clear ground.

    Parameters
    ----------
    rois : names of blocks, or 'all'
    theme : 'light' or 'dark', for the colours

    Raises
    ------
    UserError
        Where the places of the voxels are not known, or for an unknown name.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    if space.grid is None:
        raise UserError("slices: where the voxels lie is not known; give `mask` in the study file")
    text, inside, chosen = PALETTES[theme]
    values = np.where(space.columns(rois), CHOSEN, INSIDE)
    volume, affine = upright(space.grid, values)
    shown = slice_numbers(volume)
    low, high = (f(np.argwhere(volume > 0), axis=0) for f in (np.min, np.max))
    figure = Figure(figsize=(8, 5.4), layout="constrained")
    figure.patch.set_alpha(0)
    panels = figure.subplots(-(-len(shown) // COLUMNS), COLUMNS, squeeze=False).ravel()
    colours = ListedColormap(["#00000000", inside, chosen])
    step = np.linalg.norm(affine[:3, :3], axis=0)
    for panel in panels:
        panel.axis("off")
    for panel, k in zip(panels, shown, strict=False):
        part = volume[low[0] : high[0] + 1, low[1] : high[1] + 1, k]
        panel.imshow(part.T, colours, vmin=0, vmax=2, origin="lower", aspect=step[1] / step[0], interpolation="nearest")
        panel.set_title(f"z {affine[2] @ (*((low + high) / 2)[:2], k, 1):.0f} mm", color=text, fontsize=11)
    for x, side in ((0.0, "L"), (1.0, "R")):
        panels[0].text(x, 0.5, side, transform=panels[0].transAxes, color=text, fontsize=12, weight="bold", ha="center")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=150)
    return out.getvalue()

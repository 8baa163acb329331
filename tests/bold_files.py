"""BOLD files as the tools of the field lay them out, for the tests of the readers.

Every writer takes `signal`, an array (n_volumes,), which it puts into every column with a little
noise, or an array of the format's own shape.
"""

from __future__ import annotations

import gzip

import numpy as np

N_FSLR = 32492


def noisy(signal, n_columns: int, seed: int = 0, noise: float = 0.1) -> np.ndarray:
    """`signal` in every column, on a level of 100, float32 (n_volumes, n_columns)."""
    signal = np.asarray(signal, np.float32)
    if signal.ndim == 2:
        return signal
    rng = np.random.default_rng(seed)
    return 100 + signal[:, None] + noise * rng.standard_normal((len(signal), n_columns), np.float32)


def write_hf5(path, signal, n_voxels: int = 300, repeats=None):
    """As the Huth lab writes it with PyTables: `data`, float64, contiguous."""
    import h5py

    with h5py.File(path, "w") as f:
        f.create_dataset("data", data=noisy(signal, n_voxels).astype(np.float64))
        if repeats is not None:
            f.create_dataset("individual_repeats", data=repeats)
    return path


def write_gifti(path, values, side: str, one_array: bool = False, structure: bool = True):
    """A hemisphere (n_volumes, n_vertices): one compressed array per volume as FreeSurfer and fMRIPrep write it."""
    import nibabel
    from nibabel.gifti import GiftiDataArray, GiftiImage, GiftiMetaData

    meta = GiftiMetaData(
        {"AnatomicalStructurePrimary": {"L": "CortexLeft", "R": "CortexRight"}[side]} if structure else {}
    )
    arrays = [values.T] if one_array else list(values)
    darrays = [
        GiftiDataArray(
            np.ascontiguousarray(a, np.float32), intent="NIFTI_INTENT_TIME_SERIES", datatype="NIFTI_TYPE_FLOAT32"
        )
        for a in arrays
    ]
    nibabel.save(GiftiImage(darrays=darrays, meta=meta), path)
    return path


def write_gifti_pair(folder, name: str, signal, n_vertices: int = 10242, **options):
    """Both hemispheres; `name` holds ``{}`` where L or R stands. Returns the left file."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, side in enumerate("LR"):
        write_gifti(folder / name.format(side), noisy(signal, n_vertices, k), side, **options)
    return folder / name.format("L")


def cortex_vertices() -> tuple[np.ndarray, np.ndarray]:
    """Every fourth vertex of fsLR-32k outside a medial wall of about the usual size (all take seconds to write)."""
    return np.arange(2796, N_FSLR, 4), np.arange(2776, N_FSLR, 4)


def write_dtseries(path, signal, tr: float = 2.0, unit: str = "SECOND", n_vertices: int = N_FSLR, sides: str = "LR"):
    """fsLR-32k cortex without the medial wall, and a subcortical structure behind it."""
    import nibabel
    from nibabel.cifti2 import BrainModelAxis, SeriesAxis

    parts = [
        BrainModelAxis.from_surface(v[v < n_vertices], n_vertices, {"L": "CortexLeft", "R": "CortexRight"}[side])
        for side, v in zip("LR", cortex_vertices(), strict=True)
        if side in sides
    ]
    mask = np.zeros((10, 10, 10), bool)
    mask[4:6, 4:6, 4:6] = True
    models = BrainModelAxis.from_mask(mask, "thalamus_left", np.diag([2.0, 2, 2, 1]))
    for part in reversed(parts):
        models = part + models
    values = noisy(signal, len(models))
    image = nibabel.Cifti2Image(values, header=(SeriesAxis(0, tr, len(values), unit=unit), models))
    image.nifti_header.set_intent("ConnDenseSeries")
    nibabel.save(image, path)
    return path


def make_mask(shape=(8, 9, 7), share: float = 0.5, seed: int = 0) -> np.ndarray:
    """An irregular mask."""
    return np.random.default_rng(seed).random(shape) < share


AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2.5, -72], [0, 0, 0, 1]])


def write_mask(path, mask, affine=AFFINE):
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.asarray(mask).astype(np.uint8), affine), path)
    return path


def write_nifti(path, signal, mask, tr: float = 2.0, unit: str = "sec", affine=AFFINE):
    """4D volume; `signal` may be (n_volumes, n_voxels of the mask) too."""
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    values = noisy(signal, int(mask.sum()))
    volume = np.zeros((*mask.shape, len(values)), np.float32)
    volume[mask] = values.T
    image = nibabel.Nifti1Image(volume, affine)
    image.header.set_xyzt_units("mm", unit)
    image.header["pixdim"][4] = tr
    nibabel.save(image, path)
    return path


def pack(path):
    """A file packed with gzip, beside it."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def write_mgh(path, values, tr: float = 2.0):
    """A time series (n_volumes, n_vertices) on a surface as mri_vol2surf writes it; TR in seconds, stored in ms."""
    import nibabel

    data = np.ascontiguousarray(values.T, np.float32)
    image = nibabel.MGHImage(data.reshape(len(data), 1, 1, -1), np.eye(4))
    image.header["tr"] = 1000 * tr
    nibabel.save(image, path)
    return path

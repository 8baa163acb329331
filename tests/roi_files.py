"""One ROI in each file format, in the layout of the program that writes it (never by our own writers)."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import nibabel
import numpy as np
from nibabel import cifti2, gifti
from nibabel.freesurfer import write_annot

from fmri2ges.brain.atlas import N_VERTICES, load_atlas
from fmri2ges.brain.surface import load_fslr_index, load_surface

ATLAS = load_atlas()
LEFT, RIGHT = slice(0, N_VERTICES), slice(N_VERTICES, None)
V1, BROCA = ATLAS.vertices(["V1"]), ATLAS.vertices(["Broca"])


def on_mesh(mask, n: int, rng) -> np.ndarray:
    """A hemisphere's mask (10242,) on a finer mesh: the first vertices are the same, the rest random."""
    out = rng.random(n) < 0.3
    out[:N_VERTICES] = mask
    return out


def label_gii(path: Path, keys, structure="CortexLeft", names=("???", "V1", "Broca")) -> Path:
    """As Connectome Workbench writes it: meta of the structure, a table of labels, int32."""
    table = gifti.GiftiLabelTable()
    for key, name in enumerate(names):
        label = gifti.GiftiLabel(key, 0.1, 0.2, 0.3, 1.0)
        label.label = name
        table.labels.append(label)
    meta = gifti.GiftiMetaData({"AnatomicalStructurePrimary": structure} if structure else {})
    data = gifti.GiftiDataArray(
        np.asarray(keys, np.int32), "NIFTI_INTENT_LABEL", "NIFTI_TYPE_INT32", meta=gifti.GiftiMetaData({"Name": "ROIs"})
    )
    nibabel.save(gifti.GiftiImage(darrays=[data], labeltable=table, meta=meta), path)
    return path


def metric_gii(path: Path, values, structure="CortexLeft") -> Path:
    meta = {"AnatomicalStructurePrimary": structure}
    data = gifti.GiftiDataArray(
        np.asarray(values, np.float32), "NIFTI_INTENT_NONE", "NIFTI_TYPE_FLOAT32", meta={"Name": "mine"}
    )
    nibabel.save(gifti.GiftiImage(darrays=[data], meta=gifti.GiftiMetaData(meta)), path)
    return path


def annot(path: Path, keys, names=("unknown", "V1", "Broca")) -> Path:
    table = np.array([[25 + 40 * k, 5, 25 + k, 0] for k in range(len(names))])
    write_annot(path, np.asarray(keys), table, list(names))
    return path


def old_annot(path: Path, keys, names=("unknown", "V1", "Broca")) -> Path:
    """The first version of the colour table, as old FreeSurfer wrote it (big-endian)."""
    colours = [(25 + 40 * k, 5, 25 + k, 0) for k in range(len(names))]
    codes = np.array([r + (g << 8) + (b << 16) for r, g, b, _ in colours])
    pairs = np.stack([np.arange(len(keys)), codes[keys]], 1).astype(">i4").tobytes()

    def text(s):
        return struct.pack(">i", len(s) + 1) + s.encode() + b"\0"

    rows = b"".join(text(n) + struct.pack(">4i", *c) for n, c in zip(names, colours, strict=True))
    path.write_bytes(
        struct.pack(">i", len(keys)) + pairs + struct.pack(">2i", 1, len(names)) + text("/table.ctab") + rows
    )
    return path


def fs_label(path: Path, vertices, subject="fsaverage") -> Path:
    rows = [f"{v}  -12.345  -90.100  2.000 0.0000000000" for v in vertices]
    path.write_text("\n".join([f"#!ascii label  , from subject {subject} vox2ras=TkReg", str(len(rows)), *rows, ""]))
    return path


def dense_labels(mask) -> dict[str, np.ndarray]:
    """A mask (20484,) as keys 0 and 1 on fsLR-32k, by structure."""
    dense = {}
    for side, part, index in zip(("LEFT", "RIGHT"), (LEFT, RIGHT), load_fslr_index(), strict=True):
        keys = np.zeros(32492, int)
        keys[index[mask[part]]] = 1
        dense[f"CIFTI_STRUCTURE_CORTEX_{side}"] = keys
    return dense


def dlabel(path: Path, dense: dict[str, np.ndarray], share: float = 0.92) -> Path:
    """As HCP's files: cortex without the medial wall (a share of the vertices), and some subcortical voxels."""
    rng = np.random.default_rng(0)
    parts, columns = [], []
    for structure, keys in dense.items():
        inside = rng.random(len(keys)) < share
        inside[keys > 0] = True
        parts.append(cifti2.BrainModelAxis.from_mask(inside, name=structure))
        columns.append(keys[inside])
    voxels = np.zeros((4, 5, 6), bool)
    voxels[1:3, 2:4, 3] = True
    parts.append(cifti2.BrainModelAxis.from_mask(voxels, name="CIFTI_STRUCTURE_THALAMUS_LEFT", affine=np.eye(4)))
    columns.append(np.ones(voxels.sum(), int))
    models = parts[0] + parts[1] + parts[2]
    labels = cifti2.LabelAxis(["ROIs"], [{0: ("???", (1, 1, 1, 0)), 1: ("mine", (1, 0, 0, 1))}])
    image = cifti2.Cifti2Image(np.concatenate(columns)[None].astype(np.float32), (labels, models))
    image.nifti_header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_LABELS")
    nibabel.save(image, path)
    return path


def ball_nifti(path: Path, centre, radius: float, mm: float = 2.0) -> Path:
    """A ball as a mask on an MNI grid."""
    shape = tuple(int(np.ceil(n / mm)) for n in (182, 218, 182))
    affine = np.diag([-mm, mm, mm, 1.0])
    affine[:3, 3] = (90, -126, -72)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1) * np.diag(affine)[:3] + affine[:3, 3]
    nibabel.save(nibabel.Nifti1Image((np.linalg.norm(grid - centre, axis=-1) <= radius).astype(np.uint8), affine), path)
    return path


def store(folder: Path, shapes: dict[str, str], size=(1600.0, 1024.0), n: int = N_VERTICES, extra: str = "") -> Path:
    """A subject of a pycortex store: surfaces/flat_*.gii and overlays.svg with the layers that pycortex makes."""
    (folder / "surfaces").mkdir(parents=True, exist_ok=True)
    flat = load_surface("flat")
    half = len(flat.faces) // 2
    for side, part in (("lh", LEFT), ("rh", RIGHT)):
        points = np.zeros((n, 3), np.float32)
        points[:N_VERTICES] = flat.vertices[part][:, :3]
        points[N_VERTICES:] = points[:N_VERTICES].mean(0)
        faces = (
            flat.faces[flat.faces.max(1) < N_VERTICES]
            if side == "lh"
            else flat.faces[flat.faces.min(1) >= N_VERTICES] - N_VERTICES
        )
        assert len(faces) > half / 2
        arrays = [
            gifti.GiftiDataArray(points, "NIFTI_INTENT_POINTSET", "NIFTI_TYPE_FLOAT32"),
            gifti.GiftiDataArray(faces.astype(np.int32), "NIFTI_INTENT_TRIANGLE", "NIFTI_TYPE_INT32"),
        ]
        nibabel.save(gifti.GiftiImage(darrays=arrays), folder / "surfaces" / f"flat_{side}.gii")
    layer = 'inkscape:groupmode="layer" style="display:inline;"'
    groups = "".join(
        f'<g {layer} id="{k}" inkscape:label="{k}"><path d="{d}" style="fill:none" {extra}/></g>'
        for k, d in shapes.items()
    )
    path = folder / "overlays.svg"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
        f'width="{size[0]}" height="{size[1]}" version="1.1">'
        f'<g {layer} inkscape:label="data" id="data"/><g {layer} inkscape:label="rois" id="rois">'
        f'<g {layer} inkscape:label="shapes" id="rois_shapes" clip-path="url(#edgeclip)">{groups}</g>'
        f'<g {layer} inkscape:label="labels" id="rois_labels"><text x="1" y="2">V1</text></g></g>'
        f'<g {layer} inkscape:label="sulci" id="sulci"><g inkscape:label="shapes"/></g></svg>\n'
    )
    return path


def on_drawing(size=(1600.0, 1024.0)) -> np.ndarray:
    """Where each vertex lies on the drawing, (20484, 2): the layout of pycortex written out."""
    xy = load_surface("flat").vertices[:, :2].astype(float)
    xy[LEFT, 0] -= xy[LEFT, 0].max()
    xy[RIGHT, 0] -= xy[RIGHT, 0].min()
    low, high = xy.min(0), xy.max(0)
    return np.stack(
        [
            (xy[:, 0] - low[0]) / (high[0] - low[0]) * size[0],
            size[1] - (xy[:, 1] - low[1]) / (high[1] - low[1]) * size[1],
        ],
        1,
    )


def roi_json(path: Path, entries, **change) -> Path:
    path.write_text(json.dumps({"format": "fmri2ges-roi", "version": 1, "rois": entries, **change}))
    return path


def dscalar(path: Path, rows: dict[str, np.ndarray]) -> Path:
    """Maps (20484,) on every second vertex of fsaverage5, as Connectome Workbench stores any scalars."""
    every = np.arange(0, N_VERTICES, 2)
    names = ("CIFTI_STRUCTURE_CORTEX_LEFT", "CIFTI_STRUCTURE_CORTEX_RIGHT")
    left, right = (cifti2.BrainModelAxis.from_surface(every, N_VERTICES, name) for name in names)
    values = np.stack([np.concatenate([v[LEFT][every], v[RIGHT][every]]) for v in rows.values()]).astype(np.float32)
    image = cifti2.Cifti2Image(values, (cifti2.ScalarAxis(list(rows)), left + right))
    image.nifti_header.set_intent("NIFTI_INTENT_CONNECTIVITY_DENSE_SCALARS")
    nibabel.save(image, path)
    return path


def mgh(path: Path, values) -> Path:
    """An overlay (n_vertices,) or (n_vertices, n_frames), as mri_vol2surf and mri_surf2surf write it."""
    values = np.asarray(values, np.float32)
    shape = (len(values), 1, 1) if values.ndim == 1 else (len(values), 1, 1, values.shape[1])
    nibabel.save(nibabel.MGHImage(values.reshape(shape, order="F"), np.eye(4)), path)
    return path


def statistic_nifti(path: Path, centre, height: float = 6.0, width: float = 12.0, mm: float = 3.0) -> Path:
    """A bump of a statistic with a negative surround and no values outside the head, in MNI space."""
    shape = tuple(int(np.ceil(n / mm)) for n in (182, 218, 182))
    affine = np.diag([-mm, mm, mm, 1.0])
    affine[:3, 3] = (90, -126, -72)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1) * np.diag(affine)[:3] + affine[:3, 3]
    distance = np.linalg.norm(grid - centre, axis=-1)
    values = (height + 1) * np.exp(-((distance / width) ** 2)) - 1
    values[np.linalg.norm(grid, axis=-1) > 110] = np.nan
    nibabel.save(nibabel.Nifti1Image(values.astype(np.float32), affine), path)
    return path


def roidraw(path: Path, **change) -> Path:
    """V1 as pycortex-roidraw saves it; `change` replaces entries."""
    rois = [{"name": "V1", "color": "#e6194b", "vertices": {"left": [], "right": []}, "outline": [], "bezier": None}]
    rois[0]["vertices"] = {side: np.flatnonzero(V1[part]).tolist() for side, part in (("left", LEFT), ("right", RIGHT))}
    content = {"format": "pycortex-roidraw/vertexset-v2", "surface": "fsaverage", "rois": rois}
    path.write_text(json.dumps({**content, **change}))
    return path

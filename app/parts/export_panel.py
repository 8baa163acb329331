"""Figures, films and motion files of a decoded result. Nothing is made before its button is pressed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from shlex import join
from tempfile import TemporaryDirectory

import streamlit as st

from app import backend, state
from fmri2ges.decoding.types import Decoded
from fmri2ges.errors import UserError
from fmri2ges.views.player import with_sample, with_window

FIGURES = {
    "strip": "Film strip of the skeletons",
    "compare": "Wrist curves of the branches",
    "cortex": "The ROIs on the cortex",
}
MOTIONS = {
    "bvh": "BVH (Blender, Maya)",
    "npz": "npz with all samples",
    "csv": "CSV table",
    "gif": "GIF film of the branches",
    "mp4": "MP4 film of the branches",
    "gii": "GIFTI mask of the ROIs",
}
ONE_BRANCH = ("bvh", "npz", "csv")


FILMS = ("gif", "mp4")


def make_figure_file(decoded: Decoded, kind: str, format: str, width_mm: float, dpi: int) -> bytes:
    """A figure of a decoded result as the bytes of one file.

    Parameters
    ----------
    kind : 'strip', 'compare' or 'cortex'
    format : 'svg', 'pdf' or 'png'
    """
    from fmri2ges.decoding.output import write_decoded
    from fmri2ges.figures import make_figure

    with TemporaryDirectory() as temp:
        folder = write_decoded(decoded, Path(temp) / "decoded")
        out = Path(temp) / f"figure.{format}"
        make_figure(folder, kind, out, width_mm=width_mm, dpi=dpi, start=decoded.start, stop=decoded.stop)
        return out.read_bytes()


def make_motion_file(decoded: Decoded, format: str, branch: str | None = None) -> bytes:
    """The motion, a film or the ROI mask as the bytes of one file (GIFTI: a zip of both hemispheres)."""
    from fmri2ges.decoding.output import write_decoded
    from fmri2ges.runs.export import export_motion

    with TemporaryDirectory() as temp:
        folder = write_decoded(decoded, Path(temp) / "decoded")
        name = "rois.label.gii" if format == "gii" else f"motion.{format}"
        paths = export_motion(folder, format, Path(temp) / name, branch=branch)
        if format != "gii":
            return paths[0].read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            for path in paths:
                z.writestr(path.name, path.read_bytes())
        return packed.getvalue()


def export_panel(decoded: Decoded, request: state.Request, sample: int, space: str) -> None:
    """The panel for one result.

    Parameters
    ----------
    decoded, request : the result and what was asked for
    sample : the sample on screen, from 0; it is the one that is exported
    space : 'fsaverage5' or 'table' (a table of ROIs has no place on the cortex)
    """
    shown = with_sample(decoded, sample)
    left, right = st.columns(2, gap="large")
    with left:
        figure = _figure(shown, (request, sample), space)
    with right:
        motion = _motion(shown, (request, sample), space)
    with st.expander("Copy as commands", icon=":material/content_copy:"):
        st.code("\n".join([request.as_command(), figure, motion]), language="bash", wrap_lines=True)
        st.caption("The commands use the first sample and the whole window; the buttons use what is chosen here.")


def _stretch(decoded: Decoded, what: str, seconds: float | None = None) -> Decoded:
    """A slider for the part to export, `seconds` long at first; returns that part of the result."""
    start, stop = float(decoded.start), float(decoded.stop)
    first = (start, stop if seconds is None else min(stop, start + seconds))
    # A key of its own for each kind and window: the bounds of a slider must not move under its value.
    low, high = st.slider("Stretch", start, stop, first, step=0.5, format="%.1f s", key=f"stretch_{what}_{start:g}_{stop:g}")
    if high - low < 1:
        low, high = max(start, high - 1), min(stop, max(start, high - 1) + 1)
    return with_window(decoded, low, high)


def _offer(slot: str, label: str, choice: tuple, file_name: str, make: Callable[[], bytes]) -> None:
    """A button that makes the file and then becomes its download; another choice makes it anew."""
    place = st.empty()
    key = f"export_{slot}"
    made = st.session_state.get(key)
    if (made is None or made[0] != choice) and place.button(label, icon=":material/build:", key=f"{key}_make"):
        try:
            with st.spinner("Making the file"):
                made = st.session_state[key] = (choice, make())
        except UserError as error:
            backend.show_error(error)
    if made is not None and made[0] == choice:
        place.download_button(
            f"Download {file_name}", made[1], file_name, type="primary", icon=":material/download:",
            on_click="ignore", key=f"{key}_download",
        )  # fmt: skip


def _name(decoded: Decoded, what: str, ending: str) -> str:
    parts = [str(decoded.manifest.get(k, "")) for k in ("subject", "story")]
    mark = ["simulated"] if decoded.manifest.get("simulated") else []
    return "_".join([*filter(None, parts), what, *mark]) + f".{ending}"


def _figure(decoded: Decoded, source: tuple, space: str) -> str:
    kinds = [k for k in FIGURES if k != "cortex" or space == "fsaverage5"]
    kind = st.selectbox("Figure", kinds, format_func=FIGURES.__getitem__, key="figure_kind")
    a, b, c = st.columns(3)
    format = a.selectbox("Format", ("svg", "pdf", "png"), format_func=str.upper, key="figure_format")
    width = b.number_input("Width (mm)", 50, 500, 180, step=5, key="figure_width")
    dpi = c.number_input("dpi", 72, 1200, 300, step=50, key="figure_dpi", help="Of PNG, and of the cortex inside SVG and PDF")
    part = decoded if kind == "cortex" else _stretch(decoded, kind, 8.0 if kind == "strip" else 30.0)
    choice = (*source, kind, format, width, dpi, part.start, part.stop)
    _offer("figure", "Make the figure", choice, _name(decoded, kind, format),
           lambda: make_figure_file(part, kind, format, width, dpi))  # fmt: skip
    return join(["python", "-m", "fmri2ges", "figure", "decoded", "--kind", kind, "--out", f"{kind}.{format}",
                 "--width-mm", str(width), "--dpi", str(dpi)])  # fmt: skip


def _motion(decoded: Decoded, source: tuple, space: str) -> str:
    formats = [f for f in MOTIONS if f != "gii" or space == "fsaverage5"]
    format = st.selectbox("Motion", formats, format_func=MOTIONS.__getitem__, key="motion_format")
    options = ["python", "-m", "fmri2ges", "export", "decoded", "--format", format]
    branch, part = None, decoded
    if format in ONE_BRANCH:
        branches = [b for b in ("direct", "text") if getattr(decoded, b) is not None]
        branch = st.selectbox("Branch", branches, key="motion_branch")
        options += ["--branch", branch]
    if format != "gii":
        part = _stretch(decoded, "film" if format in FILMS else "motion", 10.0 if format in FILMS else None)
    what = f"{branch}_motion" if branch else "rois" if format == "gii" else "film"
    choice = (*source, format, branch, part.start, part.stop)
    _offer("motion", "Make the file", choice, _name(decoded, what, "zip" if format == "gii" else format),
           lambda: make_motion_file(part, format, branch))  # fmt: skip
    return join([*options, "--out", f"{what}.{'label.gii' if format == 'gii' else format}"])

"""Figures, films and motion files of a decoded result. Nothing is made before its button is pressed."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from shlex import join
from tempfile import TemporaryDirectory

import streamlit as st

from app import state
from app.figure import add_button
from app.messages import plain, show_error
from app.parts.html_report import HELP, LABEL
from fmri2ges.brain.space import Space
from fmri2ges.errors import UserError
from fmri2ges.exports.rois import FORMATS as ROI_FORMATS
from fmri2ges.exports.rois import formats_of
from fmri2ges.figures import RENDERED
from fmri2ges.figures.composed import Panel
from fmri2ges.request import DecodeRequest
from fmri2ges.results import Decoded
from fmri2ges.views.names import result_stem

FIGURES = {
    "strip": "Film strip of the skeletons",
    "compare": "Wrist curves of the branches",
    "cortex": "The ROIs on the cortex",
}
MOTIONS = {
    "bvh": "BVH (Blender, Maya)",
    "npz": "npz with all samples",
    "csv": "CSV, a row per frame and joint",
    "csv-wide": "CSV, a row per frame",
    "gif": "GIF film of the branches",
    "mp4": "MP4 film of the branches",
    "glb": "glTF, moving bodies in 3-D",
    "gii": "ROIs as GIFTI labels",
    "annot": "ROIs as FreeSurfer annotation",
    "label": "ROIs as FreeSurfer labels",
    "dlabel": "ROIs as CIFTI labels",
    "nii": "ROIs as NIfTI mask",
    "roi-csv": "ROIs as CSV of vertices",
    "roi-json": "ROIs as JSON",
    "roi-glb": "Cortex with the ROIs, glTF",
    "roi-obj": "Cortex with the ROIs, OBJ",
}
ONE_BRANCH = ("bvh", "npz", "csv", "csv-wide")
FILMS = ("gif", "mp4")
SHOW_ALL = (*FILMS, "glb")  # every branch is in the file, and that of a second result where it is wanted
UNITS = {"centimetres": 1.0, "metres (Blender)": 0.01}  # of a BVH -> scale
SOUNDS = ("wav", "mp3", "flac", "ogg", "m4a", "aac", "opus")
MAX_SOUND = 200  # MB; an hour of uncompressed mono speech takes half of it
PAIRS = ("gii", "annot", "label")  # one file for each hemisphere


def make_figure_file(
    decoded: Decoded, kind: str, format: str, width_mm: float, dpi: int, rendered: bool = False
) -> bytes:
    """A figure of a decoded result as the bytes of one file.

    Parameters
    ----------
    kind : 'strip', 'compare' or 'cortex'
    format : 'svg', 'pdf' or 'png'
    rendered : whether pyvista renders it, where it can
    """
    from fmri2ges.figures import make_figure

    with TemporaryDirectory() as temp:
        out = Path(temp) / f"figure.{format}"
        make_figure(decoded, kind, out, width_mm, dpi, decoded.start, decoded.stop, rendered)
        return out.read_bytes()


@dataclass(frozen=True)
class Options:
    """How a motion, film or ROI is written.

    Parameters
    ----------
    branch : 'text' or 'direct', for motion
    words : whether a film shows the decoded words
    scale : of a BVH: 1 for centimetres, 0.01 for metres
    sound : file with the stimulus, for an MP4; None is silence
    sound_at : second of the story at which the sound begins
    """

    branch: str | None = None
    words: bool = True
    scale: float = 1.0
    sound: Path | None = None
    sound_at: float = 0.0

    @property
    def command(self) -> list[str]:
        """The same as options of the command line."""
        found = ["--branch", self.branch] if self.branch else []
        found += [] if self.words else ["--no-words"]
        found += ["--scale", f"{self.scale:g}"] if self.scale != 1.0 else []
        if self.sound is not None:
            found += ["--audio", self.sound.name, *(["--audio-at", f"{self.sound_at:g}"] if self.sound_at else [])]
        return found


def make_motion_file(
    decoded: Decoded, format: str, options: Options = Options(), other: Decoded | None = None
) -> bytes:
    """The motion, a film or the ROIs as the bytes of one file (a zip where there is one for each hemisphere).

    Parameters
    ----------
    format : a key of `MOTIONS`
    options : how it is written
    other : a second result, shown as B in a film
    """
    from fmri2ges.figures.export import FilmOptions, export
    from fmri2ges.figures.video import Sound

    sound = None if options.sound is None else Sound(options.sound, options.sound_at)
    with TemporaryDirectory() as temp:
        name = f"{'rois' if format in ROI_FORMATS else 'motion'}{ending(format)}"
        film = FilmOptions(options.words, sound, other)
        paths = export(decoded, format, Path(temp) / name, options.branch, options.scale, film)
        if format not in PAIRS:
            return paths[0].read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            for path in paths:
                z.writestr(path.name, path.read_bytes())
        return packed.getvalue()


def preferred_branches(decoded: Decoded) -> list[str]:
    """The branches that can be exported, the one that is offered first in front."""
    from fmri2ges.figures.export import PREFERRED

    return [branch for branch in PREFERRED if branch in decoded.motions]


def ending(format: str) -> str:
    """Ending of the files of a format of `MOTIONS`."""
    from fmri2ges.figures.export import ENDINGS

    return ".label.gii" if format == "gii" else ENDINGS[format]


def export_panel(
    decoded: Decoded, request: DecodeRequest, sample: int, space: Space, other: Decoded | None = None
) -> None:
    """The panel for one result.

    Parameters
    ----------
    decoded, request : the result and what was asked for
    sample : the sample on screen, from 0; it is the one that is exported
    space : where the columns of the recording lie; it decides which figures and formats there are
    other : the result that is compared with this one, which films can show beside it
    """
    shown = decoded.sample(sample)
    left, right = st.columns(2, gap="large")
    with left:
        figure = _figure(shown, (request, sample), space)
    with right:
        motion = _motion(shown, (request, sample), space, None if other is None else other.sample(sample))
    report = _report(decoded, (request, sample), other)
    with st.expander("Copy as commands", icon=":material/content_copy:"):
        st.code(
            "\n".join([request.as_command(device=state.device()), figure, motion, report]),
            language="bash",
            wrap_lines=True,
        )
        st.caption("Commands of figures and motion use the first sample; the buttons use the one that is chosen here.")


def _stretch(decoded: Decoded, what: str, seconds: float | None = None) -> Decoded:
    """A slider for the part to export, `seconds` long at first; returns that part of the result."""
    start, stop = float(decoded.start), float(decoded.stop)
    first = (start, stop if seconds is None else min(stop, start + seconds))
    # A key of its own for each kind and window: the bounds of a slider must not move under its value.
    low, high = st.slider(
        "Stretch", start, stop, first, step=0.5, format="%.1f s", key=f"stretch_{what}_{start:g}_{stop:g}"
    )
    if high - low < 1:
        low, high = max(start, high - 1), min(stop, max(start, high - 1) + 1)
    return decoded.window(low, high)


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
            show_error(error)
    if made is not None and made[0] == choice:
        place.download_button(
            f"Download {plain(file_name)}",
            made[1],
            file_name,
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_download",
        )


def _name(source: tuple, decoded: Decoded, what: list[str], ending: str, moves: bool = True) -> str:
    request, sample = source
    told = [*what, f"sample{sample + 1}"] if moves and request.samples > 1 else what
    return f"{result_stem(request, told, decoded.simulated)}.{ending}"


def _figure(decoded: Decoded, source: tuple, space: Space) -> str:
    kinds = [k for k in FIGURES if k != "cortex" or space.has_cortex]
    kind = st.selectbox("Figure", kinds, format_func=FIGURES.__getitem__, key="figure_kind")
    a, b, c = st.columns(3)
    format = a.selectbox("Format", ("svg", "pdf", "png"), format_func=str.upper, key="figure_format")
    width = b.number_input("Width (mm)", 50, 500, 180, step=5, key="figure_width")
    dpi = c.number_input(
        "dpi", 72, 1200, 300, step=50, key="figure_dpi", help="Of PNG, and of the cortex inside SVG and PDF"
    )
    rendered = kind in RENDERED and _rendered()
    part = decoded if kind == "cortex" else _stretch(decoded, kind, 8.0 if kind == "strip" else 30.0)
    choice = (*source, kind, format, width, dpi, rendered, part.start, part.stop)
    stretch = (None, None) if kind == "cortex" else (part.start, part.stop)
    add_button(Panel(kind, source[0], source[1] + 1, *stretch), "figure_add")
    _offer(
        "figure",
        "Make the figure",
        choice,
        _name(source, decoded, [kind], format, moves=kind != "cortex"),
        lambda: make_figure_file(part, kind, format, width, dpi, rendered),
    )
    return join(
        [
            "fmri2ges",
            "figure",
            "decoded",
            "--kind",
            kind,
            "--out",
            f"{kind}.{format}",
            "--width-mm",
            str(width),
            "--dpi",
            str(dpi),
            *(["--rendered"] if rendered else []),
            *_window(decoded, part),
        ]
    )


def _rendered() -> bool:
    """Whether the figure is rendered; where pyvista is missing, the box says so and cannot be ticked."""
    missing = find_spec("pyvista") is None
    help = "pyvista is not installed on this machine" if missing else "By pyvista, in about ten seconds; needs OpenGL"
    return st.checkbox("Smooth surfaces and light", key="figure_rendered", disabled=missing, help=help)


def _window(decoded: Decoded, part: Decoded) -> list[str]:
    """Options that cut a stretch out of the whole window; none for all of it."""
    low, high = [("--start", part.start)], [("--stop", part.stop)]
    chosen = (low if part.start > decoded.start else []) + (high if part.stop < decoded.stop else [])
    return [word for option, seconds in chosen for word in (option, f"{seconds:g}")]


def _motion(decoded: Decoded, source: tuple, space: Space, other: Decoded | None) -> str:
    formats = [f for f in MOTIONS if f not in ROI_FORMATS or f in formats_of(space)]
    format = st.selectbox("Motion", formats, format_func=MOTIONS.__getitem__, key="motion_format")
    beside = _beside(other) if format in SHOW_ALL and other is not None else None
    options, sound_name = _options(decoded, format)
    command = ["fmri2ges", "export", "decoded", "--format", format, *options.command]
    command += ["--beside", "decoded-b"] if beside else []
    part = decoded
    if format not in ROI_FORMATS:
        part = _stretch(decoded, "film" if format in SHOW_ALL else "motion", 10.0 if format in SHOW_ALL else None)
        command += _window(decoded, part)
        beside = beside and beside.window(part.start, part.stop)
    what = f"{options.branch}_motion" if options.branch else "rois" if format in ROI_FORMATS else "film"
    what += "_a_and_b" if beside else ""
    choice = (*source, format, options, sound_name, beside and beside.request, part.start, part.stop)
    named = [options.branch, "motion"] if options.branch else [what]
    last = "zip" if format in PAIRS else ending(format).removeprefix(".")
    name = _name(source, decoded, named, last, moves=format not in ROI_FORMATS)
    _offer("motion", "Make the file", choice, name, lambda: make_motion_file(part, format, options, beside))
    return join([*command, "--out", f"{what}{ending(format)}"])


def make_report_file(decoded: Decoded, sample: int, other: Decoded | None = None) -> bytes:
    """The report of a result, alone or beside a second one, as the bytes of one HTML file; `sample` counts from 0."""
    from fmri2ges.documents import report_html
    from fmri2ges.documents.stretch import Stretch

    return report_html(decoded, other, Stretch(sample + 1)).encode("utf-8")


def _report(decoded: Decoded, source: tuple, other: Decoded | None) -> str:
    """The report to send, of everything that is compared; returns its command."""
    request, sample = source
    _offer(
        "report",
        f"Make the {LABEL[0].lower()}{LABEL[1:]}",
        (*source, other and other.request),
        _name(source, decoded, ["report", *(["a-and-b"] if other else [])], "html"),
        lambda: make_report_file(decoded, sample, other),
    )
    st.caption(f"{HELP}. It has the skeletons that play, scores, regions, methods and what to cite.")
    options = ["--beside", "decoded-b"] if other else []
    options += ["--sample", str(sample + 1)] if sample else []
    return join(["fmri2ges", "report", "decoded", *options, "--out", "report.html"])


def _beside(other: Decoded) -> Decoded | None:
    """The second result, where it is wanted in the film."""
    return other if st.checkbox("A and B side by side", value=True, key="film_beside") else None


def _options(decoded: Decoded, format: str) -> tuple[Options, str]:
    """The widgets of a format; what they say, and what identifies the sound."""
    branch, words, scale = None, True, 1.0
    if format in ONE_BRANCH:
        branch = st.selectbox("Branch", preferred_branches(decoded), key="motion_branch")
    if format == "bvh":
        unit = st.radio("Units", list(UNITS), key="bvh_units", horizontal=True, help="Blender counts in metres")
        scale = UNITS[unit]
    if format in FILMS and decoded.texts:
        words = st.checkbox("With the decoded words", value=True, key="film_words")
    if format != "mp4":
        return Options(branch, words, scale), ""
    return _with_sound(Options(branch, words, scale))


def _with_sound(options: Options) -> tuple[Options, str]:
    """The options of an MP4 with the sound that was dropped, and what identifies that."""
    given = st.file_uploader(
        "Sound of the stimulus",
        SOUNDS,
        key="film_sound",
        max_upload_size=MAX_SOUND,
        help="It plays with the film, from the stretch that is shown",
    )
    if given is None:
        return options, ""
    at = st.number_input("The sound begins at (s)", value=0.0, step=0.5, key="film_sound_at", help="Of the story")
    # A name of the browser is only a name: nothing of it leads to another folder.
    name = re.sub(r"[^\w.-]", "_", given.name)[-60:].lstrip("-.") or "sound.wav"
    folder = st.session_state.setdefault("film_sound_folder", TemporaryDirectory(prefix="fmri2ges-sound-"))
    file = Path(folder.name) / name
    file.write_bytes(given.getbuffer())
    return replace(options, sound=file, sound_at=float(at)), given.file_id

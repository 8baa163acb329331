"""The screen Figures: the panels of the figure, how it looks, and its files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_lowercase
from tempfile import TemporaryDirectory

import streamlit as st

from app import backend, figure, state
from app.figure import WIDTHS, AtHand
from app.messages import plain, show_error
from app.parts.job_row import job_row
from app.places import without_paths
from fmri2ges.config import to_dict
from fmri2ges.errors import UserError
from fmri2ges.figures import OWN_MAP
from fmri2ges.figures.composed import METRICS, ComposedFigure, Panel, draw_composed
from fmri2ges.figures.preview import PanelPicture, draw_panel, preview
from fmri2ges.provenance import digest_json
from fmri2ges.request import DecodeRequest
from fmri2ges.views.names import run_name
from fmri2ges.views.player import roi_label

KINDS = {
    "strip": "Film strip",
    "compare": "Wrist curves",
    "cortex": "ROIs on the cortex",
    METRICS: "Scores",
    "roi-bars": "Bars of an ROI study",
    "roi-map": "Map of an ROI study",
    "roi-group": "Subjects of an ROI study",
    OWN_MAP: "Own map",
}
MIME = {"svg": "image/svg+xml", "pdf": "application/pdf", "png": "image/png"}
PREVIEW_DPI = 110


def empty() -> None:
    """What to do before there is a panel."""
    st.info(
        "This figure has no panel yet. Press “Add to figure” under the export of Compare, on ROI study, on Statistics "
        "or beside a map of your own on Explore; or open the JSON of a figure that you made before.",
        icon=":material/dashboard:",
    )
    _open()


@st.fragment
def show(composed: ComposedFigure) -> None:
    """Panels beside the page that they make."""
    if figure.current() != composed:  # a press has changed it: the rest of the page follows
        st.rerun()
    left, right = st.columns([5, 7], gap="large")
    with left:
        composed = _looks(composed)
        for k, panel in enumerate(composed.panels):
            _panel(composed, k, panel)
        ready = _decoded(composed)
        _open()
    with right:
        if ready:
            _page(composed)
        else:
            st.info("The page is drawn as soon as every panel is decoded.", icon=":material/hourglass_empty:")


def _looks(composed: ComposedFigure) -> ComposedFigure:
    a, b = st.columns([3, 2], vertical_alignment="bottom")
    allowed = {composed.width_mm: f"{composed.width_mm:g} mm"} | WIDTHS
    width = a.selectbox("Width", list(allowed), list(allowed).index(composed.width_mm), format_func=allowed.__getitem__)
    letters = b.checkbox("Letters", composed.letters)
    changed = replace(composed, width_mm=width, letters=letters)
    if changed != composed:
        figure.replace_with(changed)
    return changed


@dataclass(frozen=True)
class Place:
    """A panel of the figure, however the figure changes: which panel, and how many equal ones stand before it."""

    panel: Panel
    before: int

    @classmethod
    def of(cls, composed: ComposedFigure, k: int) -> Place:
        """The place of panel `k`."""
        return cls(composed.panels[k], composed.panels[:k].count(composed.panels[k]))

    @property
    def key(self) -> str:
        """Of its widgets."""
        return f"{digest_json(to_dict(self.panel))[:12]}.{self.before}"

    def find(self, panels: list[Panel]) -> int | None:
        """Its number among the panels that there are now; None when it was taken out."""
        equal = [k for k, panel in enumerate(panels) if panel == self.panel]
        return equal[self.before] if self.before < len(equal) else None


def _panel(composed: ComposedFigure, k: int, panel: Panel) -> None:
    place = Place.of(composed, k)
    with st.container(border=True):
        text, buttons = st.columns([6, 6], vertical_alignment="center")
        text.markdown(
            f"**{ascii_lowercase[k]}** {KINDS[panel.kind]}  \n:small[{plain(without_paths(describe(panel)))}]"
        )
        # Callbacks run before anything else is drawn: a press that ends a run before it came here still counts.
        with buttons.container(horizontal=True, gap="small", horizontal_alignment="right"):
            st.checkbox("Wide", panel.wide, key=f"figure.wide.{place.key}", on_change=_turn_wide, args=(place,))
            st.button(
                "",
                icon=":material/arrow_upward:",
                key=f"figure.up.{place.key}",
                disabled=not k,
                help="Move up",
                on_click=_move_up,
                args=(place,),
            )
            st.button(
                "",
                icon=":material/delete:",
                key=f"figure.out.{place.key}",
                help="Take it out",
                on_click=_take_out,
                args=(place,),
            )


def _turn_wide(place: Place) -> None:
    _change(place, lambda panels, k: [*panels[:k], replace(panels[k], wide=not panels[k].wide), *panels[k + 1 :]])


def _move_up(place: Place) -> None:
    _change(place, lambda panels, k: [*panels[: k - 1], panels[k], panels[k - 1], *panels[k + 1 :]] if k else panels)


def _take_out(place: Place) -> None:
    _change(place, lambda panels, k: [*panels[:k], *panels[k + 1 :]])


def _change(place: Place, changed: Callable[[list[Panel], int], list[Panel]]) -> None:
    """Change the panels of the figure as it is now; nothing happens to a panel that is gone."""
    composed = figure.current()
    panels = [] if composed is None else list(composed.panels)
    k = place.find(panels)
    if composed is not None and k is not None:
        figure.replace_with(figure.change(composed, tuple(changed(panels, k))))


def describe(panel: Panel) -> str:
    """What a panel shows, in a few words."""
    if panel.kind == OWN_MAP and panel.own is not None:
        return panel.own.name
    if panel.request is None:
        return ", ".join(filter(None, (run_name(panel.folder), panel.view.subject, panel.view.branch)))
    request = panel.request
    words = [run_name(request.run), request.subject, request.story, roi_label(request.rois)]
    if panel.kind != "cortex":
        start = request.start if panel.start is None else panel.start
        words += [f"from {start or 0:g} s" if panel.stop is None else f"{start or 0:g} to {panel.stop:g} s"]
        words += [f"sample {panel.sample}"] if request.samples > 1 else []
    return ", ".join(words)


def _decoded(composed: ComposedFigure) -> bool:
    """Whether every result is at hand; what is not has its own row."""
    ready = True
    for request in dict.fromkeys(panel.request for panel in composed.panels if panel.request):
        try:
            run = backend.open_run(request)
        except UserError as error:
            show_error(error)
            return False
        if backend.find(run, request) is None:
            letters = [ascii_lowercase[k] for k, p in enumerate(composed.panels) if p.request == request]
            job_row(run, {", ".join(letters): request}, f"figure.decode.{letters[0]}")
            ready = False
    return ready


def _shown_now(request: DecodeRequest) -> str:
    """What changes when the run of a panel is trained anew, or what was recorded changes."""
    return repr(backend.key_of(backend.open_run(request), request))


@st.cache_data(max_entries=16, show_spinner="Drawing")
def _drawn(composed: str, ending: str, dpi: int, opened: tuple[str, ...]) -> bytes:
    """Bytes of a figure; `opened` is what `_shown_now` says of its panels."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / f"figure.{ending}"
        draw_composed(ComposedFigure.from_json(composed), out, dpi, AtHand())
        return out.read_bytes()


@st.cache_resource(max_entries=128, show_spinner="Drawing")
def _panel_picture(panel: Panel, width: float, opened: str) -> PanelPicture:
    """The picture of a panel, kept by what it shows and how wide it is; `opened` as in `_drawn`."""
    return draw_panel(panel, width, PREVIEW_DPI, AtHand())


def _picture_of(panel: Panel, width: float) -> PanelPicture:
    panel = replace(panel, wide=True)  # which says where it stands, not how it looks
    return _panel_picture(panel, width, _shown_now(panel.request) if panel.request else "")


def _page(composed: ComposedFigure) -> None:
    opened = tuple(_shown_now(p.request) for p in composed.panels if p.request)
    text = composed.to_json()
    try:
        page = preview(composed, PREVIEW_DPI, _picture_of)
    except UserError as error:
        show_error(error)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ending = st.segmented_control("Format", list(MIME), default="pdf", required=True, format_func=str.upper)
        dpi = st.number_input("dpi", 72, 1200, 300, step=50, help="Of PNG, and of meshes inside SVG and PDF", width=140)
        st.download_button(
            "Download",
            lambda: _drawn(text, ending, int(dpi), opened),
            f"figure.{ending}",
            MIME[ending],
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "JSON",
            text,
            "figure.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
            help=f"Draws the same bytes again: fmri2ges figure figure.json --out figure.{ending} --dpi {int(dpi)}",
        )
    with st.container(border=True):
        st.image(page.png, width="stretch" if composed.width_mm > 100 else 480)
    with st.expander("Legend"):
        st.code(page.legend, language=None, wrap_lines=True)


def _open() -> None:
    """A figure that was kept as JSON."""
    given = st.file_uploader("Open the JSON of a figure", ["json"], key="figure.given", max_upload_size=1)
    if given is None or st.session_state.get("figure.taken") == given.file_id:
        return
    st.session_state["figure.taken"] = given.file_id
    try:
        opened = ComposedFigure.from_json(given.getvalue().decode("utf-8", "replace"))
    except UserError as error:
        show_error(error)
        return
    figure.replace_with(opened)
    st.rerun()


def mark():
    """The run whose badges the page shows: that of the first decoded panel, else the one that is chosen."""
    composed = figure.current()
    asked = [] if composed is None else [p.request for p in composed.panels if p.request]
    if asked:
        with suppress(UserError):  # said below the panels, which can be taken out
            return backend.open_run(asked[0])
    return backend.open_run(state.request())

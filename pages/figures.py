"""Figures: panels collected on the other screens, on one page for a paper."""

from app import figure
from app.messages import guarded
from app.parts import figure_panel
from app.parts.mark import data_mark


@guarded
def screen() -> None:
    """The page."""
    composed = figure.current()
    data_mark(figure_panel.mark())
    if composed is None:
        figure_panel.empty()
    else:
        figure_panel.show(composed)


screen()

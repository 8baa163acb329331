"""Figures: panels collected on the other screens, on one page for a paper."""

from app import figure
from app.messages import guarded
from app.parts import figure_panel
from app.parts.context_bar import context_bar


@guarded
def screen() -> None:
    """The page."""
    composed = figure.current()
    context_bar(marked=figure_panel.mark())
    if composed is None:
        figure_panel.empty()
    else:
        figure_panel.show(composed)


screen()

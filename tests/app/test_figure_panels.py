"""Quick presses on Figures: each of them counts, for the panel that it was meant for."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.parts.figure_panel import Place
from fmri2ges.figures.composed import ComposedFigure, Panel

PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "figures.py")
BARS, MAP = Panel("roi-bars", folder="demo"), Panel("roi-map", folder="demo")
SMALL = Panel("roi-bars", folder="demo", wide=False)


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setattr("app.parts.figure_panel._page", lambda composed: None)
    app = AppTest.from_file(PAGE, default_timeout=120)
    app.session_state["figure"] = ComposedFigure((BARS, MAP, SMALL))
    return app.run()


def panels(app) -> tuple[Panel, ...]:
    return app.session_state["figure"].panels


def key(app, name: str, k: int) -> str:
    return f"figure.{name}.{Place.of(app.session_state['figure'], k).key}"


def test_two_presses_of_delete_take_two_panels_out(page):
    first, second = (page.button(key(page, "out", k)) for k in (0, 1))
    first.click()
    second.click()
    assert panels(page.run()) == (SMALL,)


def test_a_press_behind_another_one_moves_the_panel_that_it_named(page):
    out, up = page.button(key(page, "out", 0)), page.button(key(page, "up", 2))
    out.click()
    up.click()
    assert panels(page.run()) == (SMALL, MAP)


def test_wide_and_delete_of_one_panel_leave_the_others_as_they_were(page):
    page.checkbox(key(page, "wide", 1)).uncheck()
    page.button(key(page, "out", 2)).click()
    assert [(p.kind, p.wide) for p in panels(page.run())] == [("roi-bars", True), ("roi-map", False)]


def test_of_two_equal_panels_the_second_is_found_as_long_as_it_is_there():
    figure = ComposedFigure((BARS, MAP, BARS))
    first, second = Place.of(figure, 0), Place.of(figure, 2)
    assert first.key != second.key and [second.find(list(figure.panels)), second.find([BARS, MAP])] == [2, None]
    assert first.find([MAP, BARS]) == 1

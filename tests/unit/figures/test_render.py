"""Rendered figures: they show what the painted ones show, and a machine without OpenGL paints."""

import sys

import numpy as np
import pytest
from PIL import Image

from fmri2ges.cli.main import main
from fmri2ges.decoding.stories import load_stories
from fmri2ges.errors import UserError
from fmri2ges.exports.meshes import Mesh
from fmri2ges.figures import make_figure, render
from fmri2ges.figures.render import CannotRender, Shot, cause_of_no_render

SQUARE = Mesh.of([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], [[0, 1, 2], [0, 2, 3]], (0, 114, 178))
NO_LINES = np.empty((0, 2, 3))


def shot(mesh=SQUARE, lines=NO_LINES, **changes):
    return Shot(mesh, lines, 0.2, **{"eye": (0, 0, 1), "up": (0, 1, 0), "centre": (0, 0, 0)} | changes)


@pytest.fixture
def opengl():
    if cause := cause_of_no_render():
        pytest.skip(cause)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a program in the place of the process that renders."""

    def put(text):
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    cause_of_no_render.cache_clear()
    yield put
    cause_of_no_render.cache_clear()


def test_a_square_is_where_it_was_put(opengl):
    """Two units of four are half of the height; the picture has a colour there and is clear elsewhere."""
    above = np.array([[[-1.5, 1.5, 0], [1.5, 1.5, 0]]])
    picture = render.render([shot(lines=above, height=4.0, pixels=(80, 40), centre=(0.5, 0, 0))])[0]
    assert picture.shape == (40, 80, 4)
    rows, columns = np.nonzero(picture[12:, :, 3] > 128)
    assert (columns.min(), columns.max()) == (pytest.approx(25, abs=1), pytest.approx(44, abs=1))
    assert (rows.min() + 12, rows.max() + 12) == (pytest.approx(10, abs=2), pytest.approx(29, abs=1))
    red, green, blue, _ = picture[20, 35]
    assert blue > green > red
    line = picture[:8, :, 3] > 128  # the outline, half a unit above it, is dark
    assert line.any() and picture[:8][line][:, :3].max() < 140


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cortex", "strip"])
def test_a_rendered_figure_shows_the_same_things_at_the_same_places(opengl, kind, scored_run, tmp_path):
    story = load_stories(scored_run / "decoded" / "two")[0]
    painted, rendered = (
        np.asarray(
            Image.open(make_figure(story, kind, tmp_path / f"{r}.png", 120, 100, rendered=r)).convert("L"), float
        )
        for r in (False, True)
    )
    assert painted.shape == rendered.shape
    ink = [picture < 240 for picture in (painted, rendered)]
    if kind == "strip":  # limbs are thicker than lines: what is drawn as lines is covered
        assert (ink[0] & ink[1]).sum() > 0.9 * ink[0].sum() and ink[1].sum() > 1.3 * ink[0].sum()
    else:
        assert (ink[0] & ink[1]).sum() > 0.95 * (ink[0] | ink[1]).sum()
    assert np.abs(painted - rendered).mean() > 1  # and yet it is another picture


@pytest.mark.parametrize(
    "program, cause",
    [
        ("kill -SEGV $$", "signal 11"),
        ("echo 'bad X server' >&2; exit 1", "bad X server"),
        ("sleep 9", "did not finish"),
    ],
)
def test_a_process_that_ends_or_hangs_is_one_line(program, cause, stand_in, monkeypatch):
    monkeypatch.setattr(render, "SECONDS", 0.5)
    stand_in(program)
    with pytest.raises(CannotRender, match=cause) as error:
        render.render([shot(height=4.0, pixels=(8, 8))])
    assert len(str(error.value).splitlines()) == 1


def test_without_opengl_the_command_paints_and_says_why(stand_in, scored_run, tmp_path, capsys):
    folder, stand_in_text = scored_run / "decoded" / "two", "kill -SEGV $$"
    assert main(["figure", str(folder), "--kind", "strip", "--dpi", "50", "--out", str(tmp_path / "a.png")]) == 0
    stand_in(stand_in_text)
    out = tmp_path / "b.png"
    assert main(["figure", str(folder), "--kind", "strip", "--dpi", "50", "--rendered", "--out", str(out)]) == 0
    assert "painted, not rendered: pyvista found no OpenGL" in capsys.readouterr().err
    assert out.read_bytes() == (tmp_path / "a.png").read_bytes()


def test_curves_cannot_be_rendered(scored_run, tmp_path):
    story = load_stories(scored_run / "decoded" / "two")[0]
    with pytest.raises(UserError, match="rendered: compare shows neither bodies nor a cortex"):
        make_figure(story, "compare", tmp_path / "f.png", rendered=True)


def test_a_missing_pyvista_is_said(monkeypatch):
    monkeypatch.setattr(render.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotRender, match="pip install pyvista"):
        render.render([shot(height=4.0, pixels=(8, 8))])

"""Figures in a real browser: panels collected on other screens, on one page that the command line draws again."""

import json

import pytest

from fmri2ges.cli.main import main

pytestmark = pytest.mark.browser
FIRST_LOAD = 120_000  # ms


def rest(page):
    """Wait until no script runs."""
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid=stStatusWidget]", state="detached", timeout=FIRST_LOAD)


def go(page, name):
    rest(page)
    page.get_by_role("link", name=name).click()
    rest(page)


def download(page, name, folder):
    with page.expect_download(timeout=FIRST_LOAD) as found:
        page.get_by_role("button", name=name, exact=True).click()
    file = folder / found.value.suggested_filename
    found.value.save_as(file)
    return file


def test_panels_of_two_screens_make_a_figure_that_the_command_line_draws_again(page, server, tmp_path, capsys):
    page.goto(server)
    go(page, "ROI study")
    page.get_by_role("button", name="Add to figure").click(timeout=FIRST_LOAD)
    page.get_by_text("Panel a of the figure").wait_for()
    go(page, "Statistics")
    page.get_by_role("button", name="Add to figure").click(timeout=FIRST_LOAD)
    page.get_by_text("Panel b of the figure").wait_for()
    go(page, "Figures")
    page.locator("[data-testid=stImage] img").wait_for(timeout=FIRST_LOAD)
    file = download(page, "JSON", tmp_path)
    kinds = [panel["kind"] for panel in json.loads(file.read_text())["panels"]]
    assert kinds == ["roi-bars", "metrics"]
    shown = download(page, "Download", tmp_path)
    assert shown.name == "figure.pdf" and shown.read_bytes().startswith(b"%PDF")
    assert main(["figure", str(file), "--out", str(tmp_path / "again.pdf")]) == 0
    assert (tmp_path / "again.pdf").read_bytes() == shown.read_bytes()
    page.get_by_role("button", name="delete").first.click()
    page.get_by_text("a Scores").wait_for()
    assert page.problems == []


def test_a_figure_is_opened_from_its_json_and_a_wrong_file_is_one_line(page, server, tmp_path):
    (tmp_path / "figure.json").write_text('{"panels": [{"kind": "roi-map", "folder": "demo"}], "width_mm": 85}')
    (tmp_path / "wrong.json").write_text('{"panels": [{"kind": "![x](http://127.0.0.1/x.png)"}]}')
    page.goto(f"{server}/figures")
    page.locator("input[type=file]").set_input_files(tmp_path / "wrong.json", timeout=FIRST_LOAD)
    line = page.get_by_role("alert").filter(has_text="kind")
    line.wait_for()
    assert "![x](http://127.0.0.1/x.png)" in line.inner_text() and line.locator("img").count() == 0
    page.locator("input[type=file]").set_input_files(tmp_path / "figure.json")
    page.get_by_text("a Map of an ROI study").wait_for()
    page.locator("[data-testid=stImage] img").wait_for(timeout=FIRST_LOAD)


@pytest.mark.parametrize("run", ["/nowhere/run", "x" * 5000])
def test_a_panel_of_a_run_that_is_not_there_can_be_taken_out(page, server, tmp_path, run):
    """The error stands beside the panels; it does not take the page with it."""
    panels = [{"kind": "strip", "request": {"run": run}}, {"kind": "roi-map", "folder": "demo"}]
    (tmp_path / "figure.json").write_text(json.dumps({"panels": panels, "width_mm": 85}))
    page.goto(f"{server}/figures")
    page.locator("input[type=file]").set_input_files(tmp_path / "figure.json", timeout=FIRST_LOAD)
    page.get_by_role("alert").filter(has_text="run").wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
    page.get_by_role("button", name="delete").first.click()
    page.get_by_text("a Map of an ROI study").wait_for()
    page.locator("[data-testid=stImage] img").wait_for(timeout=FIRST_LOAD)

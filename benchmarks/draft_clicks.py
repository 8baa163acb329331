"""Seconds from a click on the cortex to its draft on screen, in a real browser, beside those of the draft alone.

    python benchmarks/draft_clicks.py --out draft_clicks.json

Needs Chromium. Every click chooses one more area, so each draft is of a choice that is new to the server. Baseline in
the same run: the list of chosen areas, which the same click changes without a decoding, and the time that drafts take
in a process of their own while no browser runs. Without a GPU the browser paints both views in software, on the cores
that the server needs too.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]

import numpy as np  # noqa: E402
from app_server import CHROMIUM_FLAGS, run_server  # noqa: E402
from common import arguments, at_most, finish  # noqa: E402
from drafts import REQUEST, timed, warm_run  # noqa: E402

from fmri2ges.brain.atlas import load_atlas  # noqa: E402

AREAS = ("44", "45", "A4", "A5", "PGi", "PGs", "PFm", "STSdp", "STSvp", "TE1a", "TE1p", "4", "6v", "55b", "IFSp")
AREAS += ("47l", "PF", "PHT", "TPOJ1", "8Av", "1", "3b")
TOGETHER = 4  # areas that are chosen at a time; then the choice is cleared
MOTION = 50_000  # bytes; a message of more is 30 s of gestures


def clicks(page, url: str) -> list[dict[str, float]]:
    """Click one area after the other, each when the decoding before it has ended."""
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    page.goto(url)
    page.locator(".player[data-time]").wait_for()
    page.wait_for_timeout(5000)
    index, found = load_atlas().area_index, []
    chosen: list[str] = []
    for number, area in enumerate(AREAS):
        if number % TOGETHER == 0 and number:
            chosen = []
            page.goto(url)
            page.locator(".player[data-time]").wait_for()
            page.wait_for_timeout(3000)
        chosen.append(f"L_{area}")
        point = page.locator(".cortex").evaluate("(root, a) => root.cortexView.locate(a)", index[f"L_{area}"])
        if point is None:
            continue
        page.mouse.move(point["x"], point["y"])
        page.wait_for_timeout(500)
        sizes.clear()
        begun = time.perf_counter()
        page.mouse.click(point["x"], point["y"])
        page.locator("[data-testid=stMultiSelect]").get_by_text(f"{area} left", exact=True).wait_for()
        listed = time.perf_counter()
        said = page.locator(".st-key-gestures [data-testid=stCaptionContainer]").get_by_text(f"L_{area}")
        said.filter(has_text="Draft").or_(said.filter(has_text="Shown:")).wait_for()
        # The line is sent just before the gestures; they are on screen when the player names the area too.
        page.locator(".player .caption").get_by_text(f"L_{area}").wait_for()
        drafted = time.perf_counter()
        page.locator(".st-key-gestures [data-testid=stCaptionContainer]").get_by_text("Shown:").wait_for()
        page.get_by_role("button", name="Decoded").wait_for()
        found.append(
            {
                "listed": listed - begun,
                "drafted": drafted - begun,
                "decoded": time.perf_counter() - begun,
                "bytes of gestures": sum(size for size in sizes if size >= MOTION),
                "bytes beside": sum(size for size in sizes if size < MOTION),
            }
        )
    return found


def main() -> None:
    from playwright.sync_api import sync_playwright

    args = arguments(__doc__, "draft_clicks").parse_args()
    with (
        tempfile.TemporaryDirectory() as cache,
        run_server(ROOT / "app" / "main.py", Path(cache)) as url,
        sync_playwright() as p,
    ):
        chromium = p.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        found = clicks(page, url)
        chromium.close()
    run = warm_run()
    alone = [timed(lambda a=area: run.draft(replace(REQUEST, rois=(f"L_{a}",)))) for area in AREAS[: len(found)]]
    median = {name: float(np.median([click[name] for click in found])) for name in found[0]}
    seconds = float(np.median([made[1] for made in alone]))
    figures = {"clicks": len(found), "medians of a click": median, "median seconds of a draft alone": seconds}
    for name, value in figures.items():
        print(f"{name}: {value}")
    claims = [
        at_most(
            "seconds to the draft on screen to those to the list and of a draft alone together",
            median["drafted"] / (median["listed"] + seconds),
            3.0,
        ),
        at_most(
            "seconds to the draft on screen to those of the full result", median["drafted"] / median["decoded"], 0.8
        ),
    ]
    finish(args.out, {"figures": figures, "each": found}, claims)


if __name__ == "__main__":
    main()

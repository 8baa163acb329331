"""Server start to first decoded picture, and the cost of a click on the cortex, in a real browser.

    python benchmarks/app.py --out app.json [--screenshots DIR]

Needs Chromium. Run it on an idle machine. Baseline for the click: the bytes of the first load.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]

from app_server import CHROMIUM_FLAGS, run_server  # noqa: E402

from fmri2ges.brain.atlas import load_atlas  # noqa: E402
from fmri2ges.data.atomic import write_json  # noqa: E402
from fmri2ges.provenance import versions  # noqa: E402

AREAS = ("L_44", "L_45", "L_A5", "L_PGi", "L_STSdp", "L_TE1a")


def measure(page, url: str, started: float) -> dict:
    received: list[int] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame))))
    page.goto(url)
    page.locator(".player canvas").first.wait_for(timeout=120_000)
    first = time.perf_counter() - started
    page.wait_for_timeout(3000)
    load = sum(received)
    index, clicks = load_atlas().area_index, []
    for area in AREAS:
        point = page.locator(".cortex").evaluate("(root, a) => root.cortexView.locate(a)", index[area])
        received.clear()
        begun = time.perf_counter()
        page.mouse.click(point["x"], point["y"])
        page.locator("[data-testid=stMultiSelect]").get_by_text(f"{area[2:]} left").wait_for()
        clicks.append({"milliseconds": round(1e3 * (time.perf_counter() - begun)), "bytes": 0})
        page.wait_for_timeout(1500)
        clicks[-1]["bytes"] = sum(received)
    return {"seconds to first decoded picture": round(first, 1), "bytes of first load": load, "clicks": clicks[1:]}


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--screenshots", type=Path, help="folder for pictures of the screens, light and dark")
    args = parser.parse_args()
    result = {"cores": os.cpu_count(), "machine": platform.machine(), "versions": versions()}
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as p:
        chromium = p.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        for name in ("empty cache", "warm cache"):
            started = time.perf_counter()
            with run_server(ROOT / "app" / "main.py", Path(cache)) as url:
                page = chromium.new_page(viewport={"width": 1440, "height": 900})
                result[name] = measure(page, url, started)
                page.close()
                if args.screenshots and name == "warm cache":
                    take_pictures(chromium, url, args.screenshots)
        chromium.close()
    for name in ("empty cache", "warm cache"):
        print(name, result[name])
    if args.out:
        write_json(args.out, result)


def take_pictures(chromium, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        page = chromium.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
        for screen, link in (("explore", ""), ("compare", "compare")):
            page.goto(f"{url}/{link}?rois=Broca,STS,AG")
            page.locator(".player canvas").first.wait_for(timeout=120_000)
            page.wait_for_timeout(4000)
            page.screenshot(path=folder / f"{screen}-{theme}.png")
        page.close()


if __name__ == "__main__":
    main()

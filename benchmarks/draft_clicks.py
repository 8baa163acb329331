"""Seconds from a click on the cortex to its draft on screen, in a real browser, and where they go.

    python benchmarks/draft_clicks.py --out draft_clicks.json [--busy] [--clicks N]

Needs Chromium. Every click chooses one more area, so each draft is of a choice that is new to the server. The browser
notes when it was clicked, sends, hears and has painted; the server (`timed_app.py`) notes when the page begins, when
the draft begins and is made, and when the gestures are handed over. Baseline in the same run: the list of chosen areas,
which the same click changes without a decoding, and the time that drafts take in a process of their own while no
browser runs. Without a GPU the browser paints both views in software, on the cores that the server needs too.

The claim of half a second holds for two cores that do nothing else; `--busy` leaves it out.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
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
AS_APP = ("--global.maxCachedMessageAge", "8")  # as app/.streamlit/config.toml, which lies beside app/main.py alone


GOAL = 0.5  # seconds from a click to its draft on screen
# What is timed of a click, in order: the end of each part -> how the part is called.
PARTS = {
    "sent": "the browser answers the click and sends it",
    "page begins": "the server takes it up",
    "draft begins": "the draft waits for its thread",
    "draft made": "the draft is made",
    "gestures sent": "the page packs and hands over the gestures",
    "got": "they reach the browser",
    "painted": "the browser shows them",
}
WATCH = """
const seen = window.seen = [], at = () => (performance.timeOrigin + performance.now()) / 1000;
const size = (data) => data.byteLength ?? data.size ?? data.length;
addEventListener("pointerup", () => seen.push({ what: "click", at: at() }), true);
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", (event) => seen.push({ what: "received", at: at(), size: size(event.data) }));
  }
  send(data) {
    seen.push({ what: "sent", at: at(), size: size(data) });
    super.send(data);
  }
};
// A frame later what has changed is painted.
window.watchPaint = (node, what) => new MutationObserver(() => requestAnimationFrame(() => setTimeout(() =>
  seen.push({ what, at: at(), text: node.textContent })))).observe(
  node, { childList: true, characterData: true, subtree: true });
"""


def opened(page, url: str) -> None:
    """Explore, with its first result and nothing at work, watched."""
    page.goto(url)
    page.locator(".player[data-time]").wait_for()
    page.wait_for_timeout(4000)
    page.locator(".player .caption").evaluate("node => watchPaint(node, 'painted')")
    page.locator("[data-testid=stMultiSelect]").first.evaluate("node => watchPaint(node, 'listed')")


def clicks(page, url: str, times: Path, areas: tuple[str, ...]) -> list[dict[str, float]]:
    """Click one area after the other, each when the decoding before it has ended.

    Parameters
    ----------
    times : where the server notes its steps
    areas : of the left hemisphere
    """
    page.add_init_script(WATCH)
    index, found = load_atlas().area_index, []
    for number, area in enumerate(areas):
        if number % TOGETHER == 0:
            opened(page, url)
        point = page.locator(".cortex").evaluate("(root, a) => root.cortexView.locate(a)", index[f"L_{area}"])
        if point is None:
            continue
        page.mouse.move(point["x"], point["y"])
        page.wait_for_timeout(700)
        page.evaluate("seen.length = 0")
        times.write_text("")
        page.mouse.click(point["x"], point["y"])
        page.locator(".player .caption").get_by_text(f"L_{area}").wait_for()
        page.locator(".st-key-gestures [data-testid=stCaptionContainer]").get_by_text("Shown:").wait_for()
        page.get_by_role("button", name="Decoded").wait_for()
        page.wait_for_timeout(1000)
        steps = page.evaluate("seen") + [json.loads(line) for line in times.read_text().splitlines()]
        found.append(parts_of(sorted(steps, key=lambda step: step["at"]), area))
    return found


def parts_of(steps: list[dict], area: str) -> dict[str, float]:
    """Seconds of a click until its parts end, and what was sent.

    Parameters
    ----------
    steps : what browser and server noted, in order of time
    area : that was clicked
    """
    click = next(step["at"] for step in steps if step["what"] == "click")

    def first(what: str, text: str = "") -> float:
        return next(s["at"] for s in steps if s["what"] == what and s["at"] >= click and text in s.get("text", ""))

    painted = first("painted", text=f"L_{area}")
    made = first("draft made")
    handed_over = max((s["at"] for s in steps if s["what"] == "gestures sent" and s["at"] < painted), default=made)
    large = [s["at"] for s in steps if s["what"] == "received" and s["size"] >= MOTION and s["at"] < painted]
    got = max(large, default=painted)
    ends = {name: first(name) for name in ("sent", "page begins", "draft begins")}
    ends |= {"draft made": made, "gestures sent": handed_over, "got": got, "painted": painted}
    received = [s["size"] for s in steps if s["what"] == "received"]
    seconds = {name: at - click for name, at in ends.items()} | {"listed": first("listed", text=f"{area} left") - click}
    return seconds | {
        "bytes of gestures": sum(size for size in received if size >= MOTION),
        "bytes beside": sum(size for size in received if size < MOTION),
    }


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = arguments(__doc__, "draft_clicks")
    parser.add_argument("--busy", action="store_true", help="other programs run: claim ratios alone")
    parser.add_argument("--clicks", type=int, default=len(AREAS), help="how many areas are clicked")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as p:
        times = Path(cache) / "times.jsonl"
        times.touch()
        os.environ["TIMES"] = str(times)
        with run_server(ROOT / "benchmarks" / "timed_app.py", Path(cache), *AS_APP) as url:
            chromium = p.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
            page = chromium.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(120_000)
            found = clicks(page, url, times, AREAS[: args.clicks])
            chromium.close()
    run = warm_run()
    alone = [timed(lambda a=area: run.draft(replace(REQUEST, rois=(f"L_{a}",)))) for area in AREAS[: len(found)]]
    median = {name: float(np.median([click[name] for click in found])) for name in found[0]}
    seconds = float(np.median([made[1] for made in alone]))
    figures = {"clicks": len(found), "medians of a click": median, "median seconds of a draft alone": seconds}
    print(f"{len(found)} clicks, medians in ms from the click on:")
    before = 0.0
    for name, text in PARTS.items():
        print(f"{1e3 * before:6.0f} to {1e3 * median[name]:6.0f}  {text}")
        before = median[name]
    print(f"the list shows the area after {1e3 * median['listed']:.0f} ms; a draft alone takes {1e3 * seconds:.0f} ms")
    claims = [
        at_most(
            "seconds to the draft on screen to those to the list and of a draft alone together",
            median["painted"] / (median["listed"] + seconds),
            3.0,
        )
    ]
    if not args.busy:
        claims.append(at_most("median seconds from a click to its draft on screen", median["painted"], GOAL))
    finish(args.out, {"figures": figures, "each": found}, claims)


if __name__ == "__main__":
    main()

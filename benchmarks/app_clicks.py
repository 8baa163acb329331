"""Server start to first decoded picture, the cost of a click on the cortex, and a long BVH, in a real browser.

    python benchmarks/app_clicks.py --out app_clicks.json [--screenshots DIR]

Needs Chromium. Run it on an idle machine. Baseline for the click: the bytes of the first load. A click is timed in
parts: until the browser has sent it, until the first answer of the server, and until the list shows the area. Without a
GPU the browser paints both views in software, on the cores that the server needs too. Frames per second are those of
the player with four tracks of eight samples, without a server, in turns with the samples' arms and without them.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]

import numpy as np  # noqa: E402
from app_server import CHROMIUM_FLAGS, run_server  # noqa: E402
from common import arguments, at_least, at_most, finish  # noqa: E402

from fmri2ges.brain.atlas import load_atlas  # noqa: E402
from fmri2ges.decoding.run import open_run  # noqa: E402
from fmri2ges.documents.player import player_html, player_script  # noqa: E402
from fmri2ges.request import DecodeRequest  # noqa: E402
from fmri2ges.views.fan import fan_data  # noqa: E402
from fmri2ges.views.player import player_data  # noqa: E402
from fmri2ges.views.tracks import TRACK_IDS, Material  # noqa: E402

AREAS = ("L_44", "L_45", "L_A5", "L_PGi", "L_STSdp", "L_TE1a")
PLAYED = 2.0  # seconds in which frames are counted
TURNS = 9  # with fans, and without
COUNT = """async (ms) => {
  const begun = performance.now();
  let frames = 0;
  for (; performance.now() < begun + ms; frames++) await new Promise(requestAnimationFrame);
  return (1000 * frames) / (performance.now() - begun);
}"""


def measure(page, url: str, started: float) -> dict:
    received: list[int] = []
    sent_at: list[float] = []
    received_at: list[float] = []

    def got(frame) -> None:
        received.append(len(frame))
        received_at.append(time.perf_counter())

    def watch(socket) -> None:
        socket.on("framereceived", got)
        socket.on("framesent", lambda _: sent_at.append(time.perf_counter()))

    page.on("websocket", watch)
    page.goto(url)
    page.locator(".player canvas").first.wait_for(timeout=120_000)
    first = time.perf_counter() - started
    page.wait_for_timeout(3000)
    load = sum(received)
    index, clicks = load_atlas().area_index, []
    for area in AREAS:
        point = page.locator(".cortex").evaluate("(root, a) => root.cortexView.locate(a)", index[area])
        page.mouse.move(point["x"], point["y"])  # as a hand does: the pointer is there before it presses
        page.wait_for_timeout(700)
        for record in (received, sent_at, received_at):
            record.clear()
        begun = time.perf_counter()
        page.mouse.click(point["x"], point["y"])
        page.locator("[data-testid=stMultiSelect]").get_by_text(f"{area[2:]} left").wait_for()
        listed = time.perf_counter()
        page.wait_for_timeout(1500)
        first_answer = min((t for t in received_at if t > sent_at[0]), default=listed)
        parts = {"sent": sent_at[0], "answered": first_answer, "listed": listed, "all answered": received_at[-1]}
        clicks.append({k: round(1e3 * (t - begun)) for k, t in parts.items()} | {"bytes": sum(received)})
    return {"seconds to first decoded picture": round(first, 1), "bytes of first load": load, "clicks": clicks[1:]}


def show_bvh(page, url: str, folder: Path) -> float:
    """Seconds from choosing a clip of 75 joints and 69 s on the Data screen to its skeleton on screen."""
    from tests.rigs import NAMES, motion, write, write_75_joints

    rng = np.random.default_rng(0)
    write(folder / "short.bvh", NAMES["zeroeggs"], motion(rng, 300), fps=30)
    write_75_joints(folder / "long.bvh")
    lines = ['name = "clips"']
    for name in ("short", "long"):
        (folder / f"{name}.tsv").write_text("word\tstart\tduration\nhello\t1\t0.4\n")
        lines += ["[[gesture]]", f'clip = "{name}"', f'motion = "{name}.bvh"', f'words = "{name}.tsv"', 'speaker = "1"']
    (folder / "study.toml").write_text("\n".join(lines) + "\n")
    page.goto(f"{url}/data")
    box = page.get_by_role("textbox", name="Study file")
    box.fill(str(folder / "study.toml"))
    box.press("Enter")
    page.locator(".player canvas").first.wait_for(timeout=60_000)
    page.locator("[data-testid=stSelectbox] input").last.click()
    begun = time.perf_counter()
    page.get_by_role("option", name="long").click()
    page.locator(".player").get_by_text("long \u00b7 69 s").wait_for(timeout=60_000)
    return round(time.perf_counter() - begun, 2)


def write_player(file: Path) -> None:
    """A page with the player alone: both branches of the demo's first result as A and as B, all with their samples."""
    run = open_run()
    decoded = run.kept(run.complete(DecodeRequest(start=0, stop=30)))
    assert decoded is not None, "the result comes with the package"
    motions = Material(decoded, decoded).motions(0, TRACK_IDS)
    data = player_data(decoded, motions, decoded.words, other=decoded) | {"extras_of": "this"}
    extras = json.dumps({"fan": {"of": "this", "tracks": fan_data(motions)}})
    parts = ("<!doctype html><meta charset='utf-8'><body style='width:1300px'>", str(player_html(data)))
    script = f"<script type='module'>globalThis.fmri2gesExtras = {extras};\n{player_script()}</script>"
    file.write_text("".join((*parts, script)), encoding="utf-8")


def frames_per_second(chromium, folder: Path) -> dict[str, list[float]]:
    """Of the player, with the arms of all samples and without, in turns."""
    write_player(folder / "player.html")
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto((folder / "player.html").as_uri())
    page.get_by_label("Begin again at the end").click()
    page.get_by_label("Play (space)").click()
    button = page.get_by_label("Show the arms of all samples")
    found: dict[str, list[float]] = {"with fans": [], "without": []}
    for _ in range(2 * TURNS):
        shown = button.get_attribute("aria-pressed") == "true"
        found["with fans" if shown else "without"].append(round(page.evaluate(COUNT, 1000 * PLAYED), 1))
        button.click()
    page.close()
    return found


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = arguments(__doc__, "app_clicks")
    parser.add_argument("--screenshots", type=Path, help="folder for pictures of the screens, light and dark")
    args = parser.parse_args()
    result: dict = {}
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as p:
        chromium = p.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        for name in ("empty cache", "warm cache"):
            started = time.perf_counter()
            with run_server(ROOT / "app" / "main.py", Path(cache)) as url:
                page = chromium.new_page(viewport={"width": 1440, "height": 900})
                result[name] = measure(page, url, started)
                if name == "warm cache":
                    with tempfile.TemporaryDirectory() as folder:
                        result["seconds to show a BVH"] = show_bvh(page, url, Path(folder))
                page.close()
                if args.screenshots and name == "warm cache":
                    take_pictures(chromium, url, args.screenshots)
        with tempfile.TemporaryDirectory() as folder:
            result["frames per second"] = frames_per_second(chromium, Path(folder))
        chromium.close()
    for name in ("empty cache", "warm cache"):
        print(name, result[name])
    print("seconds to show a BVH", result["seconds to show a BVH"])
    frames = {name: statistics.median(values) for name, values in result["frames per second"].items()}
    print("frames per second", frames)
    share = frames["with fans"] / frames["without"]
    claims = [at_least("frames per second of the player with all samples to those without", share, 0.8)]
    for name in ("empty cache", "warm cache"):
        dearest = max(click["bytes"] for click in result[name]["clicks"])
        share = dearest / result[name]["bytes of first load"]
        claims.append(at_most(f"{name}: bytes of the dearest click to those of the first load", share, 0.05))
    finish(args.out, {"figures": result}, claims)


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

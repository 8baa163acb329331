"""From the start of the server to the first decoded skeleton: this checkout beside another commit.

    python benchmarks/first_screen.py --commit 767587e --out first_screen.json

Both start in turns with an empty cache folder, so that other programs slow them alike; a warm start follows each cold
one. The claim is the ratio of medians; a tenth is left to chance, since single starts differ by a third. Needs Chromium
and git.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "app")]

from app_server import CHROMIUM_FLAGS, run_server  # noqa: E402
from common import arguments, at_most, finish  # noqa: E402

STARTS = ("cold", "warm")


def unpacked(commit: str, folder: Path) -> Path:
    """The tree of a commit, written to a folder."""
    archive = folder / "tree.tar"
    subprocess.run(["git", "archive", "--output", str(archive), commit], cwd=ROOT, check=True)
    tree = folder / "tree"
    tree.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(tree)], check=True)
    return tree


def seconds_to_skeleton(chromium, tree: Path, cache: Path) -> float:
    started = time.perf_counter()
    with run_server(tree / "app" / "main.py", cache) as url:
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.locator(".player canvas").first.wait_for(timeout=300_000)
        seconds = time.perf_counter() - started
        page.close()
    return seconds


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = arguments(__doc__, "first_screen")
    parser.add_argument("--commit", required=True, help="what this checkout is compared with")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        trees = {"this": ROOT, "other": unpacked(args.commit, Path(folder))}
        seconds: dict[str, dict[str, list[float]]] = {name: {start: [] for start in STARTS} for name in trees}
        chromium = p.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        for repeat in range(args.repeats):
            for name in list(trees)[:: 1 if repeat % 2 else -1]:
                with tempfile.TemporaryDirectory() as cache:
                    for start in STARTS:
                        seconds[name][start].append(round(seconds_to_skeleton(chromium, trees[name], Path(cache)), 2))
            print({name: {start: values[-1] for start, values in s.items()} for name, s in seconds.items()}, flush=True)
        chromium.close()
    middle = {name: {start: statistics.median(values) for start, values in s.items()} for name, s in seconds.items()}
    claims = [
        at_most(
            f"{start} start to the first skeleton, to {args.commit}",
            middle["this"][start] / middle["other"][start],
            1.1,
        )
        for start in STARTS
    ]
    finish(args.out, {"seconds": seconds, "median": middle, "compared with": args.commit}, claims)


if __name__ == "__main__":
    main()

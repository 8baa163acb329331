"""Pictures of the screens: those of the README, and every screen at several widths for looking at.

    python benchmarks/pictures.py                    # assets/readme-*.png
    python benchmarks/pictures.py --all FOLDER       # every screen, 900 to 1920 pixels, light and dark

Needs Chromium. Nothing is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]

from app_server import CHROMIUM_FLAGS, run_server  # noqa: E402


@dataclass(frozen=True)
class Screen:
    """A page of the app.

    Parameters
    ----------
    name : of its picture
    link : its address below that of the server
    shows : selector of what has to be there before the picture is taken
    """

    name: str
    link: str
    shows: str


EXPLORE = Screen("explore", "", ".player canvas")
COMPARE = Screen("compare", "compare?rois=Broca,STS,AG", ".player >> text=/null \\.\\d/")  # the scores come last
STUDY = Screen("roi-study", "roi_study?rois=Broca", ".cortex canvas")
SCORES = Screen("statistics", "scores", ".js-plotly-plot")
FIGURES = Screen("figures", "figures", "[data-testid=stFileUploader]")
RUNS = Screen("runs", "runs", "[data-testid=stForm]")
DATA = Screen("data", "data", "[data-testid=stCode]")
ABOUT = Screen("about", "about", "[data-testid=stMarkdown]")
README = (EXPLORE, COMPARE, STUDY)
SIZES = ((900, 800), (1280, 800), (1440, 900), (1920, 1080))


def take(chromium, url: str, screen: Screen, size: tuple[int, int], theme: str, file: Path) -> None:
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    page.goto(f"{url}/{screen.link}")
    page.locator(screen.shows).first.wait_for(timeout=180_000)
    if page.locator("[data-testid=stStatusWidget]").count():
        page.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=180_000)
    page.wait_for_timeout(4000)  # the last chart is drawn after the server is done
    page.screenshot(path=file)
    page.close()
    print(file)


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every screen at every width, light and dark")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache, sync_playwright() as p:
        chromium = p.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        with run_server(ROOT / "app" / "main.py", Path(cache)) as url:
            if args.all is None:
                for screen in README:
                    take(chromium, url, screen, (1440, 900), "light", ROOT / "assets" / f"readme-{screen.name}.png")
            else:
                args.all.mkdir(parents=True, exist_ok=True)
                for screen in (EXPLORE, COMPARE, STUDY, SCORES, FIGURES, RUNS, DATA, ABOUT):
                    for size in SIZES:
                        for theme in ("light", "dark"):
                            file = args.all / f"{screen.name}-{size[0]}-{theme}.png"
                            take(chromium, url, screen, size, theme, file)
        chromium.close()


if __name__ == "__main__":
    main()

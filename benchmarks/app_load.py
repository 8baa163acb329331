"""Twelve sessions on one server for two minutes, four of them decoding: errors, and how long a first page takes.

    python benchmarks/app_load.py --out app_load.json [--sessions 12] [--decoding 4] [--seconds 120]

Every session speaks to a real server as a browser does, over its websocket: it opens a page and takes all messages
until the script has ended. Four sessions ask without a pause for decodings that nobody asked for before, and watch
them; seven have the first page open and change something on it every ten seconds; one opens the first page, whose
result ships with the package, as a new visitor every four seconds, and that is timed. Baseline: the same on the same
server while nothing else is asked of it. The JSON says how busy the machine was with other programs.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]

from app_server import run_server  # noqa: E402
from common import arguments, at_least, at_most, finish  # noqa: E402
from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: E402
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: E402

IDLE = 12  # first pages of the baseline
PAUSE = 4.0  # seconds between two new visitors
READING = 10.0  # seconds between two changes of a reader
PATIENCE = 120.0  # seconds after the end in which a decoding that has begun may end
ALONE = "the first page while nothing else is asked"


class Session:
    """One tab of a browser, without the browser.

    Parameters
    ----------
    url : of the server
    errors : collects what goes wrong, one line each
    """

    def __init__(self, url: str, errors: list[str]):
        self.url = url.replace("http", "ws", 1) + "/_stcore/stream"
        self.errors = errors

    async def __aenter__(self) -> Session:
        from websockets import Subprotocol, connect

        spoken = [Subprotocol("streamlit")]
        self.socket = await connect(self.url, max_size=None, subprotocols=spoken, open_timeout=120)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def run(self, query: str = "", fragment: str = "", automatic: bool = False) -> list[ForwardMsg]:
        """Run the page's script, or one fragment of it; returns every message of the server."""
        wish = BackMsg()
        wish.rerun_script.query_string = query
        wish.rerun_script.fragment_id = fragment
        wish.rerun_script.is_auto_rerun = automatic
        await self.socket.send(wish.SerializeToString())
        found = []
        while True:
            message = ForwardMsg()
            message.ParseFromString(await asyncio.wait_for(self.socket.recv(), 300))
            found.append(message)
            self._judge(message)
            ended = message.WhichOneof("type") == "script_finished"
            if ended and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return found

    def _judge(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"exception: {element.exception.type} {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(f"error on the page: {element.alert.body}")


def shows_gestures(messages: list[ForwardMsg]) -> bool:
    """Whether the skeleton player is among what the server sent."""
    return any(b"transcripts" in m.SerializeToString() for m in messages if m.WhichOneof("type") == "delta")


def watched(messages: list[ForwardMsg]) -> str:
    """The fragment that the page looks at again by itself, if there is one."""
    return next((m.auto_rerun.fragment_id for m in messages if m.WhichOneof("type") == "auto_rerun"), "")


async def first_page(url: str, errors: list[str]) -> float:
    """Seconds from the connection to the last message of the first page."""
    begun = time.perf_counter()
    async with Session(url, errors) as session:
        if not shows_gestures(await session.run()):
            errors.append("the first page came without its gestures")
    return time.perf_counter() - begun


async def visit(url: str, until: float, errors: list[str], seconds: list[float]) -> None:
    """Come to the first page as a new visitor, again and again."""
    while time.perf_counter() < until:
        seconds.append(await first_page(url, errors))
        await asyncio.sleep(PAUSE)


async def read(url: str, number: int, readers: int, until: float, errors: list[str]) -> None:
    """Have the first page open and change something from time to time; readers do not do it all at once."""
    await asyncio.sleep(READING * number / readers)
    async with Session(url, errors) as session:
        while time.perf_counter() < until:
            await session.run()
            await asyncio.sleep(READING)


async def decode(url: str, number: int, until: float, errors: list[str], done: list[float], most: int = 1000) -> None:
    """Ask for one decoding after another, each new, and watch each until its gestures are there."""
    count = 0
    while time.perf_counter() < until and len(done) < most:
        count += 1
        begun = time.perf_counter()
        async with Session(url, errors) as session:
            query = f"rois=AC&seed={1000 * number + count}"
            messages = await session.run(query)
            while not shows_gestures(messages) and time.perf_counter() < until + PATIENCE:
                await asyncio.sleep(0.5)
                fragment = watched(messages)
                looked = await session.run(query, fragment, automatic=bool(fragment))
                # A look that finds the result asks for the whole page; one that does not leaves the fragment as it is.
                messages = looked if shows_gestures(looked) or watched(looked) else messages
            if shows_gestures(messages):
                done.append(time.perf_counter() - begun)


async def measure(url: str, sessions: int, decoding: int, seconds: float) -> dict:
    errors: list[str] = []
    await first_page(url, errors)  # opens the run and makes the story
    await decode(url, 0, time.perf_counter() + 120, errors, [], most=1)  # loads the models
    alone: list[float] = []
    for _ in range(IDLE):
        alone.append(await first_page(url, errors))
        await asyncio.sleep(1)
    loads = [os.getloadavg()[0]]
    until = time.perf_counter() + seconds
    busy: list[float] = []
    done: list[float] = []
    jobs = [decode(url, 1 + k, until, errors, done) for k in range(decoding)]
    readers = sessions - decoding - 1
    jobs += [read(url, k, readers, until, errors) for k in range(readers)]
    await asyncio.gather(*jobs, visit(url, until, errors, busy))
    loads.append(os.getloadavg()[0])
    return {
        "seconds of a first page": {
            "alone": describe(alone),
            f"beside {sessions - 1} sessions": describe(busy),
        },
        "seconds of a decoding": describe(done),
        "errors": dict(Counter(errors)),
        "load of the machine before and after": loads,
    }


def describe(seconds: list[float]) -> dict:
    """Number, median, 95th percentile and most of some times."""
    if not seconds:
        return {"n": 0}
    ordered = sorted(seconds)
    return {
        "n": len(ordered),
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 2),
        "most": round(ordered[-1], 2),
    }


def main() -> None:
    parser = arguments(__doc__, "app_load")
    parser.add_argument("--sessions", type=int, default=12)
    parser.add_argument("--decoding", type=int, default=4, help="sessions of them that decode")
    parser.add_argument("--seconds", type=float, default=120)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache, run_server(ROOT / "app" / "main.py", Path(cache)) as url:
        figures = asyncio.run(measure(url, args.sessions, args.decoding, args.seconds))
    for name, value in figures.items():
        print(name, value)
    pages = figures["seconds of a first page"]
    alone, busy = pages["alone"], pages[f"beside {args.sessions - 1} sessions"]
    claims = [
        at_most("errors", sum(figures["errors"].values()), 0),
        at_most(f"median of a first page beside the others to {ALONE}", busy["median"] / alone["median"], 2),
        at_least("decodings done", figures["seconds of a decoding"]["n"], args.decoding),
    ]
    finish(args.out, {"figures": figures}, claims)


if __name__ == "__main__":
    main()

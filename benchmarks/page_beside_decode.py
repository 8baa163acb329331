"""The first page while the server decodes, beside the first page of an idle server: this checkout and another commit.

    python benchmarks/page_beside_decode.py --commit 6ac644d --out page_beside_decode.json

A server of each runs all the time. In turns each shows a few first pages idle and as many while decodings of five other
sessions run and wait, which are taken back then; so other programs slow all alike. What decodings take from a page is
told by the processor: what the server used while the page came, beyond what an idle server uses for it. That holds on a
machine whose cores other programs want too, where seconds of the clock say little. Needs git.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]

import psutil  # noqa: E402
from app_load import Session, decode, first_page  # noqa: E402
from app_server import run_server  # noqa: E402
from common import arguments, at_most, finish  # noqa: E402
from first_screen import unpacked  # noqa: E402

PAGES = 3  # of each kind in a row
DECODING = 5  # sessions
ASKED = "rois=AC&stop=61&seed="  # a link is decoded at once; a stretch of more than a minute has no draft
WARM = 90.0  # seconds in which the first decoding must be done
KINDS = ("idle", "beside decodings")


@dataclass
class Server:
    """A server of one checkout, and what its first pages took.

    Parameters
    ----------
    url : its address
    process : itself
    seconds, processor : for each of `KINDS`, seconds of each page by the clock and of the server's processor time
    """

    url: str
    process: psutil.Process
    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    processor: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    async def pages(self, kind: str, errors: list[str]) -> None:
        """Take a few first pages."""
        for _ in range(PAGES):
            before = self.process.cpu_times()
            self.seconds[kind].append(await first_page(self.url, errors))
            after = self.process.cpu_times()
            self.processor[kind].append(after.user + after.system - before.user - before.system)

    def middle(self, what: dict[str, list[float]]) -> dict[str, float]:
        """The medians of seconds or processor times."""
        return {kind: round(statistics.median(values), 3) for kind, values in what.items() if values}


async def measure(servers: dict[str, Server], rounds: int) -> list[str]:
    """Let every server show its pages; returns what went wrong."""
    errors: list[str] = []
    for server in servers.values():
        await first_page(server.url, errors)  # opens the run and makes the story
        await decode(server.url, 0, time.perf_counter() + WARM, errors, [], most=1)  # loads the models
    for k in range(rounds):
        for name in list(servers)[:: 1 if k % 2 else -1]:
            await one_round(servers[name], 100 * (k + 1), errors)
        print({name: (s.middle(s.seconds), s.middle(s.processor)) for name, s in servers.items()}, flush=True)
    return errors


async def one_round(server: Server, seed: int, errors: list[str]) -> None:
    """First pages of each kind."""
    await server.pages(KINDS[0], errors)
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(Session(server.url, errors)) for _ in range(DECODING)]
        await asyncio.gather(*(session.run(f"{ASKED}{seed + k}") for k, session in enumerate(sessions)))
        await server.pages(KINDS[1], errors)
        for session in sessions:
            await session.run("")  # another choice takes back what was begun for the one before


def main() -> None:
    parser = arguments(__doc__, "page_beside_decode")
    parser.add_argument("--commit", required=True, help="what this checkout is compared with")
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        trees = {"this": ROOT, "other": unpacked(args.commit, Path(folder))}
        servers = {}
        for name, tree in trees.items():
            cache = Path(folder) / f"cache {name}"
            cache.mkdir()
            known = set(psutil.Process().children())
            url = stack.enter_context(run_server(tree / "app" / "main.py", cache))
            servers[name] = Server(url, (set(psutil.Process().children()) - known).pop())
        errors = asyncio.run(measure(servers, args.rounds))
    extra = {name: s.middle(s.processor)[KINDS[1]] - s.middle(s.processor)[KINDS[0]] for name, s in servers.items()}
    ratio = {name: s.middle(s.seconds)[KINDS[1]] / s.middle(s.seconds)[KINDS[0]] for name, s in servers.items()}
    print("seconds beside to idle", ratio, "seconds of the processor that decodings took of a page", extra)
    claims = [
        at_most("errors", len(errors), 0),
        at_most(f"what decodings take from a page, to {args.commit}", extra["this"] / extra["other"], 0.6),
    ]
    figures = {name: {"seconds": s.seconds, "processor": s.processor} for name, s in servers.items()}
    finish(args.out, {**figures, "ratio": ratio, "taken": extra, "compared with": args.commit}, claims)


if __name__ == "__main__":
    main()

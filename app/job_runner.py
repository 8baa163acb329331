"""Run the command of a job and write how it ended: `python job_runner.py FOLDER`.

It stands between the server and the command, so that a job outlives the server and its end is known to the next one.
Only the standard library is imported: it lives as long as the command does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

JOB, ENDED, OUTPUT = "job.json", "ended.json", "output.txt"


def main(folder: Path) -> None:
    """Run `command` of job.json with its output in output.txt, then write its exit code to ended.json."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            # A cancel reaches the whole group; the command ends, and this process has to tell how.
            signal.signal(getattr(signal, name), lambda *_: None)
    command = json.loads((folder / JOB).read_text(encoding="utf-8"))["command"]
    with open(folder / OUTPUT, "ab") as output:
        code = subprocess.call(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    temporary = folder / f"{ENDED}.new"
    temporary.write_text(json.dumps({"code": code, "ended": time.time()}), encoding="utf-8")
    os.replace(temporary, folder / ENDED)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

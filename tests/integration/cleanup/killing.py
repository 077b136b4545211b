"""Kill a sweep again and again, wherever it is, then let one run to its end."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path

from tests.integration.cleanup.terminal import Terminal, ended, leave, remains

# Slow enough that a kill meets a sweep in the middle of its calls.
_SLOW = {"fault": "latency", "service": "sagemaker", "seconds": 0.02}
_THINGS = 16
# Each thing takes five calls, and each call two lines: five sweeps do not come to an end by these.
_MOST_LINES = 15


def kill_again_and_again(terminal: Terminal, config: Path, kills: int, seed: int) -> list[str]:
    """Leave things, kill so many sweeps of them at random moments, and sweep. Returns what of
    a sweep's promises did not hold."""
    draw = random.Random(seed)
    leave(terminal, "ml101-ann", range(_THINGS))
    before = {row["name"] for row in remains(terminal, "ml101-ann")}
    terminal.set_faults(_SLOW)
    folder = terminal.directory / f"audit-{seed}"
    in_time = 0
    for number in range(kills):
        log = folder / f"{number}.jsonl"
        process = terminal.start("cleanup", "--yes", *_options(config, log))
        # Every fourth is killed before its first call, or about then.
        if draw.randrange(4) == 0:
            time.sleep(draw.uniform(0.2, 1.5))
        else:
            _wait_for_lines(process, log, draw.randint(1, _MOST_LINES))
            time.sleep(draw.uniform(0.0, 0.1))
        in_time += process.poll() is None
        process.kill()
        process.communicate()
    last = terminal.start("cleanup", "--yes", *_options(config, folder / "last.jsonl"))
    code, said = ended(last)
    terminal.set_faults()
    left = remains(terminal, "ml101-ann")
    gone = before - {row["name"] for row in left}
    return [
        *(
            [f"{in_time} of {kills} sweeps were killed before they ended"]
            if 2 * in_time < kills
            else []
        ),
        *([f"exit code {code}: {said[-500:]}"] if code else []),
        *(f"{row['kind']} {row['name']} is left {row['status']}" for row in left),
        *(f"{name} is gone and in no audit log" for name in sorted(gone - _sent(folder))),
    ]


def _wait_for_lines(process: subprocess.Popen[str], log: Path, lines: int) -> None:
    """Wait until a sweep has noted so much, or ended."""
    while process.poll() is None:
        if log.exists() and log.read_text().count("\n") >= lines:
            return
        time.sleep(0.005)


def _options(config: Path, audit: Path) -> tuple[str | Path, ...]:
    return ("--no-prices", "--config", config, "--audit", audit)


def _sent(folder: Path) -> set[str]:
    """The names of what the audit logs say a call was sent for."""
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    entries = [json.loads(line) for line in lines]
    return {entry["name"] for entry in entries if entry["result"] == "sent"}

"""The process that sweeps: `python -m benchmarks.sweeper`, told where by AWS_ENDPOINT_URL.

Prints one JSON object: the engine's own statistics, what remains, and the most memory that
the process held. It imports what the command imports for a sweep, and nothing of the server's.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path

from cleanup.resources import Scope
from cleanup.sweep import Sweep
from workshop.aws import make_clients

# "Peak resident set size" in KiB (proc(5)). Unlike getrusage's ru_maxrss it begins anew with
# the program, and does not count the process that started it.
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def main() -> None:
    """Sweep a workshop: WORKSHOP REGION CALLS_PER_SECOND ATTENDEE..."""
    workshop, region, calls_per_second, *attendees = sys.argv[1:]
    scope = Scope(workshop=workshop, attendees=frozenset(attendees), regions=(region,))
    sweep = Sweep(scope, make_clients(), calls_per_second=float(calls_per_second))
    plan = sweep.plan()
    result = sweep.run(plan)
    told = {
        "statistics": dataclasses.asdict(result.statistics),
        "planned": len(plan.scan.resources),
        "done": len(result.done),
        "remaining": sorted({entry.reason for entry in result.remaining}),
        "blind": len(result.blind),
        "bytes": _peak_bytes(),
    }
    print(json.dumps(told))


def _peak_bytes() -> int:
    found = _PEAK.search(Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()

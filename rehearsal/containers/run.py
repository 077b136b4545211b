"""Run one role of an algorithm's container: `python run.py ALGORITHM train|serve`.

A script rather than `python -m`, so that neither the job's folder nor a PYTHONPATH, which a
training script would inherit, decides what is imported. `python run.py fork` becomes the server
that forks them (fork_server.py).
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

FORK = "fork"


def main() -> int:
    """Import the role's module and run it; its exit code."""
    # This folder goes: its `xgboost` would hide the library. The project's root comes last, so
    # that none of its names can hide one either.
    sys.path[:1] = []
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    if sys.argv[1:] == [FORK]:
        importlib.import_module("rehearsal.containers.fork_server").serve(_run)
        return 0
    return _run(*sys.argv[1:])


def _run(algorithm: str, role: str) -> int:
    module = importlib.import_module(f"rehearsal.containers.{algorithm}.{role}")
    code: int = module.main()
    return code


if __name__ == "__main__":
    sys.exit(main())

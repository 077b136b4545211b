"""Runs the CDK app as a child process: the same app, the same assembly as `cdk synth`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import workshop
from workshop.cli.output import note
from workshop.errors import EXIT_USAGE, UsageError, WorkshopError

_ROOT = Path(workshop.__file__).parent.parent


def synthesize(config: Path, directory: Path) -> None:
    """Write the cloud assembly of a workshop into `directory`.

    CDK's own template validation dominates the time of a synth and is left to
    `make synth`; CloudFormation validates what is deployed anyway. What the app warns of is
    passed on to stderr.
    """
    app = _ROOT / "app.py"
    if not app.exists():
        raise UsageError(
            "this command needs the project's checkout",
            f"there is no {app.name} beside the installed package",
            "clone the repository and run make setup",
        )
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(directory),
        "CDK_VALIDATION": "false",
        "WORKSHOP_CONFIG": str(config.resolve()),
    }
    finished = subprocess.run(
        [sys.executable, str(app)],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in finished.stderr.strip().splitlines() if line.strip()]
    if finished.returncode == 0:
        for line in lines:
            if line.startswith("warning: "):
                note(line)
        return
    error = WorkshopError(
        "the CDK app failed",
        lines[-1] if lines else f"it ended with exit code {finished.returncode}",
        f"see the whole message: WORKSHOP_CONFIG={config} {Path(sys.executable).name} app.py",
    )
    if finished.returncode == EXIT_USAGE:
        error.exit_code = EXIT_USAGE
    raise error

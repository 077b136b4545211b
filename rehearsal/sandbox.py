"""A directory that stands for an attendee's machine, in which lifecycle scripts run for real.

What differs from AWS: no container and no other user. Absolute paths are prefixed by
`WORKSHOP_ROOT`, which the scripts honour as install scripts honour DESTDIR.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from rehearsal.errors import invalid
from rehearsal.machine import ROOT, Machine, end_process
from rehearsal.sagemaker.resource import Outcome

# A lifecycle script that has not returned by then fails the start
# (developer guide, "Lifecycle configuration best practices").
SCRIPT_LIMIT_SECONDS = 300
# How long the end of an app or instance gives its processes is documented nowhere; this is what
# Kubernetes gives a pod by default ("Pod Lifecycle", terminationGracePeriodSeconds).
END_GRACE_SECONDS = 30.0
# The discard port: no server of this machine is an environment's.
_NO_JUPYTER = "http://127.0.0.1:9"
_SCRIPT = "tmp/lifecycle-script.sh"


def check_script(member: str, content: str) -> None:
    """Refuse a lifecycle script that is not base64 ("This content must be base64 encoded",
    CreateStudioLifecycleConfig). Line breaks in it are let pass; the wording is ours."""
    try:
        base64.b64decode("".join(content.split()), validate=True)
    except ValueError as error:
        raise invalid(f"{member} is not base64 encoded.") from error


class LifecycleScript:
    """An activity: one lifecycle script, then the resource is in service."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self._deadline = time.monotonic() + SCRIPT_LIMIT_SECONDS

    def poll(self) -> Outcome | None:
        """InService when the script returned 0; Failed with its last words otherwise."""
        code = self._process.poll()
        if code is None:
            if time.monotonic() < self._deadline:
                return None
            end_process(self._process)
            return Outcome("Failed", "Lifecycle configuration took longer than 5 minutes.")
        if code != 0:
            words = " ".join(self._log.read_text(errors="replace").strip().splitlines()[-3:])
            return Outcome("Failed", f"LifecycleConfigurationFailed: exit code {code}: {words}")
        return Outcome("InService")

    def stop(self) -> None:
        """End the script."""
        # On a thread: it may take seconds, and the caller holds the world's lock.
        threading.Thread(target=end_process, args=(self._process,), daemon=True).start()


def run_script(
    machine: Machine,
    region: str,
    *,
    root: Path,
    home: str,
    content: str,
    metadata: dict[str, str],
) -> LifecycleScript:
    """Start a lifecycle script.

    `root` stands for `/`, `home` is the home directory below it, `content` the base64 text
    of the script, `metadata` what /opt/ml/metadata/resource-metadata.json says.
    """
    home_path = root / home.lstrip("/")
    home_path.mkdir(parents=True, exist_ok=True)
    metadata_path = root / "opt/ml/metadata/resource-metadata.json"
    metadata_path.parent.mkdir(parents=True, exist_ok=True)
    metadata_path.write_text(json.dumps(metadata))
    (root / "var/log/apps").mkdir(parents=True, exist_ok=True)
    (root / "tmp").mkdir(exist_ok=True)
    script = root / _SCRIPT
    script.write_bytes(base64.b64decode(content))
    log = root / "var/log/lifecycle-script.log"
    environment = machine.environment(
        region,
        {
            "HOME": str(home_path),
            "TMPDIR": str(root / "tmp"),
            # The image's Python is ours: the wheels at hand are for this one.
            "WORKSHOP_PYTHON": sys.executable,
            ROOT: str(root),
            "WORKSHOP_JUPYTER_URL": _NO_JUPYTER,
        },
    )
    # git, uv, aws and python as the image would have them.
    tools = Path(sys.executable).parent
    environment["PATH"] = f"{tools}:{environment.get('PATH', '/usr/bin:/bin')}"
    process = machine.spawn(["bash", str(script)], cwd=root, environment=environment, log=log)
    return LifecycleScript(process, log)


class MachineEnd:
    """An activity: what runs on an attendee's machine ends, by SIGTERM and then by SIGKILL."""

    def __init__(self, machine: Machine, root: Path) -> None:
        # On a thread: the caller holds the world's lock, and what is asked to end may call us.
        self._thread = threading.Thread(
            target=machine.end_below, args=(root, END_GRACE_SECONDS), daemon=True
        )
        self._thread.start()

    def poll(self) -> Outcome | None:
        """Stopped when all of them have ended."""
        return None if self._thread.is_alive() else Outcome("Stopped")

    def stop(self) -> None:
        """It is ending already."""


def end_machine(machine: Machine, root: Path) -> MachineEnd | None:
    """End what runs on an attendee's machine; None where nothing does."""
    # Most have no script, and looking at all processes takes a while.
    if not (root / _SCRIPT).exists() or not machine.processes_below(root):
        return None
    return MachineEnd(machine, root)

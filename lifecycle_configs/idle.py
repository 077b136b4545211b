"""Say when this environment was last used, and stop a notebook instance that nobody uses.

Runs on the machine itself, from its start on, under any Python from 3.9 and with the standard
library alone. Every minute it asks the Jupyter server for its sessions, kernels and terminals.
Every five minutes, and whenever the verdict changes, it writes into the workshop's bucket what
it has found. A notebook instance it stops; Studio stops its idle apps itself.

What counts as use: a busy kernel; the last activity of a kernel or terminal (code, output,
input). What does not: an open browser tab, since forgotten ones stay open for days, nor what a
program in a terminal does in silence. A kernel in an endless loop is busy for ever: the
workshop's end stops that one. Where nothing was opened yet, this program's start counts.

What cannot be read is logged and told as unknown, and then nothing is stopped. What cannot be
written is logged, and tried again.
"""

from __future__ import annotations

import fcntl
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TextIO

ROOT = os.environ.get("WORKSHOP_ROOT", "")
METADATA = Path(ROOT + "/opt/ml/metadata/resource-metadata.json")
# Where an environment's Jupyter server listens: a notebook instance's with a certificate of its
# own making (aws-samples/amazon-sagemaker-notebook-instance-lifecycle-config-samples,
# auto-stop-idle), a JupyterLab app's below its base URL
# (aws-samples/sagemaker-studio-apps-lifecycle-config-examples, jupyterlab/auto-stop-idle).
SERVERS = {
    "notebook": "https://localhost:8443",
    "studio": "http://localhost:8888/jupyterlab/default",
}
CHECK_SECONDS = float(os.environ.get("WORKSHOP_IDLE_CHECK_SECONDS", "60"))
TELL_SECONDS = float(os.environ.get("WORKSHOP_IDLE_TELL_SECONDS", "300"))
ANSWER_SECONDS = 20
# A clock that was just set may be a little behind what it said before.
CLOCK_TOLERANCE = timedelta(minutes=5)
# JupyterLab's kernel states but "busy" and "unknown". A kernel that nobody connects to stays
# "starting" (aws-samples/sagemaker-studio-auto-shutdown-extension, pull request 40).
QUIET = ("idle", "starting", "restarting", "autorestarting", "terminating", "dead")
UTC = timezone.utc  # noqa: UP017 - datetime.UTC is of Python 3.11


class Unknown(Exception):
    """What the server said, or did not say, does not tell whether anybody is at work."""


def decide(
    now: datetime,
    latest: datetime,
    sessions: list[Any],
    kernels: list[Any],
    terminals: list[Any],
    idle_seconds: float,
) -> tuple[str, datetime, str]:
    """What to do: (verdict, latest use, reason).

    `now` and `latest`, the latest use that is known so far, have time zones. `sessions`,
    `kernels` and `terminals` are what Jupyter's REST API lists. The verdict is "active",
    "stop", or "unknown" where an answer is not understood; then `latest` stays as it was.
    """
    try:
        running = [*kernels, *(session["kernel"] for session in sessions)]
        busy = [kernel["id"] for kernel in running if is_busy(kernel)]
        times = [read_time(item["last_activity"], now) for item in [*running, *terminals]]
    except Unknown as problem:
        return "unknown", latest, str(problem)
    except (KeyError, TypeError) as problem:
        return "unknown", latest, f"an answer is not understood: {problem!r}"
    if busy:
        # Remembered as use too: after a long run the wait begins at its end.
        return "active", now, f"kernel {busy[0]} is busy"
    # Closing the last kernel is no reason to forget when it was used.
    latest = max([min(latest, now), *times])
    ends = latest + timedelta(seconds=idle_seconds)
    if now < ends:
        return "active", latest, f"last used {shown(latest)}; unless used, stops {shown(ends)}"
    return "stop", latest, f"last used {shown(latest)}"


def is_busy(kernel: Any) -> bool:
    """Whether a kernel runs code; raises Unknown for a state that does not tell."""
    state = kernel["execution_state"]
    if state != "busy" and state not in QUIET:
        raise Unknown(f"a kernel's state is {state!r}")
    return bool(state == "busy")


def read_time(text: Any, now: datetime) -> datetime:
    """An ISO 8601 time with its zone, not later than now; raises Unknown for anything else."""
    try:
        # Python before 3.11 does not read the Z that Jupyter writes for UTC.
        moment = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        raise Unknown(f"a last activity is {text!r}") from None
    if moment.tzinfo is None:
        raise Unknown(f"a last activity is {text!r}, without a time zone")
    if moment > now + CLOCK_TOLERANCE:
        raise Unknown(f"a last activity is {text!r}, and now is {shown(now)}")
    return min(moment, now)


def shown(moment: datetime) -> str:
    """A time in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ask(server: str, path: str) -> list[Any]:
    """A list from Jupyter's REST API; raises Unknown if the answer is anything else."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    # Never through a proxy: it is this machine's own server.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unverified)
    )
    try:
        with opener.open(server.rstrip("/") + path, timeout=ANSWER_SECONDS) as answer:
            found = json.load(answer)
    except Exception as problem:  # noqa: BLE001 - whatever a server does wrong is unknown
        raise Unknown(f"{path}: {problem}") from None
    if not isinstance(found, list):
        raise Unknown(f"{path}: the answer is not a list")
    return found


def look(
    server: str, now: datetime, latest: datetime, idle_seconds: float
) -> tuple[str, datetime, str]:
    """Ask the Jupyter server, and decide."""
    try:
        sessions, kernels, terminals = (
            ask(server, f"/api/{what}") for what in ("sessions", "kernels", "terminals")
        )
    except Unknown as problem:
        return "unknown", latest, str(problem)
    return decide(now, latest, sessions, kernels, terminals, idle_seconds)


def call_aws(arguments: Sequence[str], text: str = "") -> str:
    """Run the AWS CLI with a text to read; returns what went wrong, or nothing."""
    try:
        done = subprocess.run(
            ["aws", *arguments],
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
    except Exception as problem:  # noqa: BLE001 - whatever it is: said, and tried again
        return f"{type(problem).__name__}: {problem}"
    if done.returncode == 0:
        return ""
    return done.stdout.decode(errors="replace").strip() or f"exit code {done.returncode}"


def stop_instance() -> str:
    """Stop the instance this runs on; returns what went wrong, or nothing."""
    try:
        metadata = json.loads(METADATA.read_text(encoding="utf-8"))
        name, region = metadata["ResourceName"], metadata["ResourceArn"].split(":")[3]
    except Exception as problem:  # noqa: BLE001 - see call_aws
        return f"{type(problem).__name__}: {problem}"
    stop = ("sagemaker", "stop-notebook-instance", "--region", region)
    return call_aws((*stop, "--notebook-instance-name", name))


def tell(url: str, now: datetime, latest: datetime, verdict: str, reason: str) -> str:
    """Write what was found to an object; returns what went wrong, or nothing."""
    found = {"at": shown(now), "latest": shown(latest), "verdict": verdict, "reason": reason}
    return call_aws(("s3", "cp", "--only-show-errors", "-", url), json.dumps(found))


class Log:
    """Lines with UTC times; what was said last is not said again."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.last: dict[str, str] = {}

    def write(self, about: str, line: str) -> None:
        """Write a line, unless it is the last one about the same thing."""
        if self.last.get(about) == line:
            return
        self.last[about] = line
        try:
            self.file.write(f"{shown(datetime.now(UTC))} {about}: {line}\n")
            self.file.flush()
        except OSError:
            pass  # A full disk is no reason to let the instance run on.


def main(log_path: Path, idle_seconds: float, environment: str, url: str) -> None:
    """Look at the server for as long as the machine is there; one process per log file.

    `environment` is "notebook" or "studio". `url` (s3://...) is where to say what was found,
    or "" where that is not known.
    """
    try:
        file: TextIO = log_path.open("a", encoding="utf-8")
    except OSError:
        file = sys.stderr
    else:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # It is being watched already.
    log = Log(file)
    stops = environment == "notebook"
    what = "instance" if stops else "app"
    log.write("watch", f"this {what} stops after {idle_seconds / 60:g} minutes without use")
    server = os.environ.get("WORKSHOP_JUPYTER_URL", SERVERS[environment])
    latest = datetime.now(UTC)
    told, tell_at = "", 0.0
    while METADATA.exists():
        time.sleep(CHECK_SECONDS)
        now = datetime.now(UTC)
        verdict, latest, reason = look(server, now, latest, idle_seconds)
        log.write("state", f"{verdict}: {reason}")
        asked = False
        if stops and verdict == "stop":
            problem = stop_instance()
            log.write("stop", f"failed, is tried again: {problem}" if problem else "asked for")
            asked = not problem
        if url and (verdict != told or time.monotonic() >= tell_at):
            problem = tell(url, now, latest, verdict, reason)
            log.write("activity", f"not written: {problem}" if problem else f"written to {url}")
            if not problem:
                told, tell_at = verdict, time.monotonic() + TELL_SECONDS
        # A stop takes a while; asked once more, the service would refuse.
        time.sleep(10 * CHECK_SECONDS if asked else 0)
    log.write("watch", f"{METADATA} is gone, and so is the machine")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:5])

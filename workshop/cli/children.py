"""Commands of this tool as child processes of another one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """What the command printed with --json, or None when it printed nothing readable."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            return None

    @property
    def last_words(self) -> str:
        """The error the command gave, in one line."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        start = next((i for i, line in enumerate(lines) if line.startswith("error:")), None)
        said = lines[start:] if start is not None else lines[-2:]
        return " ".join(said) or f"exit code {self.code}"

    @property
    def reasons(self) -> list[str]:
        """Why the command failed: what its JSON says, else its last words."""
        said = self.json()
        found = _reasons(said) if isinstance(said, dict) else []
        return found or [self.last_words]


def _reasons(said: dict[str, Any]) -> list[str]:
    """Why a command failed, from what it printed with --json: each command has its own words."""
    found = [f"{s['stack']}: {s['reason']}" for s in said.get("stacks", []) if not s["ok"]]
    found += [f"{f['kind']} {f['name']}: {f['reason']}" for f in said.get("remaining", [])]
    found += [str(problem) for problem in said.get("problems", [])]
    found += [
        f"{a['attendee']}: {a['state']} {a['reason']}"
        for a in said.get("attendees", [])
        if a["state"] != "collected"
    ]
    found += [
        f"{f['subject']}: {f['what']} ({f['why']})"
        for f in said.get("findings", [])
        if f["state"] != "ok"
    ]
    found += [
        f"quota {q['name']} is {q['state']}" for q in said.get("quotas", []) if q["state"] != "ok"
    ]
    return found


def workshop_argv(*arguments: str) -> list[str]:
    """The command line of a `workshop` command, run by this very Python."""
    return [sys.executable, "-m", "workshop.cli.main", *arguments]


def run_workshop(*arguments: str, on_line: Callable[[str], None]) -> Finished:
    """Run a `workshop` command to its end; what it says on stderr is passed on line by line.

    Ctrl-C reaches it as it reaches us: it is waited for, then KeyboardInterrupt goes on.
    """
    with subprocess.Popen(
        workshop_argv(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said: list[str] = []

        def listen() -> None:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                # Where nobody listens any more, the child must still be able to speak.
                with suppress(OSError):
                    on_line(line.rstrip("\n"))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        assert process.stdout is not None
        try:
            stdout = process.stdout.read()
        finally:
            code = process.wait()
            listener.join()
    return Finished(code, stdout, "".join(said))

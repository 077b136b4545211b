"""The way of a canary: the commands of a workshop's day, one after the other, for one attendee."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cleanup.calls import Caller
from cleanup.scan import Scanner
from costs.looks import Looks
from costs.own_prices import load_prices
from costs.prices import Prices
from workshop.aws import Clients, error_message, make_clients
from workshop.cli.account import account_id, make_scope
from workshop.cli.boots import Boot, Booted, forget_boot, read_boots
from workshop.cli.boundary import explain
from workshop.cli.children import run_workshop
from workshop.cli.money import find_rates, total
from workshop.cli.output import note
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED
from workshop.model import Workshop

# A boot script installs the tool and fetches the labs; SageMaker itself has no limit for it.
_BOOT_SECONDS = 900.0
_BOOT_POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, and what it does in words."""

    name: str
    what: str


_BEGINNING = (
    Step("check", "credentials, quotas, names and repository of {workshop}; changes nothing"),
    Step("deploy", "the shared stack and one attendee's stack of {workshop}"),
    Step("open", "start the environment and wait until it is in service"),
    Step("boot", "wait until the boot script says that the environment is ready"),
    Step("lab", "run {module}: its jobs and its endpoint bill while they run"),
)
ENDING = (
    Step("cleanup", "stop and delete what the attendee of {workshop} made"),
    Step("destroy", "delete the stacks, files and logs of {workshop}, and look twice"),
)
STEPS = (*_BEGINNING, *ENDING)


@dataclass(frozen=True, slots=True)
class Taken:
    """How a step went."""

    name: str
    seconds: float
    ok: bool
    reason: str = ""
    unverified: bool = False


class Flight:
    """Takes the steps, and adds up what they cost. Whatever fails, the ending follows."""

    def __init__(
        self, canary: Workshop, config: Path, directory: Path, *, look_every: float
    ) -> None:
        self._canary = canary
        self._attendee = canary.attendees[0]
        self._config = config
        self._directory = directory
        self._clients = make_clients()
        self._account, _ = account_id(self._clients, self._attendee.region)
        self._watch = _Watch(canary, config, self._account, self._clients, look_every)
        self.taken: list[Taken] = []
        self.left: list[str] = []
        self.lab: Any = None

    def fly(self) -> int:
        """Take all steps; returns the exit code."""
        if not self._check():
            return EXIT_FAILED
        try:
            with self._watch:
                self._try_out()
        except KeyboardInterrupt:
            note("interrupted: sweeping and destroying; Ctrl-C again leaves it to --clean-up")
            self.taken.append(Taken("interrupted", 0.0, False, "by Ctrl-C"))
        except Exception as error:  # noqa: BLE001 - told; what was made must go whatever it is
            self.taken.append(Taken("unexpected", 0.0, False, explain(error).why or str(error)))
        return self.end()

    def end(self) -> int:
        """Take the last steps only; returns the exit code."""
        self._command("cleanup", "--yes")
        destroyed = self._command("destroy", "--yes", "--discard-work")
        if destroyed is not None:
            self.left = [f"{row['kind']} {row['name']}" for row in destroyed["left"]]
        failed = [step for step in self.taken if not step.ok]
        if not failed:
            return EXIT_OK
        return EXIT_UNVERIFIED if all(step.unverified for step in failed) else EXIT_FAILED

    @property
    def unseen(self) -> list[str]:
        """What could not be read while looking at what runs."""
        return self._watch.problems

    @property
    def verdict(self) -> str:
        """How it ended, in one line."""
        failed = [step.name for step in self.taken if not step.ok]
        seconds = sum(step.seconds for step in self.taken)
        ending = f"FAILED: {', '.join(failed)}" if failed else "passed, and nothing is left"
        cost = str(self._watch.meter)
        about = "about " if cost[0].isdigit() else ""
        return f"canary {ending}; {seconds:.0f} s, {about}{cost}"

    def as_json(self, code: int) -> dict[str, Any]:
        """The report as `workshop canary --json` prints it."""
        meter = self._watch.meter
        return {
            "ok": code == EXIT_OK,
            "workshop": self._canary.name,
            "region": self._attendee.region,
            "environment": self._attendee.environment,
            "module": self._canary.modules[0],
            "steps": [
                {"name": s.name, "seconds": round(s.seconds, 1), "ok": s.ok, "reason": s.reason}
                for s in self.taken
            ],
            "lab": self.lab,
            "usd": round(meter.usd, 4) if meter.looks else None,
            "unknown_prices": meter.unknown,
            "looks": meter.looks,
            "problems": self._watch.problems,
            "left": self.left,
        }

    # -- steps ----------------------------------------------------------------------

    def _check(self) -> bool:
        """Whether to go on. What the check could not see, the other steps will."""
        self._command("check")
        checked = self.taken[-1]
        if checked.unverified:
            self.taken[-1] = replace(checked, ok=True, unverified=False)
        return self.taken[-1].ok

    def _try_out(self) -> None:
        # What an earlier canary's environment said must not be taken for this one's; a notebook
        # instance boots when it is made.
        forget_boot(self._canary.name, self._account, self._attendee, self._clients)
        if self._command("deploy", "--yes") is None:
            return
        if self._command("open", self._attendee.id, "--wait") is None:
            return
        if not self._boot():
            return
        runs = str(self._directory / "runs")
        self.lab = self._command(
            "run", self._canary.modules[0], "--attendee", self._attendee.id, "--output", runs
        )

    def _command(self, name: str, *arguments: str) -> Any:
        """Run a command as a step; returns what it printed, None when it failed."""
        step = _STEP_NAMES.get(name, name)
        note(f"{step} ...")
        started = time.monotonic()
        finished = run_workshop(
            name, *arguments, "--json", "--config", str(self._config), on_line=_tell
        )
        seconds = time.monotonic() - started
        ok = finished.code == EXIT_OK
        reason = "" if ok else "; ".join(finished.reasons)
        self.taken.append(Taken(step, seconds, ok, reason, finished.code == EXIT_UNVERIFIED))
        said = finished.json()
        if name == "destroy":
            return said
        return (said or {}) if ok else None

    def _boot(self) -> bool:
        """Wait for what the boot script writes into the bucket when it is done."""
        note("boot ...")
        started = time.monotonic()
        boot = self._read_boot()
        while boot.state not in _BOOTED and time.monotonic() - started < _BOOT_SECONDS:
            time.sleep(_BOOT_POLL_SECONDS)
            boot = self._read_boot()
        ok = boot.state is Boot.READY
        reason = "" if ok else f"{boot.state}: {boot.reason}" if boot.reason else str(boot.state)
        self.taken.append(Taken("boot", time.monotonic() - started, ok, reason))
        return ok

    def _read_boot(self) -> Booted:
        now = datetime.now(UTC)
        name = self._canary.name
        return read_boots(name, self._account, [self._attendee], self._clients, now)[0]


_BOOTED = (Boot.READY, Boot.FAILED, Boot.CUT_OFF)
_STEP_NAMES = {"run": "lab"}


def _tell(line: str) -> None:
    """Pass on what a command says: lines, or the events of `workshop.cli.progress`."""
    event = event_of(line)
    if event is None:
        note(f"  {line}")
    elif event["event"] == "note":
        note(f"  {event['text']}")
    elif event["event"] == "stack":
        why = f": {event['reason']}" if event["reason"] else ""
        note(f"  {event['stack']} {event['status']} {event['seconds']:.0f} s{why}")


def event_of(line: str) -> dict[str, Any] | None:
    """An event, or None where the line is something else, JSON or not."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and {"time", "event"} <= said.keys() else None


class _Watch:
    """Looks now and then, beside the steps, at what runs and what it costs."""

    def __init__(
        self,
        canary: Workshop,
        config: Path,
        account: str,
        clients: Clients,
        look_every: float,
    ) -> None:
        scope = replace(make_scope(canary, ()), account=account)
        self._caller = Caller(clients)
        self._scanner = Scanner(scope, self._caller)
        self._clients = clients
        self._config = config
        self._prices = Prices()
        self._every = look_every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self.meter = Looks()
        self.problems: list[str] = []

    def __enter__(self) -> _Watch:
        # Only now: the check before it reads those that are missing.
        self._prices = load_prices(self._config)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look_on(self) -> None:
        self._look()
        while not self._over.wait(self._every):
            self._look()
        self._look()

    def _look(self) -> None:
        """What cannot be read is noted once: the sum is then of what could be."""
        try:
            found = self._scanner.look()
            rates = find_rates(found.resources, self._clients, self._prices)
        except Exception as error:  # noqa: BLE001 - told; the steps beside it go on
            self._note(error_message(error))
            return
        for hole in found.blind:
            self._note(f"{hole.kind} in {hole.region}: {hole.reason}")
        self.meter.note(time.monotonic(), total(found.resources, rates))

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

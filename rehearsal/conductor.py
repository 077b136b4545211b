"""A rehearsal: the whole main job by the real commands, against the local AWS.

The phases are those of a workshop's day. Every command runs as a child process, as an
instructor would run it; only opening and looking are done from here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from rehearsal import account, isolation
from rehearsal.processes import LocalAws, Processes
from rehearsal.report import LabResult, Phase, Report
from workshop.aws import Clients, make_clients
from workshop.cli.workspace import find_workspace
from workshop.config import load_workshop
from workshop.errors import EXIT_FAILED, EXIT_OK, WorkshopError
from workshop.model import Attendee, Workshop
from workshop.names import attendee_prefix, environment_name

ROOT = Path(__file__).parent.parent
# Where a rehearsal keeps what outlives it: executed notebooks, and the exports of --keep.
KEPT = Path(".rehearsal")
_ACCOUNT = "123456789012"
_BOOT_SECONDS = 300.0
_LAB_POLL_SECONDS = "1"


@dataclass(frozen=True, slots=True)
class Options:
    """What to rehearse."""

    config: Path
    attendees: int
    environment: str | None
    modules: tuple[str, ...]
    labs: bool
    keep: bool


Say = Callable[[str], None]
T = TypeVar("T")
R = TypeVar("R")


class Rehearsal:
    """One rehearsal, between the start of the local AWS and its end."""

    def __init__(self, options: Options, aws: LocalAws, directory: Path, say: Say) -> None:
        self._options = options
        self._aws = aws
        self._directory = directory
        self._say = say
        self._config = directory / "workshop.yaml"
        self.workshop: Workshop = load_workshop(self._config)
        self.report = Report(
            attendees=len(self.workshop.attendees), environment=self.workshop.environment
        )
        self.processes = Processes(self._environment(), ROOT)
        self._clients: Clients = make_clients()
        self._ending = threading.Event()

    # -- the day --------------------------------------------------------------------

    def run(self) -> Report:
        """Rehearse every phase; what fails is noted, and everything is swept all the same."""
        account.bootstrap(self._clients, _ACCOUNT, self.workshop.regions)
        baseline = self._inventory()
        with self._phase("check"):
            self._must("check", "--json")
        with self._phase("deploy"):
            deployed = self._must("deploy", "--yes", "--json")
        # What breaks is noted and swept all the same. An interrupt is neither: it ends the
        # local AWS, and everything in it, at once.
        try:
            if deployed:
                self._use()
        except Exception as error:  # noqa: BLE001
            self.report.problems.append(f"{type(error).__name__}: {error}")
        self._finish(baseline)
        return self.report

    def _use(self) -> None:
        with self._phase("open"):
            self._open_all()
        if self._options.labs:
            with self._phase("lab"):
                self._run_labs()
        else:
            with self._phase("forget"):
                self._forget_endpoint(self.workshop.attendees[-1])
        if self._options.keep:
            self._wait_for_interrupt()

    def _finish(self, baseline: set[tuple[str, ...]]) -> None:
        with self._phase("cleanup (dry run)"):
            self._dry_run()
        with self._phase("cleanup"):
            self._must("cleanup", "--yes", "--json")
        with self._phase("destroy"):
            self._must("destroy", "--yes", "--json")
        with self._phase("final scan"):
            self._scan(baseline)

    # -- phases ---------------------------------------------------------------------

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        before, started = self._statistics(), time.monotonic()
        self._say(f"{name} ...")
        yield
        after = self._statistics()
        phase = Phase(
            name=name,
            seconds=round(time.monotonic() - started, 2),
            api_calls=after["api_calls"] - before["api_calls"],
            created=after["created"] - before["created"],
            removed=after["removed"] - before["removed"],
        )
        self.report.phases.append(phase)
        self._say(f"{name}: {phase.seconds:.1f} s, {phase.api_calls} API calls")

    def _must(self, *arguments: str) -> bool:
        """Run a command that must succeed; note it when it does not."""
        finished = self.processes.workshop(*arguments, "--config", str(self._config))
        if finished.code == EXIT_OK:
            return True
        said = finished.json()
        details = _reasons(said) if isinstance(said, dict) else []
        for reason in details or [finished.last_words]:
            self.report.problems.append(f"workshop {arguments[0]}: {reason}")
        return False

    def _open_all(self) -> None:
        problems = [p for p in self._side_by_side(self._open, self.workshop.attendees, 8) if p]
        problems += self._wait_for_boot()
        self.report.problems += problems

    def _open(self, attendee: Attendee) -> str:
        """Start a workspace and open its link; returns what went wrong, or ""."""
        try:
            workspace = find_workspace(self.workshop, attendee, self._clients)
            workspace.start(workspace.status())
            workspace.wait_until_in_service(self._sleep)
            page = self._get(workspace.link())
        except WorkshopError as error:
            return f"open {attendee.id}: {error}"
        name = environment_name(self.workshop.name, attendee.id)
        return "" if name in page else f"open {attendee.id}: the page does not say {name}"

    def _wait_for_boot(self) -> list[str]:
        """Wait for the boot scripts' markers; they detach themselves, so nobody else would."""
        waiting = {name: Path(home) for name, home in self._homes().items()}
        deadline = time.monotonic() + _BOOT_SECONDS
        problems: list[str] = []
        while waiting and time.monotonic() < deadline:
            for name, home in list(waiting.items()):
                marker = home / ".workshop"
                if (marker / "FAILED").exists():
                    problems.append(f"boot {name}: {(marker / 'FAILED').read_text().strip()}")
                if (marker / "FAILED").exists() or (marker / "READY").exists():
                    del waiting[name]
            time.sleep(0.05)
        return problems + [f"boot {name}: neither READY nor FAILED" for name in sorted(waiting)]

    def _run_labs(self) -> None:
        runs = [
            (attendee, module)
            for module in self.workshop.modules
            for attendee in self.workshop.attendees
        ]
        for result in self._side_by_side(self._run_lab, runs, os.cpu_count() or 2):
            self.report.modules.append(result)
            told = "ok" if result.ok else f"FAILED: {result.reason}"
            self._say(f"  {result.name} {result.attendee}: {told}")

    def _run_lab(self, run: tuple[Attendee, str]) -> LabResult:
        attendee, module = run
        forgetful = attendee == self.workshop.attendees[-1]
        finished = self.processes.workshop(
            *("run", module, "--attendee", attendee.id, "--config", str(self._config)),
            *("--output", str((KEPT / "runs").resolve()), "--poll-seconds", _LAB_POLL_SECONDS),
            # One of them forgets to clean up: an endpoint stays, and so does the app.
            *(("--parameter", "clean_up=false") if forgetful else ()),
            "--json",
        )
        said = finished.json()
        if not isinstance(said, dict):
            return LabResult(module, attendee.id, None, None, False, finished.last_words)
        return LabResult(
            name=module,
            attendee=attendee.id,
            result=said["result"],
            expected=said["expected"],
            ok=bool(said["ok"]) and finished.code == EXIT_OK,
            reason=str(said["reason"]),
        )

    def _forget_endpoint(self, attendee: Attendee) -> None:
        """Leave an endpoint behind without a lab. Its model has no artifact, so it never
        comes into service: the control plane alone is rehearsed."""
        sagemaker = self._clients("sagemaker", attendee.region)
        name = f"{attendee_prefix(self.workshop.name, attendee.id)}forgotten"
        image = f"{_ACCOUNT}.dkr.ecr.{attendee.region}.amazonaws.com/sagemaker-xgboost:1.7-1"
        role = f"arn:aws:iam::{_ACCOUNT}:role/{environment_name(self.workshop.name, attendee.id)}"
        sagemaker.create_model(
            ModelName=name, PrimaryContainer={"Image": image}, ExecutionRoleArn=role
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": self.workshop.instances.endpoint[0],
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def _dry_run(self) -> None:
        """A dry run must find something to do, and must do nothing."""
        before = self._inventory()
        finished = self.processes.workshop(
            "cleanup", "--dry-run", "--json", "--config", str(self._config)
        )
        said = finished.json()
        if finished.code not in (EXIT_OK, EXIT_FAILED) or not isinstance(said, dict):
            self.report.problems.append(f"workshop cleanup --dry-run: {finished.last_words}")
            return
        if not said["plan"] and self.report.phases[-1].name != "deploy":
            self.report.problems.append("workshop cleanup --dry-run: found nothing to clean up")
        if _names(before) != _names(self._inventory()):
            self.report.problems.append("workshop cleanup --dry-run: changed something")

    def _scan(self, baseline: set[tuple[str, ...]]) -> None:
        """The product's own scan, then the local AWS's inventory, which no sweep can fool."""
        finished = self.processes.workshop("status", "--json", "--config", str(self._config))
        said = finished.json()
        if finished.code != EXIT_OK or not isinstance(said, dict):
            self.report.problems.append(f"workshop status: {finished.last_words}")
        else:
            seen = [r for r in said["resources"] if r["bills"] or r["managed"]] + said["stacks"]
            self.report.problems += [f"workshop status still shows {r['name']}" for r in seen]
        keys = ("kind", "region", "name", "status")
        self.report.left = [
            dict(zip(keys, row, strict=True)) for row in sorted(self._inventory() - baseline)
        ]

    def _wait_for_interrupt(self) -> None:
        """Keep everything running until Ctrl-C, and say how to use it."""
        variables = {**self._variables(), "WORKSHOP_CONFIG": str(self._config)}
        text = isolation.shell_exports(variables)
        KEPT.mkdir(exist_ok=True)
        (KEPT / "env").write_text(text, encoding="utf-8")
        self._say(f"\n{text}")
        self._say(f"In another terminal: . {KEPT / 'env'}; then any command, e.g. workshop status")
        self._say("Ctrl-C here sweeps everything and ends.")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            self._say("sweeping")
        finally:
            (KEPT / "env").unlink(missing_ok=True)

    # -- threads --------------------------------------------------------------------

    def _side_by_side(
        self, work: Callable[[T], R], items: Sequence[T], workers: int
    ) -> Iterator[R]:
        """Do the work for all items on a bounded pool; an interrupt ends it within a moment."""
        pool = ThreadPoolExecutor(max_workers=workers)
        try:
            yield from pool.map(work, items)
        except BaseException:
            # Leaving the pool waits for its threads, and they wait for children and clocks.
            self.close()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """End every command that runs and every wait."""
        self._ending.set()
        self.processes.close()

    def _sleep(self, seconds: float) -> None:
        if self._ending.wait(seconds):
            raise WorkshopError("the rehearsal is ending")

    # -- looking --------------------------------------------------------------------

    def _variables(self) -> dict[str, str]:
        repository = self._directory / "labs.git"
        return {
            **isolation.exports(self._aws.url, self.workshop.regions[0]),
            **isolation.git_redirect(self.workshop.repository.url, repository),
        }

    def _environment(self) -> dict[str, str]:
        # A child that is ended early leaves its temporary files: they go with ours.
        temporary = self._directory / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            **isolation.without_aws(os.environ),
            **self._variables(),
            "TMPDIR": str(temporary),
        }

    def _statistics(self) -> dict[str, int]:
        answer: dict[str, int] = json.loads(self._get(f"{self._aws.url}/_local/statistics"))
        return answer

    def _inventory(self) -> set[tuple[str, ...]]:
        rows = json.loads(self._get(f"{self._aws.url}/_local/inventory"))["resources"]
        return {(r["kind"], r["region"], r["name"], r["status"]) for r in rows}

    def _homes(self) -> dict[str, str]:
        homes: dict[str, str] = json.loads(self._get(f"{self._aws.url}/_local/homes"))["homes"]
        return homes

    def _get(self, url: str) -> str:
        isolation.require_loopback(url)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=30) as answer:
            text: str = answer.read().decode()
        return text


def _names(rows: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """What exists, whatever its status; logs grow by themselves."""
    return {row[:3] for row in rows if not row[0].startswith("log-")}


def _reasons(said: dict[str, Any]) -> list[str]:
    """Why a command failed, from what it printed with --json."""
    found = [f"{s['stack']}: {s['reason']}" for s in said.get("stacks", []) if not s["ok"]]
    found += [f"{f['kind']} {f['name']}: {f['reason']}" for f in said.get("failed", [])]
    found += [str(problem) for problem in said.get("problems", [])]
    found += [
        f"{f['subject']}: {f['what']} ({f['why']})"
        for f in said.get("findings", [])
        if f["state"] != "ok"
    ]
    found += [
        f"quota {q['name']} is {q['state']}" for q in said.get("quotas", []) if q["state"] != "ok"
    ]
    return found


def write_config(options: Options, target: Path) -> Workshop:
    """Write the workshop file that is rehearsed: the instructor's, with fewer people.

    The attendees become a count, and a network or domain that exists in an account is left
    out, since the local AWS is empty. Raises ConfigError when the file has problems.
    """
    load_workshop(options.config)  # its problems are told with its own lines
    document = yaml.load(options.config.read_text(encoding="utf-8"), Loader=_Text)
    document["attendees"] = options.attendees
    if options.environment:
        document["environment"] = options.environment
    if options.modules:
        document["modules"] = list(options.modules)
    for name in ("network", "domain"):
        document.pop(name, None)
    target.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return load_workshop(target)


class _Text(yaml.SafeLoader):
    """YAML whose timestamps stay text, as the configuration wants them."""


def _construct_text(_loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return node.value


_Text.add_constructor("tag:yaml.org,2002:timestamp", _construct_text)


def rehearse(options: Options, say: Say) -> Report:
    """Run a rehearsal from start to end; nothing of it is left running, whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix="workshop-rehearsal-")).resolve()
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, directory, ignore_errors=True)
        workshop = write_config(options, directory / "workshop.yaml")
        account.make_repository(directory, ROOT, workshop.repository.ref)
        # From here on this very process has no way to AWS either.
        os.environ.clear()
        os.environ.update(_server_environment(workshop, directory))
        aws = LocalAws(directory / "aws", os.environ)
        undo.callback(aws.close)
        os.environ.update(isolation.exports(aws.url, workshop.regions[0]))
        rehearsal = Rehearsal(options, aws, directory, say)
        undo.callback(rehearsal.close)
        undo.enter_context(_undisturbed_end())
        return rehearsal.run()


@contextmanager
def _undisturbed_end() -> Iterator[None]:
    """A second Ctrl-C must not interrupt the ending of what still runs; it takes seconds."""
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM):
                signal.signal(signum, signal.SIG_IGN)


_INHERITED = dict(os.environ)


def _server_environment(workshop: Workshop, directory: Path) -> dict[str, str]:
    """The environment of the local AWS, and so of the machines it stands for."""
    return {
        **isolation.without_aws(_INHERITED),
        **isolation.git_redirect(workshop.repository.url, directory / "labs.git"),
        **isolation.offline_tools(ROOT / ".wheelhouse", ROOT / KEPT / "uv-cache"),
    }

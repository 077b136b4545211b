"""A rehearsal: the whole main job by the real commands, against the local AWS.

The phases are those of a workshop's day. Every command runs as a child process, as an
instructor would run it; only what attendees do and looking are done from here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from modules.declarations import load_module
from rehearsal import account, isolation, lab_checks, stage
from rehearsal.lesson import Lesson
from rehearsal.options import Options, write_config
from rehearsal.processes import LocalAws, Processes
from rehearsal.report import Phase, Report
from rehearsal.view import COLUMNS, Row, View, names
from workshop.aws import Clients, make_clients
from workshop.errors import EXIT_FAILED, EXIT_OK
from workshop.model import Workshop

# Where a rehearsal keeps what outlives it: executed notebooks, and the exports of --keep.
KEPT = Path(".rehearsal")

Say = Callable[[str], None]


class Rehearsal:
    """One rehearsal, between the start of the local AWS and its end.

    `variables` lead every command to the local AWS; `environment` is the rest of theirs.
    """

    def __init__(
        self,
        options: Options,
        workshop: Workshop,
        config: Path,
        *,
        view: View,
        variables: Mapping[str, str],
        environment: Mapping[str, str],
        say: Say,
    ) -> None:
        self._options = options
        self._workshop = workshop
        self._config = config
        self._view = view
        self._variables = variables
        self._say = say
        self._processes = Processes({**environment, **variables}, stage.ROOT)
        self._clients: Clients = make_clients()
        self._report = Report(len(workshop.attendees), options.environment or workshop.environment)
        self._lesson = Lesson(
            workshop,
            config,
            processes=self._processes,
            clients=self._clients,
            view=view,
            kept=KEPT.resolve(),
        )

    # -- the day --------------------------------------------------------------------

    def run(self) -> Report:
        """Rehearse every phase; what fails is noted, and everything is swept all the same."""
        account.bootstrap(self._clients, account.ACCOUNT, self._workshop.regions)
        baseline = self._view.inventory()
        with self._phase("check"):
            self._must("check", "--json")
        # A workshop with a budget is not deployed while a price is unknown.
        with self._phase("prices"):
            self._must("cost", "--refresh", "--json")
        with self._phase("deploy"):
            deployed = self._must("deploy", "--yes", "--json")
        # What breaks is noted and swept all the same. An interrupt is neither: it ends the
        # local AWS, and everything in it, at once.
        try:
            if deployed:
                self._use()
        except Exception as error:  # noqa: BLE001 - told in the report
            self._report.problems.append(f"{type(error).__name__}: {error}")
        self._finish(baseline)
        return self._report

    def close(self) -> None:
        """End every command that runs and every wait."""
        self._lesson.close()

    def _use(self) -> None:
        with self._phase("open"):
            self._report.problems += self._lesson.open_all()
        if self._options.labs:
            with self._phase("lab"):
                self._run_labs()
        if not (self._options.labs and self._lesson.forgotten_lab):
            with self._phase("forget"):
                self._lesson.forget_endpoint()
        with self._phase("guard"):
            self._ask_the_guard()
        if self._options.keep:
            self._wait_for_interrupt()

    def _finish(self, baseline: set[Row]) -> None:
        with self._phase("collect"):
            collected = self._collect()
        with self._phase("cleanup (dry run)"):
            self._dry_run()
        with self._phase("cleanup"):
            self._must("cleanup", "--yes", "--json")
        with self._phase("destroy"):
            self._destroy(collected)
        with self._phase("final scan"):
            self._scan(baseline)

    # -- phases ---------------------------------------------------------------------

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        before, started = self._view.statistics(), time.monotonic()
        self._say(f"{name} ...")
        yield
        after = self._view.statistics()
        phase = Phase(
            name=name,
            seconds=round(time.monotonic() - started, 2),
            api_calls=after["api_calls"] - before["api_calls"],
            created=after["created"] - before["created"],
            removed=after["removed"] - before["removed"],
        )
        self._report.phases.append(phase)
        self._say(f"{name}: {phase.seconds:.1f} s, {phase.api_calls} API calls")

    def _must(self, *arguments: str) -> bool:
        """Run a command that must succeed; note it when it does not."""
        finished = self._processes.workshop(*arguments, "--config", str(self._config))
        if finished.code == EXIT_OK:
            return True
        for reason in finished.reasons:
            self._report.problems.append(f"workshop {arguments[0]}: {reason}")
        return False

    def _run_labs(self) -> None:
        before = self._view.inventory()
        results = []
        for result in self._lesson.run_labs():
            results.append(result)
            told = "ok" if result.ok else f"FAILED: {result.reason}"
            self._say(f"  {result.name} {result.attendee}: {told}")
        taught = {name: load_module(name) for name in self._workshop.modules}
        peaks = self._view.peaks()
        self._report.modules = lab_checks.with_needs(results, taught, peaks, self._workshop)
        self._report.problems += lab_checks.undeclared(results, taught, peaks, self._workshop)
        self._report.problems += lab_checks.kept(
            results,
            names(self._view.inventory()) - names(before),
            self._workshop.name,
            forgotten=self._lesson.forgotten_lab,
        )
        self._report.problems += self._lesson.stray_objects()

    def _ask_the_guard(self) -> None:
        """Its schedule has run it in every region, it saw everything, and left all that is used."""
        if not self._must("guard", "--json"):  # which says so where one has not run
            return
        finished = self._processes.workshop(
            "guard", "--log", "--json", "--config", str(self._config)
        )
        lines = [json.loads(text) for text in finished.stdout.splitlines()]
        runs = [line for line in lines if line["guard"] == "run"]
        problems = [] if runs else ["its log has no run"]
        problems += [f"it could not see {what}" for run in runs for what in run["unseen"]]
        problems += [f"it failed: {line['reason']}" for line in lines if line["guard"] == "error"]
        problems += [
            f"it has stopped {line['kind']} {line['name']}: {line['reason']}"
            for line in lines
            if line["guard"] == "stop"
        ]
        self._report.problems += [f"workshop guard: {problem}" for problem in problems]

    def _collect(self) -> bool:
        """Attendees collect their work; the instructor must then see all of it."""
        problems = self._lesson.collect_all()
        self._report.problems += problems
        return self._must("collect", "--json") and not problems

    def _destroy(self, collected: bool) -> None:
        """Every home must be an archive on this disk afterwards.

        Where collecting failed, which is told already, the rest must be swept all the same.
        """
        directory = self._config.parent / "collected"
        homes = len(self._view.homes())
        given_up = () if collected else ("--discard-work",)
        done = self._must("destroy", "--yes", "--json", "--save", str(directory), *given_up)
        saved = len(list(directory.glob("*.tar.gz")))
        if done and collected and saved != homes:
            self._report.problems.append(f"workshop destroy: saved {saved} of {homes} archives")

    def _dry_run(self) -> None:
        """A dry run must find something to do, and must do nothing."""
        before = self._view.inventory()
        finished = self._processes.workshop(
            "cleanup", "--dry-run", "--json", "--config", str(self._config)
        )
        said = finished.json()
        if finished.code not in (EXIT_OK, EXIT_FAILED) or not isinstance(said, dict):
            self._report.problems.append(f"workshop cleanup --dry-run: {finished.last_words}")
            return
        if not said["plan"] and self._report.phases[-1].name != "deploy":
            self._report.problems.append("workshop cleanup --dry-run: found nothing to clean up")
        if names(before) != names(self._view.inventory()):
            self._report.problems.append("workshop cleanup --dry-run: changed something")

    def _scan(self, baseline: set[Row]) -> None:
        """The product's own scan, then the local AWS's inventory, which no sweep can fool."""
        finished = self._processes.workshop("status", "--json", "--config", str(self._config))
        said = finished.json()
        if finished.code != EXIT_OK or not isinstance(said, dict):
            self._report.problems.append(f"workshop status: {finished.last_words}")
        else:
            seen = [r for r in said["resources"] if r["bills"] or r["managed"]] + said["stacks"]
            self._report.problems += [f"workshop status still shows {r['name']}" for r in seen]
        left = sorted(self._view.inventory() - baseline)
        self._report.left = [dict(zip(COLUMNS, row, strict=True)) for row in left]

    def _wait_for_interrupt(self) -> None:
        """Keep everything running until Ctrl-C, and say how to use it."""
        variables = {**self._variables, "WORKSHOP_CONFIG": str(self._config)}
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


def rehearse(options: Options, say: Say) -> Report:
    """Run a rehearsal from start to end; nothing of it is left running, whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix="rehearsal-")).resolve()
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, directory, ignore_errors=True)
        workshop = write_config(options, directory / "workshop.yaml")
        account.make_repository(directory, stage.ROOT, workshop.repository.ref)
        # From here on this very process has no way to AWS either.
        os.environ.clear()
        os.environ.update(stage.server_environment(workshop, directory))
        aws = LocalAws(directory / "aws", os.environ)
        undo.callback(aws.close)
        variables = stage.variables(aws.url, workshop, directory)
        os.environ.update(variables)
        rehearsal = Rehearsal(
            options,
            workshop,
            directory / "workshop.yaml",
            view=View(aws.url),
            variables=variables,
            environment=stage.command_environment(directory),
            say=say,
        )
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

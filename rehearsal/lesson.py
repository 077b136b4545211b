"""What attendees do: open their workspaces, run the labs, keep their work, forget to clean up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from modules.declarations import load_module
from rehearsal import lab_checks
from rehearsal.account import ACCOUNT
from rehearsal.processes import Processes
from rehearsal.report import LabResult
from rehearsal.timetable import in_turn
from rehearsal.view import View
from workshop.aws import Clients
from workshop.cli.workspace import find_workspace
from workshop.errors import EXIT_OK, WorkshopError
from workshop.model import Attendee, Workshop
from workshop.names import attendee_prefix, bucket_name, environment_name

_BOOT_SECONDS = 300.0
_LAB_POLL_SECONDS = "1"
_CELL_SECONDS = "300"
_OPENING_AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


class Lesson:
    """One class of a rehearsal. The last attendee forgets to clean up: after a lab where
    `forgotten_lab` has one, else by `forget_endpoint()`."""

    def __init__(
        self,
        workshop: Workshop,
        config: Path,
        *,
        processes: Processes,
        clients: Clients,
        view: View,
        kept: Path,
    ) -> None:
        self._workshop = workshop
        self._config = config
        self._processes = processes
        self._clients = clients
        self._view = view
        self._kept = kept
        self._ending = threading.Event()

    def open_all(self) -> list[str]:
        """Open every attendee's workspace as they would; returns what went wrong."""
        opened = self._side_by_side(self._open, self._workshop.attendees, _OPENING_AT_ONCE)
        return [problem for problem in opened if problem] + self._wait_for_boot()

    def run_labs(self) -> Iterator[LabResult]:
        """Run every lab for every attendee, one more at once than there are processors:
        each waits a third of its time for the local AWS. A lab that builds on others comes
        behind theirs of the same attendee."""
        modules = {name: load_module(name) for name in self._workshop.modules}
        runs = {
            (attendee, name): [(attendee, b) for b in module.prerequisites if b in modules]
            for name, module in modules.items()
            for attendee in self._workshop.attendees
        }
        with self._pool((os.cpu_count() or 2) + 1) as pool:
            yield from in_turn(
                pool, self._run_lab, runs, succeeded=lambda lab: lab.ok, refuse=_refuse_lab
            )

    @property
    def forgotten_lab(self) -> tuple[str, str] | None:
        """Who does not clean up, and after which lab; None for nobody after any."""
        taught = {name: load_module(name) for name in self._workshop.modules}
        return lab_checks.forgotten_lab([a.id for a in self._workshop.attendees], taught)

    def forget_endpoint(self) -> None:
        """Leave an endpoint behind without a lab. Its model has no artifact, so it never
        comes into service: the control plane alone is rehearsed."""
        attendee = self._workshop.attendees[-1]
        sagemaker = self._clients("sagemaker", attendee.region)
        own = environment_name(self._workshop.name, attendee.id)
        name = f"{attendee_prefix(self._workshop.name, attendee.id)}forgotten"
        image = f"{ACCOUNT}.dkr.ecr.{attendee.region}.amazonaws.com/sagemaker-xgboost:1.7-1"
        sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": image},
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{own}",
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": self._workshop.instances.endpoint[0],
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def stray_objects(self) -> list[str]:
        """What lies in the workshop's buckets outside of the attendees' parts, in words."""
        found: list[str] = []
        ids = [attendee.id for attendee in self._workshop.attendees]
        for region in self._workshop.regions:
            bucket = bucket_name(self._workshop.name, ACCOUNT, region)
            pages = self._clients("s3", region).get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket):
                keys = [item["Key"] for item in page.get("Contents", ())]
                found += lab_checks.strays(bucket, keys, ids)
        return found

    def collect_all(self) -> list[str]:
        """Collect every attendee's work as they would; returns what went wrong."""
        homes = sorted(self._view.homes().items())
        collected = self._side_by_side(self._collect, homes, (os.cpu_count() or 2) + 1)
        return [problem for problem in collected if problem]

    def close(self) -> None:
        """End every command that runs and every wait."""
        self._ending.set()
        self._processes.close()

    def _open(self, attendee: Attendee) -> str:
        """Start a workspace and open its link; returns what went wrong, or ""."""
        try:
            workspace = find_workspace(self._workshop, attendee, self._clients)
            workspace.start(workspace.status())
            workspace.wait_until_in_service(self._sleep)
            page = self._view.get(workspace.link())
        except WorkshopError as error:
            return f"open {attendee.id}: {error}"
        name = environment_name(self._workshop.name, attendee.id)
        return "" if name in page else f"open {attendee.id}: the page does not say {name}"

    def _wait_for_boot(self) -> list[str]:
        """Wait for the boot scripts' markers; they detach themselves, so nobody else would."""
        waiting = {name: home / ".workshop" for name, home in self._view.homes().items()}
        deadline = time.monotonic() + _BOOT_SECONDS
        problems: list[str] = []
        while waiting and time.monotonic() < deadline:
            for name, state in list(waiting.items()):
                failed = state / "FAILED"
                if failed.exists():
                    problems.append(f"boot {name}: {failed.read_text().strip()}")
                if failed.exists() or (state / "READY").exists():
                    del waiting[name]
            self._sleep(0.05)
        return problems + [f"boot {name}: neither READY nor FAILED" for name in sorted(waiting)]

    def _run_lab(self, run: tuple[Attendee, str]) -> LabResult:
        attendee, module = run
        forgets = (attendee.id, module) == self.forgotten_lab
        keeps = ("--parameter", "clean_up=false") if forgets else ()
        finished = self._processes.workshop(
            *("run", module, "--attendee", attendee.id, "--config", str(self._config)),
            *("--output", str(self._kept / "runs"), "--poll-seconds", _LAB_POLL_SECONDS),
            *("--cell-timeout", _CELL_SECONDS),
            *keeps,
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
            seconds=said["seconds"],
        )

    def _collect(self, machine: tuple[str, Path]) -> str:
        """Run the command in a home; returns what went wrong, or ""."""
        name, home = machine
        own = Processes({**self._processes.environment, "HOME": str(home)}, home)
        # It ends by itself before long; a rehearsal that is interrupted ends it by its mark.
        finished = own.workshop("collect", "--json")
        return "" if finished.code == EXIT_OK else f"collect {name}: {finished.last_words}"

    def _side_by_side(
        self, work: Callable[[T], R], items: Sequence[T], workers: int
    ) -> Iterator[R]:
        """Do the work for all items, so many at once; results in the items' order."""
        with self._pool(workers) as pool:
            yield from pool.map(work, items)

    @contextmanager
    def _pool(self, workers: int) -> Iterator[ThreadPoolExecutor]:
        """A pool of threads; an interrupt ends it within a moment."""
        pool = ThreadPoolExecutor(max_workers=workers)
        try:
            yield pool
        except BaseException:
            # Leaving the pool waits for its threads, and they wait for children and clocks.
            self.close()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _sleep(self, seconds: float) -> None:
        if self._ending.wait(seconds):
            raise WorkshopError("the rehearsal is ending")


def _refuse_lab(run: tuple[Attendee, str], earlier: tuple[Attendee, str]) -> LabResult:
    attendee, module = run
    reason = f"{earlier[1]}, which it builds on, failed"
    expected = load_module(module).expected.as_json()
    return LabResult(module, attendee.id, None, expected, False, reason)

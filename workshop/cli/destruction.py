"""What `workshop destroy` does once it may, in the order AWS demands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cleanup.leftovers import empty_bucket, remove_log_leftovers
from cleanup.steps import Policy
from cleanup.sweep import Sweep
from deploy.destroy import Destruction
from deploy.doors import Doors
from workshop.cli import uncollected
from workshop.cli.account import workshop_stacks
from workshop.cli.boundary import explain
from workshop.cli.inventory import find_logs, own_buckets, stacks_in
from workshop.cli.mending import Mender
from workshop.cli.output import note
from workshop.cli.progress import StackProgress
from workshop.cli.sweep_views import describe, note_progress
from workshop.errors import WorkshopError

if TYPE_CHECKING:
    from cleanup.audit import AuditLog
    from cleanup.resources import Scope
    from deploy.state import StackState
    from workshop.aws import Clients
    from workshop.cli.progress import EventStream
    from workshop.model import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be destroyed: the whole workshop, or what `scope.only` names.

    `assets` are the buckets with the workshop's assets, by region. Collected work is brought to
    `save` first, unless that is None. `audit` notes every call of the sweeps; `events` is where
    progress goes that programs read.
    """

    workshop: Workshop
    scope: Scope
    assets: Mapping[str, str]
    clients: Clients
    save: Path | None
    audit: AuditLog
    events: EventStream | None = None

    def carry_out(self) -> list[str]:
        """Do it; returns what went wrong.

        What fails does not stop the rest, but for one thing: while collected work is not on
        this disk, what holds it is not deleted.
        """
        problems: list[str] = []
        if self.scope.only is None:
            with _noting(problems, "doors"):
                problems += self._close_doors()
        note("sweeping what attendees made")
        problems += self._sweep(Policy(claim=True))
        unsaved: list[str] = []
        with _noting(unsaved, "collected work was not saved, so what holds it stays"):
            self._save_work()
        if unsaved:
            return problems + unsaved + ["the doors stay closed until `workshop deploy`"]
        stuck: list[str] = ["the stacks were not looked for"]
        with _noting(problems, "stacks"):
            stuck = self._delete_stacks()
        problems += stuck
        if not stuck:
            # What a stack should have deleted and is still there has nobody else to delete it.
            problems += self._sweep(Policy(keep_managed=False, records=True))
        for region in self.scope.regions:
            with _noting(problems, f"logs in {region}"):
                logs = find_logs(self.scope, region, self.clients)
                remove_log_leftovers(logs, self.clients)
                note(f"removed {len(logs)} log groups and streams in {region}")
        return problems

    def _close_doors(self) -> list[str]:
        note("closing the doors: attendees can start and make nothing new")
        doors = Doors(self.workshop.name, self.clients, self.assets.__getitem__)
        return doors.close(self._stacks())

    def _sweep(self, policy: Policy) -> list[str]:
        swept = Sweep(
            self.scope, self.clients, policy=policy, progress=note_progress, audit=self.audit
        ).run()
        return [f"{describe(found.resource)}: {found.reason}" for found in swept.remaining]

    def _save_work(self) -> None:
        """Bring the archives here: they would go with the bucket.

        Looked for anew, since an environment that the sweep has stopped may have collected its
        last work. Raises WorkshopError when work is not collected any more.
        """
        if self.save is None:
            return
        works = uncollected.standings(self.scope, self.scope.account, self.clients)
        refusal = uncollected.refusal(works)
        if refusal:
            raise refusal
        saved = uncollected.save(works, self.save, self.clients)
        if saved:
            note(f"saved {len(saved)} archives of attendees' work in {self.save}")

    def _stacks(self) -> list[StackState]:
        return stacks_in(self.scope, workshop_stacks(self.workshop, self.clients))

    def _delete_stacks(self) -> list[str]:
        """Delete attendees' stacks, empty the buckets, then delete the shared stacks.

        A bucket is emptied once no volume of its region is left: until then another run must
        find the collected work that lets it delete the volumes. Returns what went wrong.
        """
        problems: list[str] = []
        stacks = self._stacks()
        with StackProgress("destroy", len(stacks), self.events) as progress:
            destruction = Destruction(
                self.clients,
                mend=Mender(self.scope, self.clients, self.audit),
                progress=progress,
            )
            results = destruction.run(
                stacks, lambda region: problems.extend(self._empty_buckets(region))
            )
        return problems + [f"stack {r.stack} ({r.region}): {r.reason}" for r in results if not r.ok]

    def _empty_buckets(self, region: str) -> list[str]:
        """Empty the workshop's bucket of a region, and what is ours of the shared ones."""
        problems: list[str] = []
        for bucket, prefix, is_own in own_buckets(self.scope, self.assets, region, self.clients):
            with _noting(problems, f"bucket {bucket}"):
                count = empty_bucket(bucket, region, self.clients, prefix=prefix, is_own=is_own)
                if count or not prefix:
                    note(f"emptied {bucket}/{prefix}: {count} objects")
        return problems


@contextmanager
def _noting(problems: list[str], where: str) -> Iterator[None]:
    """Note what AWS refuses, and go on: the rest still bills."""
    try:
        yield
    except (ClientError, BotoCoreError, WorkshopError) as error:
        problems.append(f"{where}: {explain(error).why or error}")

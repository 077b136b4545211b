"""What a sweep is asked to do, and for whom: the instructor's, an attendee's, an account's."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cleanup.audit import Actor, Audit, AuditLog
from cleanup.calls import Caller
from cleanup.kind import Kind
from cleanup.kinds import KINDS
from cleanup.kinds.attendees import ATTENDEE_KINDS, BUILDER_KINDS
from cleanup.lifetimes import Lifetimes
from cleanup.resources import TAGS, Key, Resource, Scope
from cleanup.steps import Call, Policy
from cleanup.sweep import Plan, Sweep
from costs.own_prices import load_prices
from costs.prices import Prices, shipped
from workshop import names
from workshop.aws import Clients, make_clients
from workshop.cli.account import choose_regions, make_scope, workshop_stacks
from workshop.cli.ledgers import guarded_regions, read_books
from workshop.cli.money import Rates, find_rates
from workshop.cli.output import note
from workshop.cli.seat import Seat, find_seat, metadata_path, region_of, role_of
from workshop.cli.spending import Spending, find_spending
from workshop.cli.sweep_views import describe, note_progress
from workshop.config import load_workshop
from workshop.errors import UsageError, WorkshopError
from workshop.model import Workshop

# Where an instructor's audit logs are kept.
_DIRECTORY = Path("sweeps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of `workshop cleanup` that say what to sweep."""

    attendees: tuple[str, ...] = ()
    module: str = ""
    regions: tuple[str, ...] = ()
    older_than: timedelta | None = None
    keep_environments: bool = False
    records: bool = False
    stop_me: bool = False
    everything: bool = False
    give_up_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One sweep: whose things, what may be done with them, and who does it.

    `seat` is what the command itself runs on, and `stop_me` whether that goes at last.
    `workshop` is the configuration, None in an attendee's environment, where there is none.
    `deadline_seconds` is how long a resource may take to move (None: its kind says). Audit logs
    are kept in `directory`, and on request below `prefix` of the workshop's bucket.
    """

    scope: Scope
    policy: Policy
    clients: Clients
    actor: Actor
    directory: Path
    prices: Prices
    prefix: str = "audit/"
    kinds: tuple[Kind, ...] = KINDS
    seat: Key | None = None
    stop_me: bool = False
    deadline_seconds: float | None = None
    workshop: Workshop | None = None

    def sweep(self, audit: Audit) -> Sweep:
        """The engine for this task."""
        return Sweep(
            self.scope,
            self.clients,
            policy=self.policy,
            kinds=self.kinds,
            deadline_seconds=self.deadline_seconds,
            progress=note_progress,
            audit=audit,
        )

    def audit_log(self, path: Path | None) -> AuditLog:
        """The log to write: at a path, or a file of its own."""
        name = f"{self.scope.workshop}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
        return AuditLog(path or self.directory / name, self.actor)

    def rates(self, plan: Plan) -> Rates:
        """USD per hour of all that was found, by key."""
        return find_rates(plan.scan.resources, self.clients, self.prices)

    def spending(self, plan: Plan) -> Spending | None:
        """From when to when everything billed; None for a sweep of less than the workshop, or
        of more."""
        if self.workshop is None or self.scope.only or self.scope.module or self.scope.everything:
            return None
        regions = guarded_regions(self.workshop, self.scope.regions)
        books = read_books(self.workshop, regions, self.prices, self.clients)
        reader = Lifetimes(Caller(self.clients))
        scan = plan.scan
        return find_spending(scan.resources, scan.blind, reader, books, datetime.now(UTC))

    def seat_in(self, plan: Plan) -> list[Resource]:
        """What the command runs on; empty outside an environment."""
        return [found for found in plan.scan.resources if found.key == self.seat]

    def check_seat(self, plan: Plan) -> None:
        """Raise WorkshopError when what the command runs on was not found though it could be
        seen: it could not be told from what is to go. A module's sweep does not look for it."""
        if self.seat is None or self.scope.module or self.seat_in(plan):
            return
        region, kind, _ = self.seat
        # Whose an app is cannot be said without its domain, nor anything's without its tags.
        needed = {(region, kind), (region, "domain"), (region, TAGS)}
        if not needed & {(hole.region, hole.kind) for hole in plan.scan.blind}:
            raise WorkshopError(
                "what this runs on was not found",
                "SageMaker does not list the app or instance that its metadata file names, so it "
                "might be stopped with the rest",
                "restart the app or instance and try again; or ask the instructor to clean up",
            )

    def stop_seat(self, sweep: Sweep) -> bool:
        """Stop what the command runs on; nothing can follow it. Returns whether it will stop."""
        found = self.seat_in(sweep.plan())
        if not found:
            note(
                "what this runs on was not stopped: the last look did not find it; "
                "try again, or ask the instructor to clean up"
            )
        for own in found:
            note(f"stopping what this runs on: {describe(own)}; your files stay")
            outcome = sweep.call(Call(own, own.row.action(own.status)))
            if outcome.result != "accepted":
                note(f"it was not stopped: {outcome.detail}")
                return False
        return bool(found)

    def keep_audit(self, log: AuditLog) -> str:
        """Copy an audit log into the workshop's bucket; returns where it is."""
        region = self.scope.regions[0]
        bucket = names.bucket_name(self.scope.workshop, self.scope.account, region)
        key = f"{self.prefix}{log.path.name}"
        body = log.path.read_bytes()
        self.clients("s3", region).put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"


def find_task(wishes: Wishes, config: Path, *, instructor: bool) -> Task:
    """What a command line asks for.

    In an attendee's environment it is about that attendee, unless `instructor` (a
    configuration was named). Raises UsageError for what cannot be done together.
    """
    clients = make_clients()
    path = metadata_path()
    if not instructor and path.exists():
        arn, account = _caller(
            clients, region_of(path) or os.environ.get("AWS_REGION", "us-east-1")
        )
        seat = find_seat(path, role_of(arn))
        if seat is not None:
            return _of_attendee(seat, wishes, clients, Actor(arn, account, seat.workshop))
    return _of_instructor(load_workshop(config), load_prices(config), wishes, clients)


def _of_attendee(seat: Seat, wishes: Wishes, clients: Clients, actor: Actor) -> Task:
    for option, given in {
        "--attendee": wishes.attendees,
        "--region": wishes.regions,
        "--everything": wishes.everything,
        "--keep-environments": wishes.keep_environments,
    }.items():
        if given:
            raise UsageError(
                f"{option} is for instructors",
                f"here the command cleans up after {seat.attendee}, whose environment this is",
                "leave it out; or give --config to work as an instructor",
            )
    if wishes.stop_me and wishes.module:
        raise UsageError(
            "--stop-me and --module exclude each other",
            "what this runs on belongs to no lab",
            "clean up with --module first, then with --stop-me",
        )
    note(f"{seat.attendee} of {seat.workshop} in {seat.region}")
    own = frozenset({seat.attendee})
    return Task(
        scope=Scope(
            seat.workshop,
            own,
            (seat.region,),
            only=own,
            module=wishes.module,
            account=actor.account,
        ),
        policy=_policy(wishes, seat.key),
        clients=clients,
        actor=actor,
        directory=Path.home() / ".workshop" / "sweeps",
        prices=shipped(),
        prefix=f"{names.bucket_prefix(seat.attendee)}audit/",
        kinds=_attendee_kinds(seat, clients),
        seat=seat.key,
        stop_me=wishes.stop_me,
        deadline_seconds=_seconds(wishes.give_up_after),
    )


def _attendee_kinds(seat: Seat, clients: Clients) -> tuple[Kind, ...]:
    """What the attendee can have made, as the tags of their role say: it is the role that may
    list repositories, or may not."""
    role = names.environment_name(seat.workshop, seat.attendee)
    tags = clients("iam", seat.region).get_role(RoleName=role)["Role"].get("Tags", [])
    builds = names.TAG_BUILDS_IMAGES in {tag["Key"] for tag in tags}
    wanted = ATTENDEE_KINDS | BUILDER_KINDS if builds else ATTENDEE_KINDS
    return tuple(kind for kind in KINDS if kind.name in wanted)


def _of_instructor(workshop: Workshop, prices: Prices, wishes: Wishes, clients: Clients) -> Task:
    if wishes.stop_me:
        raise UsageError(
            "--stop-me is for attendees",
            "this does not run in an attendee's environment",
            "leave it out; a sweep stops apps and notebook instances anyway",
        )
    regions = choose_regions(workshop, wishes.regions)
    arn, account = _caller(clients, regions[0])
    if wishes.everything:
        _check_dedicated(workshop, wishes, account)
    stacks = workshop_stacks(workshop, clients, regions)
    scope = make_scope(workshop, stacks, regions=regions, only=wishes.attendees)
    return Task(
        scope=replace(scope, module=wishes.module, account=account, everything=wishes.everything),
        policy=_policy(wishes, None),
        clients=clients,
        actor=Actor(arn, account, workshop.name),
        directory=_DIRECTORY,
        prices=prices,
        deadline_seconds=_seconds(wishes.give_up_after),
        workshop=workshop,
    )


def _policy(wishes: Wishes, seat: Key | None) -> Policy:
    age = wishes.older_than
    return Policy(
        keep_environments=wishes.keep_environments,
        records=wishes.records,
        created_before=datetime.now(UTC) - age if age is not None else None,
        seat=seat,
    )


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _check_dedicated(workshop: Workshop, wishes: Wishes, account: str) -> None:
    """--everything works on whole regions of accounts that are there for the event alone."""
    if account not in workshop.cleanup.dedicated_accounts:
        known = ", ".join(workshop.cleanup.dedicated_accounts) or "none"
        raise UsageError(
            f"--everything does not work in account {account}",
            f"cleanup.dedicated_accounts lists {known}",
            "run it without --everything; only if nobody else works in this account, list it",
        )
    if wishes.attendees or wishes.module:
        raise UsageError(
            "--everything cannot be limited to attendees or a module",
            "it is about whatever SageMaker has in the regions",
            "leave out --everything, or --attendee and --module",
        )


def _caller(clients: Clients, region: str) -> tuple[str, str]:
    """The caller's ARN and the account's id."""
    identity = clients("sts", region).get_caller_identity()
    return str(identity["Arn"]), str(identity["Account"])

"""What of a workshop exists anywhere: stacks, resources, objects, logs; and what is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from cleanup.calls import Caller
from cleanup.kind import PAID, REST
from cleanup.leftovers import (
    IsOwn,
    Leftover,
    count_objects,
    find_log_leftovers,
    is_own_bucket,
)
from cleanup.resources import Blind, Resource, Scope
from cleanup.scan import Scanner
from deploy.state import StackState
from workshop import names
from workshop.aws import Clients, error_message
from workshop.cli.account import workshop_stacks
from workshop.cli.findings_of_scan import note_scan
from workshop.cli.output import note
from workshop.model import Workshop


@dataclass(slots=True)
class Inventory:
    """What of the workshop exists, as far as it can be seen."""

    stacks: list[StackState]
    resources: tuple[Resource, ...]
    # (region, bucket, prefix) -> object versions and unfinished uploads
    objects: dict[tuple[str, str, str], int] = field(default_factory=dict)
    logs: list[Leftover] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    # Of what is blind, the listings of resources.
    holes: tuple[Blind, ...] = ()
    # What costs nothing any more and tells what it has cost: the records of ended jobs.
    records: tuple[Resource, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing that could be seen is left."""
        return not (self.stacks or self.resources or self.objects or self.logs)

    def as_rows(self) -> list[dict[str, str]]:
        """One row per thing, sorted: kind, region, name, status."""
        rows = [("stack", s.region, s.name, s.status) for s in self.stacks]
        rows += [(r.kind, r.region, r.name, r.status) for r in self.resources]
        rows += [
            ("objects" if prefix else "bucket", region, f"{bucket}/{prefix}", f"{count} objects")
            for (region, bucket, prefix), count in self.objects.items()
        ]
        rows += [(log.kind, log.region, log.name, "") for log in self.logs]
        keys = ("kind", "region", "name", "status")
        return [dict(zip(keys, row, strict=True)) for row in sorted(rows)]


def stacks_in(scope: Scope, stacks: Iterable[StackState]) -> list[StackState]:
    """Those of the workshop's stacks that are in scope: all, or those of some attendees."""
    if scope.only is None:
        return list(stacks)
    return [stack for stack in stacks if stack.tags.get(names.TAG_ATTENDEE) in scope.only]


def assets_buckets(scope: Scope, stacks: Iterable[StackState]) -> dict[str, str]:
    """Region -> the bucket with the workshop's assets: the one that the shared stack names, since
    `cdk bootstrap` takes other qualifiers, else the default one."""
    named = {
        stack.region: stack.outputs["BundleUrl"].removeprefix("s3://").partition("/")[0]
        for stack in stacks
        if stack.outputs.get("BundleUrl", "").startswith("s3://")
    }
    return {r: named.get(r) or names.bootstrap_bucket(scope.account, r) for r in scope.regions}


def take_inventory(
    workshop: Workshop, scope: Scope, assets: Mapping[str, str], clients: Clients
) -> Inventory:
    """Look everywhere the workshop leaves something; says on stderr what could not be seen.

    `assets` are the buckets with its assets, by region.
    """
    found = Scanner(scope, Caller(clients)).look()
    note_scan(found)
    inventory = Inventory(
        stacks=stacks_in(scope, workshop_stacks(workshop, clients)),
        resources=tuple(r for r in found.resources if _counts(r)),
        records=tuple(r for r in found.resources if not _counts(r)),
        blind=[f"{hole.kind} in {hole.region}" for hole in found.blind],
        holes=found.blind,
    )
    for region in workshop.regions:
        with _or_unknown(inventory, f"buckets in {region}"):
            for bucket, prefix, is_own in own_buckets(scope, assets, region, clients):
                count = count_objects(bucket, region, clients, prefix=prefix, is_own=is_own)
                # An own bucket counts even when it is empty; somebody else's does not.
                if count or (count is not None and not prefix):
                    inventory.objects[region, bucket, prefix] = count
        with _or_unknown(inventory, f"logs in {region}"):
            inventory.logs += find_logs(scope, region, clients)
    return inventory


def own_buckets(
    scope: Scope, assets: Mapping[str, str], region: str, clients: Clients
) -> Iterator[tuple[str, str, IsOwn]]:
    """Where the workshop keeps objects in a region: (bucket, key prefix, which keys are ours).

    A bucket that has the name of the workshop's but not its tag is somebody else's. The
    SageMaker SDK's default bucket and the bootstrap bucket are shared with everybody.
    """
    bucket = names.bucket_name(scope.workshop, scope.account, region)
    owners = _owners(scope)

    def is_attendees(key: str) -> bool:
        return names.owner_by_name(scope.workshop, key) in owners

    yield names.sdk_bucket(scope.account, region), f"{scope.workshop}-", is_attendees
    is_own = is_own_bucket(scope.workshop, bucket, region, clients)
    if scope.only is not None:
        for attendee in sorted(scope.only) if is_own else ():
            yield bucket, names.bucket_prefix(attendee), lambda _key: True
        return
    if is_own:
        yield bucket, "", lambda _key: True
    yield assets[region], names.assets_prefix(scope.workshop), lambda _key: True


def find_logs(scope: Scope, region: str, clients: Clients) -> list[Leftover]:
    """The log groups and streams of everybody in scope, in a region."""
    return find_log_leftovers(scope.workshop, _owners(scope), region, clients)


def _owners(scope: Scope) -> frozenset[str]:
    return scope.attendees if scope.only is None else scope.only


def _counts(resource: Resource) -> bool:
    """A finished job's record costs nothing, and what is paid for up front cannot be ended."""
    return resource.row.action(resource.status) not in (REST, PAID)


@contextmanager
def _or_unknown(inventory: Inventory, what: str) -> Iterator[None]:
    """A listing that AWS refuses is unknown, and does not keep the others from being made."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        inventory.blind.append(what)
        note(f"could not be read: {what}: {error_message(error)}")

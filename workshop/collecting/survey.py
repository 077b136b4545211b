"""Whose work exists, and whose is collected: read by listings, then judged.

Work is what lies on the volume of a space or notebook instance that was ever started.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop import names
from workshop.aws import Clients, error_code, error_message
from workshop.collecting import record as records
from workshop.collecting.record import Record, read_record
from workshop.errors import WorkshopError

_AT_ONCE = 10
_RUNNING = ("Pending", "InService")


class State(StrEnum):
    """How an attendee's work stands."""

    COLLECTED = "collected"
    STALE = "stale"  # the workspace was started again since
    MISSING = "not collected"
    NOT_STARTED = "never started"
    UNKNOWN = "unknown"


# Deleting these attendees' volumes loses, or may lose, work.
UNSAFE = (State.STALE, State.MISSING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A space or notebook instance, as listings show it.

    `started` is the last start that SageMaker still tells of: it lists a deleted app for
    about a day. `was_started` is whether it was ever started as far as SageMaker tells.
    """

    attendee: str
    region: str
    environment: str
    running: bool
    was_started: bool
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one attendee's work stands in a region.

    `bucket` is where its archive lies. `workspace` None: it is deleted already, or was never
    deployed. `reason` says why nothing is known.
    """

    attendee: str
    region: str
    bucket: str
    state: State
    workspace: Workspace | None
    record: Record | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the bucket tells: when the workspace last started, and the last collection."""

    started: datetime | None = None
    collected: datetime | None = None
    record: Record | None = None


def judge(workspace: Workspace | None, evidence: Evidence) -> State:
    """How work stands. Times are compared as S3 and SageMaker tell them, never by an
    environment's own clock."""
    started = max(
        (t for t in (evidence.started, workspace and workspace.started) if t), default=None
    )
    if evidence.record is None or evidence.collected is None:
        if workspace is None or not (workspace.was_started or started):
            return State.NOT_STARTED
        return State.MISSING
    if workspace and started and started > evidence.collected:
        return State.STALE
    return State.COLLECTED


def survey(
    workshop: str, account: str, attendees: Iterable[str], regions: Iterable[str], clients: Clients
) -> list[Standing]:
    """How the work of these attendees stands, those with neither workspace nor archive left
    out; sorted by attendee.

    Calls: a few listings in each region, and two small reads for each attendee. What AWS
    refuses is a standing of unknown state.
    """
    wanted = frozenset(attendees)
    found: list[Standing] = []
    for region in regions:
        bucket = names.bucket_name(workshop, account, region)
        look = _Region(workshop, region, bucket, wanted, clients)
        found += look.standings()
    return sorted(found, key=lambda standing: (standing.attendee, standing.region))


class _Region:
    """Looks at one region."""

    def __init__(
        self, workshop: str, region: str, bucket: str, wanted: frozenset[str], clients: Clients
    ) -> None:
        self._workshop = workshop
        self._region = region
        self._bucket = bucket
        self._wanted = wanted
        self._sagemaker = clients("sagemaker", region)
        self._s3 = clients("s3", region)

    def standings(self) -> list[Standing]:
        try:
            workspaces = {w.attendee: w for w in (*self._spaces(), *self._notebooks())}
        except (ClientError, BotoCoreError) as error:
            # Whose workspaces there are is not known, so everybody may have one.
            return [self._unknown(attendee, None, error) for attendee in sorted(self._wanted)]
        try:
            archived = set(self._with_objects())
        except (ClientError, BotoCoreError) as error:
            return [self._unknown(attendee, w, error) for attendee, w in workspaces.items()]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            looked = pool.map(
                lambda attendee: self._standing(
                    attendee, workspaces.get(attendee), attendee in archived
                ),
                sorted(workspaces.keys() | archived),
            )
        return [s for s in looked if s.workspace or s.record or s.state is State.UNKNOWN]

    def _standing(self, attendee: str, workspace: Workspace | None, has_objects: bool) -> Standing:
        try:
            evidence = self._evidence(attendee) if has_objects else Evidence()
        except (ClientError, BotoCoreError, WorkshopError) as error:
            return self._unknown(attendee, workspace, error)
        state = judge(workspace, evidence)
        return Standing(attendee, self._region, self._bucket, state, workspace, evidence.record)

    def _unknown(self, attendee: str, workspace: Workspace | None, error: Exception) -> Standing:
        why = error.why if isinstance(error, WorkshopError) else error_message(error)
        return Standing(attendee, self._region, self._bucket, State.UNKNOWN, workspace, None, why)

    def _owner(self, name: str) -> str | None:
        """The attendee whose space or instance has a name, if we were asked for them."""
        attendee = names.owner_by_name(self._workshop, name)
        if attendee in self._wanted and name == names.environment_name(self._workshop, attendee):
            return attendee
        return None

    def _spaces(self) -> Iterator[Workspace]:
        # Without a hyphen at the end, which SpaceNameContains does not take (its pattern).
        spaces = [
            (owner, space["DomainId"], space["SpaceName"])
            for space in self._all("list_spaces", "Spaces", SpaceNameContains=self._workshop)
            if (owner := self._owner(space["SpaceName"]))
        ]
        apps: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for domain in sorted({domain for _, domain, _ in spaces}):
            for app in self._all("list_apps", "Apps", DomainIdEquals=domain):
                apps.setdefault((domain, app.get("SpaceName", "")), []).append(app)
        for owner, domain, name in spaces:
            own = apps.get((domain, name), [])
            yield Workspace(
                owner,
                self._region,
                "studio",
                running=any(app["Status"] in _RUNNING for app in own),
                was_started=bool(own),
                started=max((app["CreationTime"] for app in own), default=None),
            )

    def _notebooks(self) -> Iterator[Workspace]:
        for instance in self._all(
            "list_notebook_instances", "NotebookInstances", NameContains=self._workshop
        ):
            owner = self._owner(instance["NotebookInstanceName"])
            if owner:
                # An instance starts by being created.
                running = instance["NotebookInstanceStatus"] in _RUNNING
                yield Workspace(owner, self._region, "notebook", running, was_started=True)

    def _all(self, operation: str, member: str, **request: str) -> Iterator[dict[str, Any]]:
        for page in self._sagemaker.get_paginator(operation).paginate(**request):
            yield from page[member]

    def _with_objects(self) -> Iterator[str]:
        """The attendees with objects in the bucket; none when there is no bucket."""
        paginator = self._s3.get_paginator("list_objects_v2")
        start = names.bucket_prefix("").rstrip("/") + "/"
        try:
            for page in paginator.paginate(Bucket=self._bucket, Prefix=start, Delimiter="/"):
                for common in page.get("CommonPrefixes", []):
                    attendee = common["Prefix"].removeprefix(start).rstrip("/")
                    if attendee in self._wanted:
                        yield attendee
        except ClientError as error:
            if error_code(error) != "NoSuchBucket":
                raise

    def _evidence(self, attendee: str) -> Evidence:
        """Raises WorkshopError when the record is not one of ours."""
        paginator = self._s3.get_paginator("list_objects_v2")
        pages = paginator.paginate(Bucket=self._bucket, Prefix=records.folder(attendee))
        times = {o["Key"]: o["LastModified"] for page in pages for o in page.get("Contents", [])}
        started = times.get(records.started_key(attendee))
        key = records.record_key(attendee)
        if key not in times:
            return Evidence(started)
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        return Evidence(started, times[key], read_record(body.read(records.RECORD_BYTES_MOST)))

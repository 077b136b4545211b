"""A small SageMaker in memory: lists, states that need time, refusals. Time is a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cleanup.kind import Kind
from cleanup.kinds import BY_NAME, KINDS

_LISTS = {kind.list_op for kind in KINDS}
_BY_CALL = {call: kind for kind in KINDS for call in kind.calls}


def refusal(code: str, operation: str, message: str = "no") -> ClientError:
    """An error as AWS gives it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds


@dataclass
class Thing:
    """One resource: its list row, and what it becomes once its time has come."""

    kind: Kind
    row: dict[str, Any]
    becomes: str | None = None  # a status; None: it disappears
    at: float = float("inf")


@dataclass
class FakeAws:
    """All regions of one account. `seconds` is how long a stop or a delete takes."""

    clock: Clock
    seconds: float = 5.0
    linger: float = 0.0  # how long lists still show what has no states and was deleted
    things: dict[str, list[Thing]] = field(default_factory=dict)
    tags: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)  # (operation, name)
    # Operation -> what happens instead; the answer None lets the operation go through.
    instead: dict[str, Callable[[str], Exception | None]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)  # operations that this boto3 lacks

    def add(self, kind_name: str, name: str, status: str = "", **row: Any) -> Thing:
        """Add a resource to us-east-1, or to the region given as `region`."""
        kind = BY_NAME[kind_name]
        region = row.pop("region", "us-east-1")
        ids = {str(kind.id_fields[-1]): name, kind.name_field: name}
        if kind.status_field:
            ids[kind.status_field] = status
        thing = Thing(kind, {**ids, **row})
        self.things.setdefault(region, []).append(thing)
        return thing

    def names(self) -> list[str]:
        """The names of all there is now, sorted."""
        self.pass_time()
        return sorted(
            thing.row[thing.kind.name_field] for there in self.things.values() for thing in there
        )

    def clients(self, service: str, region: str) -> FakeClient:
        return FakeClient(self, service, region)

    def pass_time(self) -> None:
        """Let everything become what it is by now."""
        for region, things in self.things.items():
            for thing in things:
                if thing.at <= self.clock.time and thing.becomes is not None:
                    thing.row[thing.kind.status_field] = thing.becomes
                    thing.at = float("inf")
            self.things[region] = [t for t in things if t.at > self.clock.time]

    def maybe_refuse(self, operation: str, what: str) -> None:
        """Raise what `instead` holds for an operation."""
        answer = self.instead.get(operation)
        error = answer(what) if answer else None
        if error is not None:
            raise error

    def list_rows(self, kind: Kind, region: str) -> list[dict[str, Any]]:
        self.pass_time()
        return [dict(t.row) for t in self.things.get(region, []) if t.kind is kind]

    def tagged(self, region: str, wanted: Callable[[str, dict[str, str]], bool]) -> dict[str, Any]:
        """What the Tagging API answers for the resources that are wanted."""
        return {
            "ResourceTagMappingList": [
                {"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
                for arn, tags in self.tags.get(region, {}).items()
                if wanted(arn, tags)
            ]
        }

    def change(self, operation: str, region: str, request: dict[str, Any]) -> None:
        kind = _BY_CALL[operation]
        thing = next(
            t
            for t in self.things[region]
            if t.kind is kind and all(t.row.get(k) == v for k, v in request.items() if k in t.row)
        )
        name = thing.row[kind.name_field]
        self.calls.append((operation, name))
        self.maybe_refuse(operation, name)
        verb = operation.partition("_")[0]
        if kind.status_field:
            thing.row[kind.status_field] = {"stop": "Stopping", "delete": "Deleting"}[verb]
        thing.becomes = "Stopped" if verb == "stop" else None
        thing.at = min(
            thing.at, self.clock.time + (self.seconds if kind.status_field else self.linger)
        )


class FakeClient:
    """A boto3 client of one service and region, as far as a sweep uses it."""

    def __init__(self, aws: FakeAws, service: str, region: str) -> None:
        self._aws = aws
        self._region = region

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation == "get_resources":
            return self._get_resources
        known = operation in _LISTS or operation in _BY_CALL
        if not known or operation in self._aws.missing:
            raise AttributeError(f"this boto3 has no {operation}")
        return lambda **request: self._aws.change(operation, self._region, request)

    def can_paginate(self, operation: str) -> bool:
        return True

    def _get_resources(self, *, ResourceARNList: list[str]) -> dict[str, Any]:  # noqa: N803
        self._aws.calls.append(("get_resources", self._region))
        self._aws.maybe_refuse("get_resources", self._region)
        return self._aws.tagged(self._region, lambda arn, _: arn in ResourceARNList)

    def get_paginator(self, operation: str) -> FakePaginator:
        return FakePaginator(self._aws, self._region, operation)


class FakePaginator:
    """Pages of one row each, so that who reads only the first page is found out."""

    def __init__(self, aws: FakeAws, region: str, operation: str) -> None:
        self._aws = aws
        self._region = region
        self._operation = operation

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        self._aws.calls.append((self._operation, self._region))
        if self._operation == "get_resources":
            (wanted,) = parameters["TagFilters"]
            self._aws.maybe_refuse("get_resources", self._region)
            yield self._aws.tagged(self._region, lambda _, tags: wanted["Key"] in tags)
            return
        kind = _listed(self._operation, parameters)
        for row in self._aws.list_rows(kind, self._region):
            yield {kind.list_key: [row]}
        self._aws.maybe_refuse(self._operation, self._region)


def _listed(operation: str, parameters: dict[str, Any]) -> Kind:
    """The kind that is listed by an operation with such parameters: two share ListTrainingJobs."""
    fitting = [
        (len({**kind.list_with, **variant}), position, kind)
        for position, kind in enumerate(KINDS)
        for variant in kind.variants
        if kind.list_op == operation and {**parameters, **kind.list_with, **variant} == parameters
    ]
    return max(fitting)[-1]

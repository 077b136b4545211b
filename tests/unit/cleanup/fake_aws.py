"""A small SageMaker in memory: lists, states that need time, refusals. Time is a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cleanup.kinds import KINDS, Kind

_BY_LIST = {kind.list_op: kind for kind in KINDS}
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
    things: dict[str, list[Thing]] = field(default_factory=dict)
    tags: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)  # (operation, name)
    # Operation -> what happens instead; the answer None lets the operation go through.
    instead: dict[str, Callable[[str], Exception | None]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)  # operations that this boto3 lacks

    def add(self, kind: Kind, name: str, status: str = "", **row: Any) -> Thing:
        """Add a resource to us-east-1, or to the region given as `region`."""
        region = row.pop("region", "us-east-1")
        ids = {kind.id_fields[-1]: name, kind.name_field: name}
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
        thing.at = self.clock.time + (self.seconds if kind.status_field else 0)


class FakeClient:
    """A boto3 client of one service and region, as far as a sweep uses it."""

    def __init__(self, aws: FakeAws, service: str, region: str) -> None:
        self._aws = aws
        self._region = region

    def __getattr__(self, operation: str) -> Callable[..., None]:
        known = operation in _BY_LIST or operation in _BY_CALL or operation == "get_resources"
        if not known or operation in self._aws.missing:
            raise AttributeError(operation)
        return lambda **request: self._aws.change(operation, self._region, request)

    def get_paginator(self, operation: str) -> FakePaginator:
        return FakePaginator(self._aws, self._region, operation)


class FakePaginator:
    """Pages of one row each, so that who reads only the first page is found out."""

    def __init__(self, aws: FakeAws, region: str, operation: str) -> None:
        self._aws = aws
        self._region = region
        self._operation = operation

    def paginate(self, **_parameters: Any) -> Iterator[dict[str, Any]]:
        self._aws.calls.append((self._operation, self._region))
        if self._operation == "get_resources":
            yield self._tags()
            return
        kind = _BY_LIST[self._operation]
        for row in self._aws.list_rows(kind, self._region):
            yield {kind.list_key: [row]}
        self._aws.maybe_refuse(self._operation, self._region)

    def _tags(self) -> dict[str, Any]:
        self._aws.maybe_refuse("get_resources", self._region)
        tagged = self._aws.tags.get(self._region, {})
        return {
            "ResourceTagMappingList": [
                {"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
                for arn, tags in tagged.items()
            ]
        }

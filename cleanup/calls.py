"""Every call a sweep makes goes through here: paced, counted, and its failures as data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from cleanup.pace import Pace
from workshop.aws import Clients, error_code, error_message

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 10
# Every list is another operation, and AWS throttles by operation.
_READERS_PER_WORKER = 4
CALLS_PER_SECOND = 200.0

# How the failure begins of an operation that this boto3 does not have.
NO_OPERATION = "this boto3 has no"
# What a call that cannot succeed may raise; an operation that Lambda's older boto3 lacks is an
# AttributeError.
FAILURES = (ClientError, BotoCoreError, AttributeError)


@dataclass(slots=True)
class Statistics:
    """What a sweep cost in calls. `polls` are the rounds that looked at what was still moving;
    `kinds` how many listings one look at everything takes, all regions together."""

    kinds: int = 0
    reads: int = 0
    pages: int = 0
    polls: int = 0
    changes: int = 0
    change_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of all pages; `problem` says why there may be more, "" when these are all."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""


class Caller:
    """Makes calls for one sweep, at most `workers` changes at a time and four times as many reads.

    Safe to use from many threads.
    """

    def __init__(
        self,
        clients: Clients,
        *,
        workers: int = WORKERS,
        calls_per_second: float = CALLS_PER_SECOND,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.statistics = Statistics()
        self._clients = clients
        self._pace = Pace(calls_per_second, now, sleep)
        self._workers = workers
        self._lock = Lock()

    def pool(self) -> ThreadPoolExecutor:
        """Threads for changes."""
        return ThreadPoolExecutor(max_workers=self._workers)

    def together(self, read: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do the same read for all items side by side; results in the items' order."""
        with ThreadPoolExecutor(max_workers=self._workers * _READERS_PER_WORKER) as pool:
            return list(pool.map(read, items))

    def change(
        self, service: str, region: str, operation: str, parameters: Mapping[str, Any]
    ) -> Any:
        """Make a call that changes something. Raises what is in FAILURES."""
        return self._call(service, region, operation, parameters, changes=1)

    def read(self, service: str, region: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Make a call that reads one thing. Raises what is in FAILURES."""
        return self._call(service, region, operation, parameters, reads=1)

    def read_all(
        self,
        service: str,
        region: str,
        operation: str,
        key: str,
        parameters: Mapping[str, Any],
        *,
        page_size: int = 0,
    ) -> Listing:
        """All rows of all pages; where a page fails, those before it and the reason."""
        rows: list[dict[str, Any]] = []
        try:
            for page in self._pages(service, region, operation, parameters, page_size):
                rows += page.get(key, [])
        except FAILURES as error:
            return Listing(rows, failure(error))
        return Listing(rows)

    def _pages(
        self,
        service: str,
        region: str,
        operation: str,
        parameters: Mapping[str, Any],
        page_size: int,
    ) -> Iterator[dict[str, Any]]:
        client = self._clients(service, region)
        # hasattr first: can_paginate raises a KeyError for what this boto3 does not know.
        if not hasattr(client, operation):
            raise AttributeError(f"{NO_OPERATION} {operation}")
        if client.can_paginate(operation):
            config = {"PageSize": page_size} if page_size else {}
            pages = client.get_paginator(operation).paginate(**parameters, PaginationConfig=config)
            iterator = iter(pages)
        else:
            iterator = self._follow_tokens(getattr(client, operation), parameters, page_size)
        while True:
            self._pace.wait()
            page = next(iterator, None)
            if page is None:
                return
            self._count(reads=1, pages=1)
            yield page

    def _follow_tokens(
        self, call: Callable[..., dict[str, Any]], parameters: Mapping[str, Any], page_size: int
    ) -> Iterator[dict[str, Any]]:
        """Pages of an operation for which botocore has no paginator (ListHubs and its kin)."""
        given = {**parameters, **({"MaxResults": page_size} if page_size else {})}
        while True:
            page = call(**given)
            yield page
            if not page.get("NextToken"):
                return
            given["NextToken"] = page["NextToken"]

    def _call(
        self,
        service: str,
        region: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        reads: int = 0,
        changes: int = 0,
    ) -> Any:
        method = getattr(self._clients(service, region), operation)
        self._pace.wait()
        self._count(reads=reads, changes=changes)
        return method(**parameters)

    def _count(self, *, reads: int = 0, pages: int = 0, changes: int = 0) -> None:
        with self._lock:
            self.statistics.reads += reads
            self.statistics.pages += pages
            self.statistics.changes += changes


def failure(error: Exception) -> str:
    """Why a call failed, in one line: the code and AWS's message."""
    code = error_code(error)
    return f"{code}: {error_message(error)}" if code else error_message(error)

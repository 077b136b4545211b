"""What a sweep remembers of each resource while it runs: since when, refused why, come back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from cleanup.execute import Outcome
from cleanup.kind import Kind
from cleanup.resources import Key, Resource, Scan
from cleanup.steps import Call

# App deletion has been seen to take 20 minutes (cloudformation-coverage-roadmap#1754).
DEFAULT_PATIENCE_SECONDS = 1800.0
# What is refused so often, while nothing else moves any more, will be refused again.
_MOST_REFUSALS = 15
_PAUSE_FIRST, _PAUSE_MOST = 0.25, 60.0
# A Studio Canvas app came back four times while its session was open
# (aws/amazon-sagemaker-feedback#235).
_MOST_RETURNS = 3


class Trail:
    """The memory of one sweep, kept only while it runs.

    `aside` are resources that were given up, with the reason; `returned` those that came back
    after deletion, each with how often. `deadline_seconds` is how long one may take to move;
    None leaves it to its kind.
    """

    def __init__(self, deadline_seconds: float | None = None) -> None:
        self.aside: dict[Key, str] = {}
        self.returned: dict[Key, tuple[Resource, int]] = {}
        self._deadline = deadline_seconds
        # Since when a resource that may move is in its status: what is blocked does not age.
        self._since: dict[Key, tuple[str, float]] = {}
        self._refusals: dict[Key, tuple[str, int]] = {}
        self._called: dict[Key, tuple[str, int]] = {}
        self._not_before: dict[Key, float] = {}
        # What was deleted, when it was made, and whether a look has missed it since.
        self._deleted: dict[Key, tuple[datetime | None, bool]] = {}

    def due(self, call: Call, now: float) -> bool:
        """Whether a call may be made: before the same one again there is a growing pause."""
        key = call.resource.key
        operation, _ = self._called.get(key, (call.operation, 0))
        return operation != call.operation or self._not_before.get(key, now) <= now

    def is_news(self, outcome: Outcome) -> bool:
        """Whether this is not the reason that was heard the last time."""
        return self._refusals.get(outcome.call.resource.key, ("", 0))[0] != outcome.detail

    def note(self, outcome: Outcome, now: float) -> None:
        """Remember what became of a call."""
        resource = outcome.call.resource
        key = resource.key
        if outcome.result in ("accepted", "gone"):
            self._refusals.pop(key, None)
            # A list may still show for a while what has been called: once is mostly enough.
            operation, times = self._called.get(key, ("", 0))
            times = times + 1 if operation == outcome.call.operation else 1
            self._called[key] = (outcome.call.operation, times)
            self._not_before[key] = now + min(_PAUSE_FIRST * 2**times, _PAUSE_MOST)
            if outcome.call.verb == "delete":
                self._deleted[key] = (resource.created, False)
        elif outcome.result == "refused":
            self.aside[key] = outcome.detail
        else:
            # What is not ours any more is left out by the next look, if it says so too.
            times = self._refusals.get(key, ("", 0))[1] + 1
            self._refusals[key] = (outcome.detail, times)
            self._called[key] = (outcome.call.operation, 0)
            self._not_before[key] = now + min(_PAUSE_FIRST * 2**times, _PAUSE_MOST)

    def see(self, found: Scan, kinds: Collection[Kind]) -> list[tuple[Resource, int]]:
        """Compare a look with what was deleted; returns what has come back, and how often."""
        present = {resource.key: resource for resource in found.resources}
        seen = {kind.name for kind in kinds}
        unseen = {(hole.region, hole.kind) for hole in found.blind}
        back: list[tuple[Resource, int]] = []
        for key, (created, missed) in list(self._deleted.items()):
            region, kind, _ = key
            if kind not in seen or (region, kind) in unseen:
                continue
            resource = present.get(key)
            if resource is None:
                self._deleted[key] = (created, True)
                self._since.pop(key, None)
            elif missed or (resource.created and created and resource.created > created):
                back.append((resource, self._count_return(resource)))
        return back

    def overdue(
        self, pending: Iterable[Resource], now: float, going_on: bool
    ) -> list[tuple[Resource, str]]:
        """Set aside what has been pending for too long; returns what and why.

        `pending` is what is waited for or was just called; `going_on` whether anything else
        still moves: while it does, a refusal may pass.
        """
        given_up: list[tuple[Resource, str]] = []
        for resource in pending:
            key = resource.key
            if key in self.aside:
                continue
            status, since = self._since.get(key, (resource.status, now))
            since = since if status == resource.status else now
            self._since[key] = (resource.status, since)
            reason, times = self._refusals.get(key, ("", 0))
            if now - since > self._patience(resource):
                reason = reason or f"still {resource.status or 'there'} after {now - since:.0f} s"
            elif going_on or times < _MOST_REFUSALS:
                continue
            self.aside[key] = reason
            given_up.append((resource, reason))
        return given_up

    def give_up(self, resources: Iterable[Resource], reason: str) -> None:
        """Set aside what has not been given up yet."""
        for resource in resources:
            self.aside.setdefault(resource.key, reason)

    def _patience(self, resource: Resource) -> float:
        if self._deadline is not None:
            return self._deadline
        return resource.row.patience_seconds or DEFAULT_PATIENCE_SECONDS

    def _count_return(self, resource: Resource) -> int:
        key = resource.key
        times = self.returned.get(key, (resource, 0))[1] + 1
        self.returned[key] = (resource, times)
        del self._deleted[key]
        if times >= _MOST_RETURNS:
            self.aside[key] = (
                f"came back {times} times after it was deleted: something makes it anew "
                "(a Canvas session ends when its user logs out)"
            )
        return times

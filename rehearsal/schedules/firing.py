"""Fires schedules on the clock. moto keeps them; nothing here blocks."""

from __future__ import annotations

import json
import logging
import math
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.scheduler.models import EventBridgeSchedulerBackend, scheduler_backends

from rehearsal.account import ACCOUNT
from rehearsal.clock import Clock
from rehearsal.errors import ApiError
from rehearsal.functions.background import Enqueue
from rehearsal.schedules.expressions import At, Cron, Expression, Rate, iso, parse

_log = logging.getLogger(__name__)

# A stepped clock may jump over many times that are due: at most so many of one schedule fire
# in one tick (a day of minutes), the latest ones.
_MOST_AT_ONCE = 1440
# Between two attempts of a delivery that was refused; AWS says "exponential backoff" only.
_BACKOFF_SECONDS = 60.0


@dataclass(slots=True)
class _Watched:
    """A schedule as it was when its times were reckoned; `due` None: no more times."""

    signature: tuple[Any, ...]
    expression: Expression
    step: float  # a rate's, in seconds of the clock
    end: float
    due: float | None


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One time of a schedule that is to reach its target."""

    region: str
    arn: str
    target: dict[str, Any]
    scheduled: float
    at: float
    attempt: int = 1


class Schedules:
    """Fires what is due at every tick.

    `enqueue` invokes a function in the background. A flexible time window is taken at its
    start.
    """

    def __init__(self, clock: Clock, enqueue: Enqueue) -> None:
        self._clock = clock
        self._enqueue = enqueue
        self._watched: dict[str, _Watched] = {}
        self._again: list[_Delivery] = []
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Fire every schedule for each of its times that has come, in order."""
        with self._lock:
            self._tick()

    def _tick(self) -> None:
        now = self._clock.now()
        again, self._again = self._again, []
        for delivery in again:
            if delivery.at <= now:
                self._deliver(delivery)
            else:
                self._again.append(delivery)
        seen = set()
        for region, backend, schedule in _all():
            seen.add(schedule.arn)
            watched = self._watch(schedule, now)
            if watched is not None:
                self._fire_due(region, backend, schedule, watched, now)
        for arn in self._watched.keys() - seen:
            del self._watched[arn]

    def _watch(self, schedule: Any, now: float) -> _Watched | None:
        """What is known of a schedule, reckoned anew when its times were changed."""
        if schedule.state == "DISABLED":
            self._watched.pop(schedule.arn, None)
            return None
        signature = (
            id(schedule),
            schedule.schedule_expression,
            schedule.schedule_expression_timezone,
            schedule.start_date,
            schedule.end_date,
        )
        watched = self._watched.get(schedule.arn)
        if watched is None or watched.signature != signature:
            watched = self._reckon(schedule, signature, now)
            self._watched[schedule.arn] = watched
        return watched

    def _reckon(self, schedule: Any, signature: tuple[Any, ...], now: float) -> _Watched:
        expression = parse(schedule.schedule_expression, schedule.schedule_expression_timezone)
        rate = isinstance(expression, Rate)
        step = self._clock.after(expression.seconds) - now if isinstance(expression, Rate) else 0.0
        start = float(schedule.start_date) if schedule.start_date else None
        end = float(schedule.end_date) if schedule.end_date else math.inf
        watched = _Watched(signature, expression, step, end, due=None)
        if isinstance(expression, At):
            # "EventBridge Scheduler ignores StartDate for one-time schedules" (and EndDate).
            watched.end = math.inf
            watched.due = expression.time if expression.time >= math.floor(now) else None
        elif rate and start is not None and start < now:
            watched.due = start + math.ceil((now - start) / step) * step
        elif rate:
            # "If you do not provide a StartDate for a rate-based schedule, your schedule
            # starts invoking the target immediately" (user guide, "Schedule types").
            watched.due = now if start is None else start
        elif isinstance(expression, Cron):
            first = now if start is None or start < now else math.nextafter(start, 0)
            watched.due = expression.after(first)
        if watched.due is not None and watched.due > watched.end:
            watched.due = None
        return watched

    def _fire_due(
        self,
        region: str,
        backend: EventBridgeSchedulerBackend,
        schedule: Any,
        watched: _Watched,
        now: float,
    ) -> None:
        times = []
        while watched.due is not None and watched.due <= now:
            times.append(watched.due)
            watched.due = _next(watched)
        if len(times) > _MOST_AT_ONCE:
            skipped = len(times) - _MOST_AT_ONCE
            _log.warning("%s: %d times were skipped", schedule.arn, skipped)
        for time in times[-_MOST_AT_ONCE:]:
            target = dict(schedule.target)
            self._deliver(_Delivery(region, schedule.arn, target, scheduled=time, at=time))
        over = watched.due is None and (bool(times) or watched.end < now)
        if over and schedule.action_after_completion == "DELETE":
            backend.delete_schedule(schedule.group_name, schedule.name)

    def _deliver(self, delivery: _Delivery) -> None:
        """Hand a time to its target; what is refused is tried again as its policy says."""
        target = delivery.target
        region = target["Arn"].split(":")[3]
        try:
            self._enqueue(region, target["Arn"], _payload(delivery).encode())
        except ApiError as error:
            policy = target.get("RetryPolicy", {})
            wait = _BACKOFF_SECONDS * 2 ** min(delivery.attempt - 1, 6)
            at = self._clock.after(wait)
            age = int(policy.get("MaximumEventAgeInSeconds", 86400))
            attempts = int(policy.get("MaximumRetryAttempts", 185))
            given_up = self._clock.after(0) > delivery.scheduled + age
            if delivery.attempt > attempts or given_up:
                _log.warning("%s: given up: %s", delivery.arn, error.message)
                return
            self._again.append(
                _Delivery(
                    delivery.region,
                    delivery.arn,
                    target,
                    scheduled=delivery.scheduled,
                    at=at,
                    attempt=delivery.attempt + 1,
                )
            )


def _all() -> Iterator[tuple[str, EventBridgeSchedulerBackend, Any]]:
    # Copies: moto has no lock, and requests change it while we look.
    for region, backend in list(scheduler_backends[ACCOUNT].items()):
        for group in list(backend.schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                yield region, backend, schedule


def _next(watched: _Watched) -> float | None:
    assert watched.due is not None
    if isinstance(watched.expression, At):
        return None
    if isinstance(watched.expression, Rate):
        following: float | None = watched.due + watched.step
    else:
        following = watched.expression.after(watched.due)
    return None if following is None or following > watched.end else following


def _payload(delivery: _Delivery) -> str:
    """The target's input with its keywords replaced ("Adding context attributes", user guide).

    Without an input the function gets a "Scheduled Event" as EventBridge's rules send it.
    """
    execution = uuid.uuid4().hex[:16]
    text = delivery.target.get("Input")
    if not text:
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": iso(delivery.scheduled),
            "region": delivery.region,
            "resources": [delivery.arn],
            "detail": "{}",
        }
        return json.dumps(event)
    values = {
        "schedule-arn": delivery.arn,
        "scheduled-time": iso(delivery.scheduled),
        "execution-id": execution,
        "attempt-number": str(delivery.attempt),
    }
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)

"""Deletes a workshop's stacks: attendees' first, in parallel, then the shared ones.

Stacks are found by their tag, not by the configuration: an attendee who was taken out of
the YAML is destroyed like everybody else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy.engine import DEFAULT_PARALLEL, Event, Progress
from deploy.plan import read_regions
from deploy.state import StackState, failure_reason
from workshop.aws import Clients, error_message
from workshop.names import TAG_ATTENDEE, TAG_WORKSHOP

_POLL_FIRST, _POLL_MOST = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Destroyed:
    """How it ended for one stack."""

    stack: str
    region: str
    ok: bool
    reason: str = ""


def find_stacks(workshop: str, regions: set[str], clients: Clients) -> list[StackState]:
    """The workshop's stacks, attendees' before shared ones, each sorted by name."""
    found = [
        state
        for states in read_regions(regions, clients).values()
        for state in states.values()
        if state.tags.get(TAG_WORKSHOP) == workshop
    ]
    return sorted(found, key=lambda s: (TAG_ATTENDEE not in s.tags, s.region, s.name))


def destroy_stacks(
    stacks: list[StackState],
    clients: Clients,
    *,
    parallel: int = DEFAULT_PARALLEL,
    progress: Progress = lambda _event: None,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Destroyed]:
    """Delete stacks and wait; shared ones only where no attendee's stack of the region is left."""
    attendees = [s for s in stacks if TAG_ATTENDEE in s.tags]
    shared = [s for s in stacks if TAG_ATTENDEE not in s.tags]
    options: dict[str, Any] = {
        "parallel": parallel,
        "progress": progress,
        "now": now,
        "sleep": sleep,
    }
    results = _delete_all(attendees, clients, **options)
    failed = {result.region for result in results if not result.ok}
    results += _delete_all([s for s in shared if s.region not in failed], clients, **options)
    results += [
        Destroyed(s.name, s.region, False, "kept: stacks that need it could not be deleted")
        for s in shared
        if s.region in failed
    ]
    return results


def _delete_all(
    stacks: list[StackState],
    clients: Clients,
    *,
    parallel: int,
    progress: Progress,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> list[Destroyed]:
    waiting = list(stacks)
    running: dict[tuple[str, str], float] = {}
    busy: set[tuple[str, str]] = set()  # of these, an earlier operation has yet to end
    results: list[Destroyed] = []
    delay = _POLL_FIRST

    def ask(state: StackState) -> str:
        return _ask(state, clients)

    def finish(region: str, name: str, reason: str) -> None:
        results.append(Destroyed(name, region, not reason, reason))
        seconds = now() - running.pop((region, name))
        status = "failed" if reason else "destroyed"
        progress(Event(name, region, status, seconds, True, reason))

    with ThreadPoolExecutor(max_workers=10) as pool:
        while waiting or running:
            free = parallel - len(running)
            batch, waiting = waiting[:free], waiting[free:]
            running |= {(state.region, state.name): now() for state in batch}
            busy |= {(s.region, s.name) for s in batch if _refuses_deletion(s)}
            asked = [s for s in batch if not _refuses_deletion(s)]
            for state, refused in zip(asked, pool.map(ask, asked), strict=True):
                if refused:
                    finish(state.region, state.name, refused)
            if not running:
                continue
            sleep(delay)
            delay = min(delay * 1.3, _POLL_MOST)
            states = read_regions({region for region, _ in running}, clients)
            for region, name in list(running):
                state_now = states[region].get(name)
                if state_now is not None and state_now.moving:
                    continue
                delay = _POLL_FIRST
                if state_now is None:
                    finish(region, name, "")
                elif (region, name) in busy:
                    # The earlier operation has ended: now it can be asked for.
                    busy.remove((region, name))
                    del running[region, name]
                    waiting.append(state_now)
                else:
                    finish(region, name, _why(state_now, clients))
    return sorted(results, key=lambda r: (r.region, r.stack))


def _refuses_deletion(state: StackState) -> bool:
    """Whether an operation is under way that DeleteStack does not interrupt.

    "cannot be deleted while in status UPDATE_IN_PROGRESS" (copilot-cli#1180), and alike for
    UPDATE_COMPLETE_CLEANUP_IN_PROGRESS (aws-amplify/amplify-backend#2366). A creation may be
    interrupted, and a deletion asked for twice.
    """
    return state.moving and state.status not in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


def _ask(state: StackState, clients: Clients) -> str:
    """Ask for one deletion; returns why that was refused, or ""."""
    try:
        clients("cloudformation", state.region).delete_stack(StackName=state.name)
    except (ClientError, BotoCoreError) as error:
        return error_message(error)
    return ""


def _why(state: StackState, clients: Clients) -> str:
    # Where another stack uses an export, a stack goes from DELETE_IN_PROGRESS back to what
    # it was (boto/botocore#2590): any settled status means that it stays.
    try:
        reason = failure_reason(clients("cloudformation", state.region), state.name)
    except (ClientError, BotoCoreError) as error:
        reason = error_message(error)
    return f"{state.status}: {reason}"

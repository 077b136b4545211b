"""Deletes a workshop's stacks: attendees' first, in parallel, then the shared ones.

Stacks are found by their tag, not by the configuration: an attendee who was taken out of
the YAML is destroyed like everybody else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from deploy.engine import DEFAULT_PARALLEL, Event, Key, Progress
from deploy.look import Looker, Refusal, raise_if_stale
from deploy.plan import read_regions
from deploy.reasons import explain
from deploy.state import StackState, failure_reason
from workshop.aws import Clients, error_message
from workshop.names import TAG_ATTENDEE, TAG_WORKSHOP

_POLL_FIRST, _POLL_MOST = 0.5, 10.0
# A stack's own sweep may take CloudFormation's hour for a custom resource.
LIMIT_SECONDS = 75 * 60.0


@dataclass(frozen=True, slots=True)
class Destroyed:
    """How it ended for one stack: gone, or why not, for people (`reason`) and in AWS's own
    words (`cause`)."""

    stack: str
    region: str
    ok: bool
    reason: str = ""
    cause: str = ""

    @property
    def key(self) -> Key:
        """What identifies the stack."""
        return self.region, self.stack


# Told which stacks could not be deleted; does what it can about that, and returns those that
# are worth another try, each with the logical ids of resources to leave out of the deletion.
Mend = Callable[[list[Destroyed]], Mapping[Key, tuple[str, ...]]]


def mend_nothing(_failed: list[Destroyed]) -> Mapping[Key, tuple[str, ...]]:
    """What could not be deleted once is not tried again."""
    return {}


def find_stacks(workshop: str, regions: set[str], clients: Clients) -> list[StackState]:
    """The workshop's stacks, attendees' before shared ones, each sorted by name."""
    found = [
        state
        for states in read_regions(regions, clients).values()
        for state in states.values()
        if state.tags.get(TAG_WORKSHOP) == workshop
    ]
    return sorted(found, key=lambda s: (TAG_ATTENDEE not in s.tags, s.region, s.name))


class Destruction:
    """Deletes stacks and waits for their end.

    `parallel` bounds the deletions that are open at once; `limit_seconds` is how long they may
    take together, after which what is not gone is said to be unfinished. `mend` gets one
    chance to do something about what failed. `now` and `sleep` are passed in.
    """

    def __init__(
        self,
        clients: Clients,
        *,
        parallel: int = DEFAULT_PARALLEL,
        limit_seconds: float = LIMIT_SECONDS,
        mend: Mend = mend_nothing,
        progress: Progress = lambda _event: None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clients = clients
        self._parallel = parallel
        self._limit = limit_seconds
        self._mend = mend
        self._progress = progress
        self._now = now
        self._sleep = sleep

    def run(
        self, stacks: list[StackState], before_shared: Callable[[str], None] = lambda _region: None
    ) -> list[Destroyed]:
        """Delete attendees' stacks, then the shared ones where no attendee's is left.

        `before_shared` is told every region of the stacks whose attendees' are gone.
        """
        results = self.delete([s for s in stacks if TAG_ATTENDEE in s.tags])
        kept = {result.region for result in results if not result.ok}
        for region in sorted({s.region for s in stacks} - kept):
            before_shared(region)
        shared = [s for s in stacks if TAG_ATTENDEE not in s.tags]
        results += self.delete([s for s in shared if s.region not in kept])
        return results + [
            Destroyed(s.name, s.region, False, "kept: stacks that need it could not be deleted")
            for s in shared
            if s.region in kept
        ]

    def delete(self, stacks: list[StackState]) -> list[Destroyed]:
        """Delete stacks side by side, those that failed once more where that was mended."""
        first = _Round(self, stacks, {}).run()
        failed = [result for result in first if not result.ok]
        again = self._mend(failed) if failed else {}
        by_key = {(s.region, s.name): s for s in stacks}
        second = _Round(self, [by_key[key] for key in again], again).run()
        for result in (*(r for r in failed if r.key not in again), *second):
            if not result.ok:
                self._tell(result, 0.0)
        ended = {result.key: result for result in (*first, *second)}
        return [ended[key] for key in sorted(ended)]

    def _tell(self, result: Destroyed, seconds: float) -> None:
        status = "destroyed" if result.ok else "failed"
        event = Event(
            result.stack, result.region, status, seconds, True, result.reason, result.cause
        )
        self._progress(event)


class _Round:
    """One try at some stacks. Successes are told at once; failures may yet be mended."""

    def __init__(
        self, of: Destruction, stacks: list[StackState], leave: Mapping[Key, tuple[str, ...]]
    ) -> None:
        self._of = of
        self._clients = of._clients
        self._looker = Looker(of._clients, of._now)
        self._leave = leave
        self._waiting = list(stacks)
        self._running: dict[Key, float] = {}
        # Of these, an earlier operation has yet to end.
        self._busy: set[Key] = set()
        self._results: list[Destroyed] = []

    def run(self) -> list[Destroyed]:
        if not self._waiting:
            return []
        started = self._of._now()
        delay = _POLL_FIRST
        with ThreadPoolExecutor(max_workers=10) as pool:
            while self._waiting or self._running:
                self._start_what_can(pool)
                if not self._running:
                    continue
                if self._of._now() - started > self._of._limit:
                    self._give_up()
                    break
                self._of._sleep(delay)
                delay = _POLL_FIRST if self._look() else min(delay * 1.3, _POLL_MOST)
        return self._results

    def _start_what_can(self, pool: ThreadPoolExecutor) -> None:
        free = self._of._parallel - len(self._running)
        batch, self._waiting = self._waiting[:free], self._waiting[free:]
        self._running |= {(s.region, s.name): self._of._now() for s in batch}
        self._busy |= {(s.region, s.name) for s in batch if _refuses_deletion(s)}
        asked = [s for s in batch if not _refuses_deletion(s)]
        for state, refused in zip(asked, pool.map(self._ask, asked), strict=True):
            if refused:
                self._finish((state.region, state.name), explain(refused), refused)

    def _ask(self, state: StackState) -> str:
        """Ask for one deletion; returns why that was refused, or ""."""
        cloudformation = self._clients("cloudformation", state.region)
        left_out = self._leave.get((state.region, state.name), ())
        try:
            if left_out:
                # Taken of stacks in DELETE_FAILED alone (API reference, DeleteStack).
                cloudformation.delete_stack(StackName=state.name, RetainResources=list(left_out))
            else:
                cloudformation.delete_stack(StackName=state.name)
        except (ClientError, BotoCoreError) as error:
            raise_if_stale(error)
            return error_message(error)
        return ""

    def _look(self) -> bool:
        """Look at all running deletions, one listing per region; whether something ended."""
        regions = sorted({region for region, _ in self._running})
        states = {region: self._list(region) for region in regions}
        ended = False
        for key in list(self._running):
            seen = states[key[0]]
            if seen is None:
                continue
            state = seen.get(key[1])
            if state is not None and state.moving:
                continue
            ended = True
            if state is None:
                self._finish(key, "")
            elif key in self._busy:
                # The earlier operation has ended: now it can be asked for.
                self._busy.remove(key)
                del self._running[key]
                self._waiting.append(state)
            else:
                cause = _why(state, self._clients)
                self._finish(key, f"{state.status}: {explain(cause)}", cause)
        return ended

    def _list(self, region: str) -> dict[str, StackState] | None:
        """A region's stacks. Where they cannot be listed any more, none of its deletions is
        waited for, and the other regions' are."""
        try:
            return self._looker.stacks(region)
        except Refusal as error:
            raise_if_stale(error)
            for key in [key for key in self._running if key[0] == region]:
                cause = error_message(error)
                self._finish(key, f"stacks in {region} could not be listed: {cause}", cause)
            return None

    def _give_up(self) -> None:
        minutes = self._of._limit / 60
        for key in list(self._running):
            self._finish(key, f"not deleted after {minutes:.0f} minutes; it may yet end by itself")
        for state in self._waiting:
            reason = f"not begun: others took {minutes:.0f} minutes"
            self._results.append(Destroyed(state.name, state.region, False, reason))

    def _finish(self, key: Key, reason: str, cause: str = "") -> None:
        region, name = key
        seconds = self._of._now() - self._running.pop(key)
        result = Destroyed(name, region, not reason, reason, cause)
        self._results.append(result)
        if result.ok:
            self._of._tell(result, seconds)


def _refuses_deletion(state: StackState) -> bool:
    """Whether an operation is under way that DeleteStack does not interrupt.

    "cannot be deleted while in status UPDATE_IN_PROGRESS" (copilot-cli#1180), and alike for
    UPDATE_COMPLETE_CLEANUP_IN_PROGRESS (aws-amplify/amplify-backend#2366). A creation may be
    interrupted, and a deletion asked for twice.
    """
    return state.moving and state.status not in ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


def _why(state: StackState, clients: Clients) -> str:
    # Where another stack uses an export, a stack goes from DELETE_IN_PROGRESS back to what
    # it was (boto/botocore#2590): any settled status means that it stays.
    try:
        return failure_reason(clients("cloudformation", state.region), state.name)
    except (ClientError, BotoCoreError) as error:
        return error_message(error)

"""Executes a deployment plan: shared stacks first, attendees in parallel, one poll for all.

The engine keeps no state of its own. Killed at any moment, the next run plans again from
what CloudFormation says and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from deploy.assembly import StackArtifact
from deploy.changes import begin
from deploy.look import Looker, Refusal, raise_if_stale
from deploy.plan import Action, Step, judge
from deploy.reasons import Codes, explain
from deploy.state import COMPLETE, StackState, failure_reason
from workshop.aws import Clients, error_message

# CloudFormation throttles beyond about 35 stacks at once (aws/aws-cdk#5637).
DEFAULT_PARALLEL = 20
_POLL_FIRST, _POLL_MOST = 0.5, 10.0
# What may come again after it was waited for: nothing that a run of ours does twice.
_ONCE = frozenset({Action.RECREATE, Action.ROLL_BACK})


@dataclass(frozen=True, slots=True)
class Event:
    """Progress: a stack's new state. `done` when nothing more will happen to it; `cause` is the
    reason in AWS's own words."""

    stack: str
    region: str
    status: str
    seconds: float
    done: bool = False
    reason: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended for one stack: ok, and what was done or why not, for people (`reason`) and in
    AWS's own words (`cause`)."""

    stack: str
    region: str
    ok: bool
    action: Action
    reason: str = ""
    seconds: float = 0.0
    cause: str = ""


Progress = Callable[[Event], None]
Key = tuple[str, str]  # region, stack name


class Deployment:
    """One run over a plan.

    `parallel` bounds the operations that are open at once. `quota_codes` names quotas whose
    codes reasons are to tell. `now` and `sleep` are passed in.
    """

    def __init__(
        self,
        steps: list[Step],
        clients: Clients,
        *,
        parallel: int = DEFAULT_PARALLEL,
        progress: Progress = lambda _event: None,
        quota_codes: Codes | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clients = clients
        self._parallel = parallel
        self._progress = progress
        self._codes = quota_codes or {}
        self._now = now
        self._sleep = sleep
        self._looker = Looker(clients, now)
        self._steps = {_key(s.artifact): s for s in steps}
        self._waiting = dict(self._steps)
        self._asked: dict[Key, Future[Action | None]] = {}
        self._running: dict[Key, Action] = {}
        self._since: dict[Key, float] = {}
        self._done_once: set[tuple[Key, Action]] = set()
        self._seen: dict[Key, str] = {}
        self._results: dict[Key, Result] = {}

    @property
    def under_way(self) -> list[str]:
        """The stacks with an operation that CloudFormation ends without us."""
        return sorted(name for _, name in {**self._running, **self._asked})

    def run(self) -> list[Result]:
        """Execute the plan; return a result per stack, in the plan's order.

        Raises ClientError when the credentials have expired.
        """
        delay = _POLL_FIRST
        pool = ThreadPoolExecutor(max_workers=self._parallel)
        try:
            while self._waiting or self._asked or self._running:
                busy = self._start_what_can(pool)
                if not self._asked and not self._running:
                    continue
                delay = _POLL_FIRST if busy else min(delay * 1.3, _POLL_MOST)
                looked = self._now()
                # Most answers come at once; one that is throttled keeps nobody waiting.
                wait(self._asked.values(), timeout=delay)
                freed = self._collect()
                if self._asked or self._running:
                    self._sleep(max(0.0, delay - (self._now() - looked)))
                    freed |= self._poll()
                if freed:
                    delay = _POLL_FIRST
        finally:
            # An interrupted run asks for nothing more, and says so before its last answers come.
            pool.shutdown(wait=False, cancel_futures=True)
        return [self._results[key] for key in self._steps]

    # -- starting -------------------------------------------------------------------

    def _start_what_can(self, pool: ThreadPoolExecutor) -> bool:
        """Ask for as many operations as are free; True when some are not answered yet."""
        for key, step in list(self._waiting.items()):
            failed = "" if step.action == Action.KEEP else self._failed_need(step.artifact)
            if step.action == Action.REFUSE:
                failed = step.reason
            if failed:
                self._finish(step, False, failed)
            elif self._free() and self._needs_met(step):
                del self._waiting[key]
                if step.action == Action.KEEP:
                    self._finish(step, True)
                    continue
                self._since.setdefault(key, self._now())
                self._asked[key] = pool.submit(begin, step, self._clients)
        return bool(self._asked)

    def _free(self) -> bool:
        return len(self._running) + len(self._asked) < self._parallel

    def _failed_need(self, artifact: StackArtifact) -> str:
        for name in artifact.needs:
            key = (artifact.region, name)
            result = self._results.get(key)
            if result is None or result.ok:
                continue
            needed = self._steps[key]
            if needed.action == Action.REFUSE and needed.allows(artifact):
                continue
            return f"not attempted: {name} failed"
        return ""

    def _needs_met(self, step: Step) -> bool:
        region = step.artifact.region
        return all(
            (region, name) in self._results or (region, name) not in self._steps
            for name in step.artifact.needs
        )

    def _collect(self) -> bool:
        """Take in the answers that have come; True when a place has become free."""
        freed = False
        for key, future in list(self._asked.items()):
            if not future.done():
                continue
            del self._asked[key]
            step = self._steps[key]
            try:
                begun = future.result()
            except Refusal as error:
                raise_if_stale(error)
                self._fail(step, error_message(error))
                freed = True
                continue
            if begun is None:
                self._finish(step, True, action=Action.KEEP)
                freed = True
            else:
                self._running[key] = begun
        return freed

    # -- waiting --------------------------------------------------------------------

    def _poll(self) -> bool:
        """Look at all running stacks, one listing per region; True when something ended."""
        ended = False
        for region in sorted({region for region, _ in self._running}):
            states = self._list(region)
            for key in [key for key in self._running if key[0] == region]:
                if states is None:
                    self._tell(key, "unknown")
                    continue
                state = states.get(key[1])
                self._tell(key, state.status if state else "DELETE_COMPLETE")
                if state is None or not state.moving:
                    ended = True
                    self._settle(key, state)
        return ended

    def _list(self, region: str) -> dict[str, StackState] | None:
        """A region's stacks. Where they cannot be listed any more, none of its operations is
        waited for, and the other regions' are."""
        try:
            return self._looker.stacks(region)
        except Refusal as error:
            raise_if_stale(error)
            for key in [key for key in self._running if key[0] == region]:
                del self._running[key]
                cause = error_message(error)
                reason = f"stacks in {region} could not be listed: {cause}; run it again"
                self._finish(self._steps[key], False, reason, cause)
            return None

    def _tell(self, key: Key, status: str) -> None:
        if self._seen.get(key) == status:
            return
        self._seen[key] = status
        self._progress(Event(key[1], key[0], status, self._now() - self._since[key]))

    def _settle(self, key: Key, state: StackState | None) -> None:
        step = self._steps[key]
        begun = self._running.pop(key)
        if begun == Action.WAIT or begun in _ONCE:
            self._look_again(step, begun, state)
        elif state is not None and state.status in COMPLETE:
            self._finish(step, True)
        else:
            self._fail(step, self._why(state, key[0]))

    def _look_again(self, step: Step, begun: Action, state: StackState | None) -> None:
        """What an earlier run left is settled: do what is to be done now."""
        key = _key(step.artifact)
        if begun in _ONCE:
            self._done_once.add((key, begun))
        try:
            again = judge(step.artifact, state, self._clients)
        except Refusal as error:
            raise_if_stale(error)
            self._fail(step, error_message(error))
            return
        if (key, again.action) in self._done_once:
            cause = self._why(state, key[0])
            status = state.status if state else "DELETE_COMPLETE"
            reason = f"it stays in {status}: {explain(cause, self._codes)}"
            self._finish(step, False, reason, cause)
            return
        self._steps[key] = again
        self._waiting[key] = again

    def _why(self, state: StackState | None, region: str) -> str:
        if state is None:
            return "the stack disappeared: somebody deleted it"
        try:
            return failure_reason(self._clients("cloudformation", region), state.name)
        except Refusal as error:
            return f"{state.status}: {state.reason or error_message(error)}"

    # -- ending ---------------------------------------------------------------------

    def _fail(self, step: Step, cause: str) -> None:
        self._finish(step, False, explain(cause, self._codes), cause)

    def _finish(
        self, step: Step, ok: bool, reason: str = "", cause: str = "", action: Action | None = None
    ) -> None:
        key = _key(step.artifact)
        self._waiting.pop(key, None)
        seconds = self._now() - self._since.get(key, self._now())
        action = action or step.action
        region, name = key
        self._results[key] = Result(name, region, ok, action, reason, seconds, cause)
        status = "failed" if not ok else "up to date" if action == Action.KEEP else "done"
        self._progress(Event(name, region, status, seconds, True, reason, cause))


def _key(artifact: StackArtifact) -> Key:
    return artifact.region, artifact.name

"""The engine: scan, decide, call, look again, until nothing is left to do.

Waiting is one list per kind and poll, never a describe per resource. What does not move
within its deadline is set aside as stuck while everything else goes on. There is no state
but AWS's: a sweep that was killed is simply run again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from cleanup.kinds import KINDS, Kind
from cleanup.resources import Blind, Resource, Scan, Scope, Unattributed
from cleanup.scan import scan
from cleanup.steps import Call, Decision, decide
from workshop.aws import Clients, error_code, error_message

_WORKERS = 10
_POLL_FIRST, _POLL_MOST = 0.5, 15.0
# App deletion has been seen to take 20 minutes (cloudformation-coverage-roadmap#1754).
DEFAULT_DEADLINE_SECONDS = 1800.0

# "Gone" has several shapes: the older operations declare no NotFound error and answer with a
# ValidationException (botocore's model; terraform-provider-aws, internal/service/sagemaker).
_GONE_CODES = {"ResourceNotFound", "ResourceNotFoundException"}
_GONE_WORDS = re.compile(
    r"Could not find|RecordNotFound|does not exist|Cannot find|has already been deleted"
    r"|previously failed and was automatically deleted"
)
# Answers to try again after: somebody else's operation is still under way.
_LATER_CODES = {"ResourceInUse", "ConflictException", "ThrottlingException"}


@dataclass(frozen=True, slots=True)
class Failed:
    """A resource that stays, with the reason."""

    resource: Resource
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """A call that was made and accepted."""

    call: Call
    seconds: float


@dataclass(slots=True)
class SweepResult:
    """What a sweep did and what it left. `verified` only when every listing answered."""

    done: list[Done] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    kept: list[tuple[Resource, str]] = field(default_factory=list)
    unattributed: tuple[Unattributed, ...] = ()
    blind: tuple[Blind, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the last scan saw everything."""
        return not self.blind

    @property
    def clean(self) -> bool:
        """Whether everything that was to go is gone; unknown is never clean."""
        return self.verified and not self.failed


Progress = Callable[[Call | Resource, str], None]


class Sweep:
    """One sweep over a scope. `now` and `sleep` are passed in so that tests travel in time."""

    def __init__(
        self,
        scope: Scope,
        clients: Clients,
        *,
        keep_managed: bool = True,
        deadline_seconds: float = DEFAULT_DEADLINE_SECONDS,
        progress: Progress = lambda _what, _state: None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._scope = scope
        self._clients = clients
        self._keep_managed = keep_managed
        self._deadline = deadline_seconds
        self._progress = progress
        self._now = now
        self._sleep = sleep
        # When a resource that may move was first seen: what is blocked does not age.
        self._first_seen: dict[object, float] = {}
        self._gave_up: dict[object, Failed] = {}
        self._refused: dict[object, str] = {}

    def plan(self) -> tuple[Scan, Decision]:
        """What a sweep would begin with. Reads only."""
        return self._look(KINDS)

    def run(self) -> SweepResult:
        """Sweep until nothing is left to do, then look once more at everything.

        A refusal ends up in the result, never in an exception.
        """
        result = SweepResult()
        kinds: tuple[Kind, ...] = KINDS
        delay = _POLL_FIRST
        while True:
            found, decision = self._look(kinds)
            if decision.finished:
                if kinds is KINDS:
                    return self._ended(result, found, decision)
                kinds = KINDS  # the last look is at everything
                continue
            done = self._execute(decision.calls)
            result.done += done
            self._set_stuck_aside(decision)
            delay = _POLL_FIRST if done else min(delay * 1.5, _POLL_MOST)
            self._sleep(delay)
            kinds = _still_moving(decision)

    def _look(self, kinds: tuple[Kind, ...]) -> tuple[Scan, Decision]:
        found = scan(self._scope, self._clients, kinds)
        decision = decide(
            found.resources,
            keep_managed=self._keep_managed,
            blind=found.blind,
            stuck=self._gave_up.keys(),
        )
        return found, decision

    def _ended(self, result: SweepResult, found: Scan, decision: Decision) -> SweepResult:
        present = {resource.key for resource in found.resources}
        result.failed = [f for key, f in self._gave_up.items() if key in present]
        result.kept = [(r, why) for r, why in decision.kept if r.key not in self._gave_up]
        result.unattributed = found.unattributed
        result.blind = found.blind
        return result

    def _execute(self, calls: tuple[Call, ...]) -> list[Done]:
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            accepted = list(pool.map(self._make, calls))
        return [done for done in accepted if done is not None]

    def _make(self, call: Call) -> Done | None:
        started = self._now()
        client = self._clients(call.resource.row.service, call.resource.region)
        try:
            getattr(client, call.operation)(**call.parameters)
        # An operation that Lambda's older boto3 lacks is an AttributeError.
        except (ClientError, BotoCoreError, AttributeError) as error:
            self._note_refusal(call, error)
            return None
        self._progress(call, call.verb)
        return Done(call, self._now() - started)

    def _note_refusal(self, call: Call, error: Exception) -> None:
        code, message = error_code(error), error_message(error)
        if _is_gone(code, message):
            return
        reason = ": ".join(part for part in (call.operation, code, message) if part)
        self._refused[call.resource.key] = reason
        if code in _LATER_CODES or _is_about_state(message):
            return  # the next poll decides anew
        self._gave_up[call.resource.key] = Failed(call.resource, reason)
        self._progress(call, f"failed: {message}")

    def _set_stuck_aside(self, decision: Decision) -> None:
        now = self._now()
        for resource in (*decision.waiting, *(call.resource for call in decision.calls)):
            first = self._first_seen.setdefault(resource.key, now)
            if now - first <= self._deadline:
                continue
            reason = self._refused.get(
                resource.key, f"still {resource.status or 'there'} after {self._deadline:.0f} s"
            )
            self._gave_up[resource.key] = Failed(resource, f"stuck: {reason}")
            self._progress(resource, "stuck")


def _is_gone(code: str, message: str) -> bool:
    if code in _GONE_CODES:
        return True
    return code == "ValidationException" and _GONE_WORDS.search(message) is not None


def _is_about_state(message: str) -> bool:
    """Whether a ValidationException only says "not in this state" (an older kind's refusal)."""
    return bool(re.search(r"in-progress|in progress|Unable to transition|in status", message))


def _still_moving(decision: Decision) -> tuple[Kind, ...]:
    """The kinds to list at the next poll, in table order: what is left and what it waits for."""
    names = {name for r in decision.remaining for name in (r.kind, *r.row.after)}
    return tuple(kind for kind in KINDS if kind.name in names)

"""Executes a deployment plan: shared stacks first, attendees in parallel, one poll for all.

The engine keeps no state of its own. Killed at any moment, the next run plans again from
what CloudFormation says and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy.assembly import StackArtifact
from deploy.plan import Action, Step, decide, read_regions
from deploy.state import STABLE, StackState, failure_reason
from workshop.aws import Clients, error_message

# CloudFormation throttles beyond about 35 stacks at once (aws/aws-cdk#5637).
DEFAULT_PARALLEL = 20
_POLL_FIRST, _POLL_MOST = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """Progress: a stack's new state. `done` when nothing more will happen to it."""

    stack: str
    region: str
    status: str
    seconds: float
    done: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended for one stack: ok, and what was done or why not."""

    stack: str
    region: str
    ok: bool
    action: Action
    reason: str = ""
    seconds: float = 0.0


Progress = Callable[[Event], None]
Key = tuple[str, str]  # region, stack name


class Deployment:
    """One run over a plan.

    `parallel` bounds the operations that are open at once. `now` and `sleep` are passed in.
    """

    def __init__(
        self,
        steps: list[Step],
        clients: Clients,
        *,
        parallel: int = DEFAULT_PARALLEL,
        progress: Progress = lambda _event: None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clients = clients
        self._parallel = parallel
        self._progress = progress
        self._now = now
        self._sleep = sleep
        self._steps = {_key(s.artifact): s for s in steps}
        self._waiting = dict(self._steps)
        self._running: dict[Key, float] = {}
        self._begun: dict[Key, Action] = {}
        self._seen: dict[Key, str] = {}
        self._results: dict[Key, Result] = {}

    def run(self) -> list[Result]:
        """Execute the plan; return a result per stack, in the plan's order."""
        delay = _POLL_FIRST
        with ThreadPoolExecutor(max_workers=min(self._parallel, 10)) as pool:
            while self._waiting or self._running:
                started = self._start_what_can(pool)
                if not self._running:
                    continue
                delay = _POLL_FIRST if started else min(delay * 1.3, _POLL_MOST)
                self._sleep(delay)
                if self._poll(pool):
                    delay = _POLL_FIRST
        return [self._results[key] for key in self._steps]

    # -- starting -------------------------------------------------------------------

    def _start_what_can(self, pool: ThreadPoolExecutor) -> int:
        ready: list[Key] = []
        for key, step in list(self._waiting.items()):
            failed = "" if step.action == Action.KEEP else self._failed_need(step.artifact)
            if step.action == Action.REFUSE:
                failed = step.reason
            if failed:
                self._finish(step.artifact, Result(*_named(step), False, step.action, failed))
            elif len(self._running) + len(ready) < self._parallel and self._needs_met(step):
                ready.append(key)
        futures = [(key, pool.submit(self._begin, self._waiting.pop(key))) for key in ready]
        for key, future in futures:
            self._note_begun(key, future)
        return len(futures)

    def _failed_need(self, artifact: StackArtifact) -> str:
        for name in artifact.needs:
            result = self._results.get((artifact.region, name))
            if result is not None and not result.ok:
                return f"not attempted: {name} failed"
        return ""

    def _needs_met(self, step: Step) -> bool:
        region = step.artifact.region
        return all(
            (region, name) in self._results or (region, name) not in self._steps
            for name in step.artifact.needs
        )

    def _begin(self, step: Step) -> Action | None:
        """Call CloudFormation for one stack; None when there is nothing to wait for."""
        artifact = step.artifact
        cloudformation = self._clients("cloudformation", artifact.region)
        if step.action == Action.KEEP:
            return None
        if step.action == Action.WAIT:
            return Action.WAIT
        if step.action == Action.RECREATE:
            cloudformation.delete_stack(StackName=artifact.name)
            return Action.RECREATE
        request = self._request(artifact)
        if step.action == Action.CREATE:
            cloudformation.create_stack(
                **request, OnFailure="ROLLBACK", EnableTerminationProtection=artifact.protected
            )
            return Action.CREATE
        try:
            cloudformation.update_stack(**request)
        except (ClientError, BotoCoreError) as error:
            if "No updates are to be performed" in error_message(error):
                return None
            raise
        return Action.UPDATE

    def _request(self, artifact: StackArtifact) -> dict[str, Any]:
        asset = artifact.template_asset
        if artifact.inline or asset is None:
            template = {"TemplateBody": artifact.body()}
        else:
            url = f"https://{asset.bucket}.s3.{asset.region}.amazonaws.com/{asset.key}"
            template = {"TemplateURL": url}
        return {
            "StackName": artifact.name,
            **template,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": k, "Value": v} for k, v in sorted(artifact.tags.items())],
            "Parameters": [
                {"ParameterKey": k, "ParameterValue": v}
                for k, v in sorted(artifact.parameters.items())
            ],
        }

    def _note_begun(self, key: Key, future: Future[Action | None]) -> None:
        step = self._steps[key]
        try:
            begun = future.result()
        except (ClientError, BotoCoreError) as error:
            reason = error_message(error)
            self._finish(step.artifact, Result(*_named(step), False, step.action, reason))
            return
        if begun is None:
            self._finish(step.artifact, Result(*_named(step), True, Action.KEEP))
            return
        self._running[key] = self._now()
        self._begun[key] = begun

    # -- waiting --------------------------------------------------------------------

    def _poll(self, pool: ThreadPoolExecutor) -> bool:
        """Look at all running stacks, one listing per region; True when something ended."""
        states = read_regions({region for region, _ in self._running}, self._clients)
        ended = False
        for key in list(self._running):
            state = states[key[0]].get(key[1])
            self._tell(key, state)
            if state is None or not state.moving:
                ended = True
                self._settle(key, state)
        return ended

    def _tell(self, key: Key, state: StackState | None) -> None:
        status = state.status if state else "DELETE_COMPLETE"
        if self._seen.get(key) == status:
            return
        self._seen[key] = status
        self._progress(Event(key[1], key[0], status, self._now() - self._running[key]))

    def _settle(self, key: Key, state: StackState | None) -> None:
        step = self._steps[key]
        begun = self._begun[key]
        if begun in (Action.WAIT, Action.RECREATE):
            # What an earlier run left is settled: look again, and do what is to be done now.
            del self._running[key]
            again = decide(step.artifact, state, None)
            if begun == Action.RECREATE and again.action == Action.RECREATE:
                again = Step(step.artifact, Action.REFUSE, f"it stays in {again.reason}")
            self._steps[key] = again
            self._waiting[key] = again
            return
        started = self._running.pop(key)
        ok = state is not None and state.status in STABLE - {"UPDATE_ROLLBACK_COMPLETE"}
        reason = "" if ok else self._why(key, state)
        self._finish(
            step.artifact, Result(*_named(step), ok, step.action, reason, self._now() - started)
        )

    def _why(self, key: Key, state: StackState | None) -> str:
        if state is None:
            return "the stack disappeared: somebody deleted it"
        try:
            return failure_reason(self._clients("cloudformation", key[0]), state.name)
        except (ClientError, BotoCoreError) as error:
            return f"{state.status}: {state.reason or error_message(error)}"

    def _finish(self, artifact: StackArtifact, result: Result) -> None:
        key = _key(artifact)
        self._waiting.pop(key, None)
        self._results[key] = result
        status = "failed" if not result.ok else "up to date"
        if result.ok and result.action != Action.KEEP:
            status = "done"
        self._progress(
            Event(artifact.name, artifact.region, status, result.seconds, True, result.reason)
        )


def _key(artifact: StackArtifact) -> Key:
    return artifact.region, artifact.name


def _named(step: Step) -> tuple[str, str]:
    return step.artifact.name, step.artifact.region


def deploy_stacks(steps: list[Step], clients: Clients, **options: Any) -> list[Result]:
    """Execute a plan (see Deployment); one failed stack stops only what needs it."""
    return Deployment(steps, clients, **options).run()

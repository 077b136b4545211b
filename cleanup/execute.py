"""Makes the calls that were decided, batch by batch, each batch's ownership looked at anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from cleanup.attribution import ownership_lost
from cleanup.audit import Audit, no_audit
from cleanup.calls import FAILURES, Caller, failure
from cleanup.listing import TAGS_PAGE, read_tags
from cleanup.refusals import meaning
from cleanup.resources import Scope
from cleanup.steps import Call
from workshop.names import TAG_WORKSHOP

# "accepted"; "gone": it was not there any more; "later": worth another try; "refused": not;
# "lost": not ours any more, so nothing was called.
Result = Literal["accepted", "gone", "later", "refused", "lost"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call; `detail` is the reason of anything but "accepted"."""

    call: Call
    result: Result
    detail: str = ""


class Executor:
    """Makes calls of one scope."""

    def __init__(
        self,
        scope: Scope,
        caller: Caller,
        *,
        audit: Audit = no_audit,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scope = scope
        self._caller = caller
        self._audit = audit
        self._now = now

    def execute(self, calls: tuple[Call, ...]) -> Iterator[list[Outcome]]:
        """Make the calls in their order, and give the outcomes batch by batch.

        A batch is what the Tagging API answers for in one call per region; the next one's
        ownership is looked at while this one is under way. A failure is an outcome, never an
        exception.
        """
        batches = [calls[start : start + TAGS_PAGE] for start in range(0, len(calls), TAGS_PAGE)]
        if not batches:
            return
        started = self._now()
        with self._caller.pool() as pool, ThreadPoolExecutor(max_workers=1) as ahead:
            try:
                yield from self._run(batches, pool, ahead)
            finally:
                # Interrupted: what has not begun does not begin.
                pool.shutdown(cancel_futures=True)
                ahead.shutdown(cancel_futures=True)
                self._caller.statistics.change_seconds += self._now() - started

    def _run(
        self, batches: list[tuple[Call, ...]], pool: ThreadPoolExecutor, ahead: ThreadPoolExecutor
    ) -> Iterator[list[Outcome]]:
        judging = [ahead.submit(self._without_ownership, batches[0])]
        under_way: list[tuple[list[Outcome], list[Future[Outcome]]]] = []
        for number, batch in enumerate(batches):
            stopped = judging.pop().result()
            judging += [
                ahead.submit(self._without_ownership, following)
                for following in batches[number + 1 : number + 2]
            ]
            not_ours = {outcome.call for outcome in stopped}
            futures = [pool.submit(self._make, call) for call in batch if call not in not_ours]
            under_way.append((stopped, futures))
            if len(under_way) > 1:
                yield _finished(under_way.pop(0))
        yield _finished(under_way.pop())

    def _without_ownership(self, batch: tuple[Call, ...]) -> list[Outcome]:
        """The calls of a batch that must not be made: not ours any more, or who can tell."""
        arns: dict[str, list[str]] = {}
        for call in batch:
            arns.setdefault(call.resource.region, []).extend(_arns(call))
        asked = [(region, sorted(set(known))) for region, known in arns.items() if known]
        answers = self._caller.together(self._tags, asked)
        by_region = {region: answer for (region, _), answer in zip(asked, answers, strict=True)}
        outcomes = [
            outcome
            for call in batch
            if call.resource.arn
            and (outcome := self._judge(call, by_region[call.resource.region])) is not None
        ]
        for outcome in outcomes:
            self._audit(outcome.call, outcome.result, outcome.detail)
        return outcomes

    def _tags(self, asked: tuple[str, list[str]]) -> dict[str, dict[str, str]] | Exception:
        try:
            return read_tags(self._caller, *asked)
        except FAILURES as error:
            return error

    def _judge(self, call: Call, answer: dict[str, dict[str, str]] | Exception) -> Outcome | None:
        if isinstance(answer, Exception):
            result: Result = "refused" if meaning(answer) == "refused" else "later"
            return Outcome(call, result, f"whose it is could not be seen: {failure(answer)}")
        tags = next((answer[arn] for arn in _arns(call) if arn in answer), None)
        lost = ownership_lost(call.resource, tags, self._scope)
        return Outcome(call, "lost", lost) if lost else None

    def _make(self, call: Call) -> Outcome:
        self._audit(call, "sent")
        row, region = call.resource.row, call.resource.region
        result: Result = "accepted"
        detail = ""
        try:
            parameters = self._parameters(call)
            self._caller.change(row.service, region, call.operation, parameters)
        except FAILURES as error:
            result, detail = meaning(error), f"{call.operation}: {failure(error)}"
        self._audit(call, result, detail)
        return Outcome(call, result, detail)

    def _parameters(self, call: Call) -> dict[str, Any]:
        """What the operation is called with: ids, constants, and what has to be asked for."""
        row = call.resource.row
        ids = row.ids_sent(call.resource.ids)
        if row.claim and call.operation == row.claim.operation:
            return row.claim.parameters(ids, TAG_WORKSHOP, self._scope.workshop)
        given = {**ids, **row.call_with.get(call.operation, {})}
        question = row.questions.get(call.operation)
        if question is None:
            return given
        asked = question.ask_with(ids) if question.ask_with else ids
        region = call.resource.region
        answer = self._caller.read(row.service, region, question.operation, asked)
        return {**given, **question.parameters(answer)}


def _arns(call: Call) -> list[str]:
    """What the Tagging API may call a resource: of Studio's ARNs it has been seen to know the
    lower-case form."""
    arn = call.resource.arn
    if not arn:
        return []
    return [arn, arn.lower()] if call.resource.row.arn_path and arn != arn.lower() else [arn]


def _finished(batch: tuple[list[Outcome], list[Future[Outcome]]]) -> list[Outcome]:
    """A batch's outcomes, waited for."""
    stopped, futures = batch
    return [*stopped, *(future.result() for future in futures)]

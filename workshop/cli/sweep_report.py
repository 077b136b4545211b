"""A sweep's report in Markdown: what somebody who pays wants to know. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cleanup.audit import Actor
from cleanup.resources import TAGS, Resource, Scope
from cleanup.sweep import Plan, SweepResult
from costs.meter import Bill
from costs.prices import Rate
from workshop.cli.cost_so_far import not_counted, sentence
from workshop.cli.money import Rates, cell, total

_HOURS_PER_DAY = 24
# What AWS's own calculators take a month for.
_HOURS_PER_MONTH = 730
_DONE = {
    "claim": "tagged as the workshop's",
    "delete": "deleted",
    "detach": "detached",
    "end": "ended",
    "stop": "stopped",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What one sweep found, did and left. Times are UTC. `own_kinds`: it looked only for what
    attendees can make themselves. `bill` is what the workshop has cost until the end of it, None
    where it was not added up. `oldest` is the day or month of the oldest price."""

    actor: Actor
    scope: Scope
    started: datetime
    ended: datetime
    plan: Plan
    result: SweepResult
    rates: Rates
    own_kinds: bool = False
    bill: Bill | None = None
    oldest: str = ""

    @property
    def saved(self) -> Rate:
        """What does not cost anything any more."""
        return total(self._ended, self.rates)

    @property
    def costs(self) -> str:
        """What the workshop has cost and what the sweep saves, in one sentence; "" when that was
        not added up."""
        if self.bill is None:
            return ""
        cost = sentence(self.bill, len(self.scope.attendees))
        day = self.saved.usd_per_hour * _HOURS_PER_DAY
        saves = f"; cleanup saves {_least(self.saved)}{day:.2f} USD a day" if self.saved else ""
        return f"the workshop has cost {cost}{saves}"

    @property
    def _ended(self) -> list[Resource]:
        """What of the plan was touched, or on its way, and then seen to be gone or stopped."""
        touched = {call.resource.key for call in self.result.done}
        touched |= {r.key for r in self.plan.decision.waiting}
        on = {left.resource.key for left in self.result.remaining}
        on |= {r.key for r, _ in self.result.kept if r.bills == "hour"}
        unseen = {(hole.region, hole.kind) for hole in self.result.blind}
        return [
            r
            for r in self.plan.decision.remaining
            if r.key in touched - on and not unseen & {(r.region, r.kind), (r.region, TAGS)}
        ]

    @property
    def verdict(self) -> str:
        """One sentence on how it ended."""
        result = self.result
        failed = f"{_count(len(result.blind), 'listing')} failed or was refused"
        if result.remaining:
            cost = total((left.resource for left in result.remaining), self.rates)
            costs = f", which costs {cost}" if cost else ""
            more = f"; there may be more: {failed}" if result.blind else ""
            return (
                f"not clean: {_count(len(result.remaining), 'resource')} could not go{costs}{more}"
            )
        if result.blind:
            return f"not verified: {failed}"
        running = [r for r, _ in result.kept if r.bills == "hour"]
        if not running:
            return f"clean: nothing {self._extent} is left that bills by the hour"
        cost = total(running, self.rates)
        costs = f", which costs {cost}" if cost else ""
        kept = _count(len(running), "thing")
        return f"clean: nothing {self._extent} bills by the hour but {kept} kept on purpose{costs}"

    @property
    def _extent(self) -> str:
        if self.scope.everything:
            return "of SageMaker"
        made = f"from the lab {self.scope.module} " if self.scope.module else ""
        whose = ", ".join(sorted(self.scope.only)) if self.scope.only else "the attendees"
        return f"{made}that {whose} can make" if self.own_kinds else f"{made}of {whose}"

    def markdown(self) -> str:
        """The whole report."""
        parts = [
            f"# Cleanup of workshop {self.scope.workshop}",
            self._head(),
            self._savings(),
            self._bill(),
            self._done(),
            self._remaining(),
            self._kept(),
            self._gaps(),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _head(self) -> str:
        looks = "The last looks at it could not see everything"
        if self.result.verified:
            looks = (
                f"{_count(self.result.looks, 'complete look')} in a row found nothing more to do"
            )
        lines = [
            f"**{self.verdict[0].upper()}{self.verdict[1:]}.**",
            "",
            f"- Account {self.actor.account}, {', '.join(self.scope.regions)}",
            f"- From {self.started:%Y-%m-%d %H:%M:%S} to {self.ended:%H:%M:%S} UTC",
            f"- By {self.actor.arn}",
            f"- {looks}; {_count(len(self.result.done), 'change')} made",
        ]
        if self.scope.everything:
            lines.append("- All of SageMaker in these regions, whoever it belonged to")
        return "\n".join(lines)

    def _savings(self) -> str:
        if not self.saved:
            return ""
        by_owner: dict[str, list[Resource]] = {}
        for resource in self._ended:
            if resource.bills == "hour":
                by_owner.setdefault(resource.owner, []).append(resource)
        rows = [
            (owner, len(found), str(total(found, self.rates)))
            for owner, found in sorted(by_owner.items())
        ]
        text = [f"## What no longer runs: {self.saved}", ""]
        if known := self.saved.usd_per_hour:
            day, month = known * _HOURS_PER_DAY, known * _HOURS_PER_MONTH
            text += [
                f"Left alone it would have cost {_least(self.saved)}{day:.2f} USD a day, "
                f"{month:.2f} USD a month.",
                "",
            ]
        text += [_table(("attendee", "running things", "cost"), rows), ""]
        dated = f", the oldest of {self.oldest}" if self.oldest else ""
        text += [f"On-demand prices{dated}; storage not included."]
        return "\n".join(text)

    def _bill(self) -> str:
        if self.bill is None or not self.bill.by_attendee:
            return ""
        total = sentence(self.bill, len(self.scope.attendees))
        whose = [(owner, str(amount)) for owner, amount in self.bill.by_attendee.items()]
        what = [(kind, str(amount)) for kind, amount in self.bill.by_kind.items()]
        parts = [f"## What the workshop has cost: {total}", _table(("attendee", "cost"), whose)]
        return "\n\n".join(
            [*parts, _table(("kind", "cost"), what), f"As far as seen: {not_counted(self.bill)}."]
        )

    def _done(self) -> str:
        counts = Counter((call.resource.kind, _DONE[call.verb]) for call in self.result.done)
        rows = [(kind, done, count) for (kind, done), count in sorted(counts.items())]
        return _section("What was done", ("kind", "what was done", "count"), rows)

    def _remaining(self) -> str:
        rows = [
            (r.kind, r.name, r.region, r.owner, r.status or "-", cell(r, self.rates), left.reason)
            for left in self.result.remaining
            for r in (left.resource,)
        ]
        columns = ("kind", "name", "region", "attendee", "status", "USD/h", "why it is there")
        return _section("What remains, and somebody must look at", columns, rows)

    def _kept(self) -> str:
        rows = [
            (r.kind, r.name, r.region, cell(r, self.rates), reason)
            for r, reason in self.result.kept
        ]
        kept = _section(
            "What was left on purpose", ("kind", "name", "region", "USD/h", "why"), rows
        )
        if any(r.bills == "month" for r, _ in self.result.kept):
            kept += "\n\nStorage bills by the month for as long as it is there."
        returned = [(r.kind, r.name, r.region, times) for r, times in self.result.returned]
        columns = ("kind", "name", "region", "times")
        back = _section("What came back after it was deleted", columns, returned)
        return "\n\n".join(part for part in (kept, back) if part)

    def _gaps(self) -> str:
        others = [(u.kind, u.name, u.region, u.why) for u in self.result.unattributed]
        unseen = [(hole.kind, hole.region, hole.reason) for hole in self.result.blind]
        parts = (
            _section(
                "What looks like ours and was not touched",
                ("kind", "name", "region", "why"),
                others,
            ),
            _section("What could not be seen", ("kind", "region", "why"), unseen),
        )
        return "\n\n".join(part for part in parts if part)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _least(rate: Rate) -> str:
    return "at least " if rate.unknown else ""


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return f"## {title}\n\n{_table(columns, rows)}" if rows else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    """A text as one cell: AWS's messages may hold what ends a cell or a row."""
    return " ".join(str(value).replace("|", "\\|").split())

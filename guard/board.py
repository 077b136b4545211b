"""What a run leaves for those who look on: what each attendee has spent and has running, and
what will become of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from costs.meter import Amount
from costs.prices import Prices, Rate
from guard.items import amounts, amounts_of, time_of, time_text
from guard.rule import deadline
from workshop.machine import Machine

if TYPE_CHECKING:
    from guard.plan import Judged, Plan

# An item of DynamoDB has at most 400 KB ("Quotas in Amazon DynamoDB", developer guide): so many
# things, each with a name of 256 characters and a reason cut at these, stay below it.
_MOST_THINGS = 200
_REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that runs: since when (UTC), on what and for how much, and the verdict on it.

    `due` is when it is stopped as far as one knows; `rule` and `reason` say why.
    """

    kind: str
    name: str
    status: str
    began: datetime | None
    machines: tuple[Machine, ...] | None
    rate: Rate
    action: str
    rule: str
    reason: str
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """What one attendee (or SHARED) has spent everywhere, and has running in the region.

    `left_out` is how many things more run than are shown.
    """

    spent: Amount = Amount()  # noqa: RUF009 - frozen
    things: tuple[Thing, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Board:
    """A region as the guard saw it at `at` (UTC).

    `blind` are the kinds that could not be seen, with the reason. `spent` is of all regions.
    """

    at: datetime
    deadline: datetime
    spent: Amount
    complete: bool
    by_kind: Mapping[str, Amount] = field(default_factory=dict)
    blind: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)


def board_of(plan: Plan, prices: Prices) -> Board:
    """What there is to see after a plan was made."""
    owners = {one.subject.resource.owner for one in plan.judged}
    return Board(
        at=plan.at,
        deadline=deadline(plan.policy, plan.ledger),
        spent=plan.bill.total,
        complete=plan.bill.complete,
        by_kind=plan.bill.by_kind,
        blind=tuple(f"{hole.kind}: {hole.reason}"[:_REASON_CHARACTERS] for hole in plan.blind),
        places={
            who: _place(who, plan, prices)
            for who in sorted(plan.scope.attendees | owners | set(plan.bill.by_attendee))
        },
    )


def _place(who: str, plan: Plan, prices: Prices) -> Place:
    judged = [one for one in plan.judged if one.subject.resource.owner == who]
    return Place(
        plan.bill.by_attendee.get(who, Amount()),
        tuple(_thing(one, prices, plan.policy.region) for one in judged[:_MOST_THINGS]),
        max(0, len(judged) - _MOST_THINGS),
    )


def _thing(one: Judged, prices: Prices, region: str) -> Thing:
    subject, verdict = one.subject, one.verdict
    return Thing(
        kind=subject.resource.kind,
        name=subject.resource.name,
        status=subject.resource.status,
        began=subject.began,
        machines=subject.machines,
        rate=prices.rate(subject.machines, region),
        action=verdict.action,
        rule=verdict.rule,
        reason=verdict.reason[:_REASON_CHARACTERS],
        due=verdict.due,
    )


def board_texts(board: Board) -> tuple[str, dict[str, str]]:
    """A board as JSON: what there is of all, and of each attendee."""
    whole = {
        "at": time_text(board.at),
        "deadline": time_text(board.deadline),
        "spent": [board.spent.usd, board.spent.unknown],
        "complete": board.complete,
        "by_kind": amounts(board.by_kind),
        "blind": list(board.blind),
        "attendees": sorted(board.places),
    }
    return json.dumps(whole), {who: _place_text(place) for who, place in board.places.items()}


def board_from(whole: str, places: Mapping[str, str]) -> Board:
    """The board that `board_texts` wrote; of those who left, and whose items are still there,
    nothing. Raises ValueError or KeyError for another text."""
    found = json.loads(whole)
    return Board(
        at=datetime.fromisoformat(found["at"]),
        deadline=datetime.fromisoformat(found["deadline"]),
        spent=Amount(*found["spent"]),
        complete=found["complete"],
        by_kind=amounts_of(found["by_kind"]),
        blind=tuple(found["blind"]),
        places={who: _place_of(places[who]) for who in found["attendees"] if who in places},
    )


def _place_text(place: Place) -> str:
    things = [_thing_json(thing) for thing in place.things]
    spent = [place.spent.usd, place.spent.unknown]
    found = {"spent": spent, "things": things, "left_out": place.left_out}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _place_of(text: str) -> Place:
    found = json.loads(text)
    things = tuple(_thing_of(thing) for thing in found["things"])
    return Place(Amount(*found["spent"]), things, found["left_out"])


def _thing_json(thing: Thing) -> dict[str, Any]:
    machines = thing.machines
    return {
        "kind": thing.kind,
        "name": thing.name,
        "status": thing.status,
        "began": None if thing.began is None else time_text(thing.began),
        "machines": machines and [[m.usage, m.instance_type, m.count] for m in machines],
        "rate": [thing.rate.usd_per_hour, thing.rate.unknown],
        "action": thing.action,
        "rule": thing.rule,
        "reason": thing.reason,
        "due": None if thing.due is None else time_text(thing.due),
    }


def _thing_of(found: Mapping[str, Any]) -> Thing:
    machines = found["machines"]
    return Thing(
        **{
            **found,
            "began": time_of(found["began"]),
            "machines": None if machines is None else tuple(Machine(*m) for m in machines),
            "rate": Rate(*found["rate"]),
            "due": time_of(found["due"]),
        }
    )

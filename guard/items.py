"""What the guard remembers as JSON and back: the attributes of the ledger's items. Pure.

Times are ISO 8601 in UTC, all with the same number of digits, so that they compare as strings;
numbers stay what they are, since DynamoDB sees text alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from costs.meter import Amount
from guard.ledger import Extension, Hold, Life, Segment, Spent
from workshop.machine import Machine

# Compares as later than any time.
_FOR_GOOD = "final"


def time_text(moment: datetime) -> str:
    """A time in UTC to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str | None) -> datetime | None:
    """The time in a text of `time_text`; None for none."""
    return None if text is None else datetime.fromisoformat(text)


def life_text(life: Life) -> str:
    """A life without its id, which is the item's key."""
    segments = [
        [
            time_text(segment.began),
            None if segment.ended is None else time_text(segment.ended),
            _machines(segment.machines),
            segment.billable_seconds,
        ]
        for segment in life.segments
    ]
    return _dump([life.attendee, life.kind, life.name, life.part, life.final, segments])


def life_of(identity: str, text: str) -> Life:
    """The life that `life_text` wrote. Raises ValueError for another text."""
    attendee, kind, name, part, final, segments = json.loads(text)
    return Life(
        identity,
        attendee,
        kind,
        name,
        tuple(
            Segment(
                datetime.fromisoformat(began),
                time_of(ended),
                None if machines is None else tuple(Machine(*machine) for machine in machines),
                billable,
            )
            for began, ended, machines, billable in segments
        ),
        part,
        final,
    )


def life_version(life: Life) -> str:
    """What orders what two guards at once write of the same life: the newest moment it knows
    of, and after all of them what will not change any more."""
    if life.final or not life.segments:
        return _FOR_GOOD
    return max(time_text(s.began if s.ended is None else s.ended) for s in life.segments)


def extension_text(extension: Extension) -> str:
    """An extension."""
    return _dump([time_text(extension.of), time_text(extension.until), extension.by])


def extension_of(text: str) -> Extension:
    """The extension that `extension_text` wrote. Raises ValueError for another text."""
    of, until, by = json.loads(text)
    return Extension(datetime.fromisoformat(of), datetime.fromisoformat(until), by)


def hold_text(hold: Hold) -> str:
    """A hold without the attendee, who is the item's key."""
    return _dump([time_text(hold.until), hold.by])


def hold_of(attendee: str, text: str) -> Hold:
    """The hold that `hold_text` wrote. Raises ValueError for another text."""
    until, by = json.loads(text)
    return Hold(datetime.fromisoformat(until), attendee, by)


def spent_text(spent: Spent) -> str:
    """What was spent."""
    return _dump(
        {
            "amount": None if spent.amount is None else _amount(spent.amount),
            "by_attendee": amounts(spent.by_attendee),
            "by_kind": amounts(spent.by_kind),
            "at": None if spent.at is None else time_text(spent.at),
        }
    )


def spent_of(text: str) -> Spent:
    """What `spent_text` wrote. Raises ValueError for another text."""
    found = json.loads(text)
    return Spent(
        None if found["amount"] is None else Amount(*found["amount"]),
        amounts_of(found["by_attendee"]),
        amounts_of(found["by_kind"]),
        time_of(found["at"]),
    )


def amounts(by: Mapping[str, Amount]) -> dict[str, list[float]]:
    """Amounts by whatever, for JSON."""
    return {key: _amount(amount) for key, amount in sorted(by.items())}


def amounts_of(by: Mapping[str, Any]) -> dict[str, Amount]:
    """The amounts that `amounts` made."""
    return {key: Amount(*pair) for key, pair in by.items()}


def _amount(amount: Amount) -> list[float]:
    return [amount.usd, amount.unknown]


def _machines(machines: tuple[Machine, ...] | None) -> list[list[Any]] | None:
    if machines is None:
        return None
    return [[machine.usage, machine.instance_type, machine.count] for machine in machines]


def _dump(found: Any) -> str:
    return json.dumps(found, separators=(",", ":"))

"""What people are told of a run: one digest, and nothing when nothing is new."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleanup.steps import Call
    from cleanup.sweep import Remaining
    from guard.plan import Judged
    from guard.warnings import Warning

# "Subjects must be ASCII text ... and less than 100 characters long" (Publish, SNS API
# reference); a message has 256 KB.
_SUBJECT_CHARACTERS = 99
_MESSAGE_BYTES = 200_000
_SHOWN = 50
_WEBHOOK_SECONDS = 10.0

# Posts a text to a URL. Raises OSError when it is not taken.
Send = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Digest:
    """`text` is what is sent, "" for nothing. `state` are the problems as they stand, which the
    next run compares with its own."""

    subject: str
    text: str
    state: str


def compose(
    workshop: str,
    region: str,
    *,
    stops: Iterable[Judged],
    done: Iterable[Call],
    remaining: Iterable[Remaining],
    unseen: Iterable[str],
    shut: Mapping[str, str],
    opened: Iterable[str],
    warnings: Iterable[Warning],
    before: str,
) -> Digest:
    """Put together what is new.

    `unseen` is what could not be read or done, in words; `shut` are the attendees who may start
    nothing more, with the reason. `before` is the `state` of the last digest that was sent.
    """
    why = {one.subject.resource.key: one.verdict.reason for one in stops}
    stopped = sorted(
        f"{call.resource.kind} {call.resource.name} ({call.resource.owner}): {reason}"
        for call in done
        if (reason := why.get(call.resource.key)) is not None
    )
    others = sum(call.resource.key not in why for call in done)
    problems = sorted(
        list(unseen)
        + [f"{left.resource.kind} {left.resource.name}: {left.reason}" for left in remaining]
    )
    # By their words, since counts and seconds change from run to run.
    words = re.sub(r"[0-9]+", "#", "\n".join(problems))
    state = hashlib.sha256(words.encode()).hexdigest() if problems else ""
    told = [warning.text for warning in warnings]
    doors = [f"{who} may start nothing more: {reason}" for who, reason in sorted(shut.items())]
    doors += [f"{who} may start things again" for who in sorted(opened)]
    parts = [
        *_part("Warnings", told),
        *_part("Stopped", stopped),
        *_part("Doors", doors),
        *([f"Also deleted: {others} resources."] if others else []),
        *(_part("Problems", problems) if state != before else []),
        *(["All problems told of before are over."] if before and not state else []),
    ]
    if not parts:
        return Digest("", "", state)
    counts = [
        *([f"{len(stopped)} stopped"] if stopped else []),
        *([_plural(len(told), "warning")] if told else []),
        *([_plural(len(problems), "problem")] if problems and state != before else []),
    ]
    subject = f"Workshop {workshop} in {region}: {', '.join(counts) or 'news'}"
    text = "\n\n".join([subject, *parts]).encode()[:_MESSAGE_BYTES].decode(errors="ignore")
    return Digest(subject[:_SUBJECT_CHARACTERS], text + "\n", state)


def post(url: str, text: str) -> None:
    """POST {"text": ...}, which chat services take. Raises OSError when it is not taken."""
    import urllib.request

    request = urllib.request.Request(
        url,
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=_WEBHOOK_SECONDS):
        return


def _part(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return [f"{title}:\n" + "\n".join(f"- {line}" for line in [*lines[:_SHOWN], *more])]


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count > 1 else ''}"

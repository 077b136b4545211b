"""`workshop guard --log`: what the guards wrote, from CloudWatch Logs, all regions by time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from workshop import names
from workshop.aws import error_code
from workshop.cli.boundary import explain
from workshop.cli.guard_desk import Desk
from workshop.cli.output import note, printable
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED, WorkshopError

# Lines of Lambda's own about an invocation ("Accessing logs", Lambda developer guide).
_PLATFORM = ("END ", "EXTENSION", "INIT_START", "REPORT ", "START ")
_EVERY_SECONDS = 5.0
# Lines of a run that are written at once may be there one after the other.
_LATE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines are wanted: of one rule, of some attendees; "" and () are all."""

    rule: str = ""
    attendees: tuple[str, ...] = ()

    def takes(self, line: dict[str, Any]) -> bool:
        """Whether a line is wanted."""
        return (not self.rule or line.get("rule") == self.rule) and (
            not self.attendees or line.get("attendee") in self.attendees
        )


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """A line of a guard's log. `at` is milliseconds since 1970, `id` CloudWatch's own."""

    at: int
    region: str
    order: int
    id: str
    text: str

    @property
    def content(self) -> dict[str, Any]:
        """What it says; what is no line of the guard's own is an error of its function."""
        try:
            found = json.loads(self.text)
        except ValueError:
            found = None
        if isinstance(found, dict) and "guard" in found:
            return found
        return {"guard": "error", "reason": self.text.strip()}


@dataclass(frozen=True, slots=True)
class _Answer:
    lines: tuple[Line, ...] = ()
    problem: WorkshopError | None = None
    missing: bool = False


def show_log(desk: Desk, wanted: Filter, since: timedelta, follow: bool, *, as_json: bool) -> int:
    """Print the lines of the last while, oldest first; with `follow` until interrupted.

    Returns the exit code: 1 where a region has no log, 3 where one could not be read.
    """
    begins = datetime.now(UTC) - since
    answers = _read(desk, begins)
    for region, answer in answers.items():
        if answer.problem is not None:
            note(f"{region}: {answer.problem.what}: {answer.problem.why}")
    seen = _print_new(answers, wanted, {}, as_json)
    while follow:
        time.sleep(_EVERY_SECONDS)
        begins = max(begins, datetime.now(UTC) - _LATE - timedelta(seconds=_EVERY_SECONDS))
        kept = {i: at for i, at in seen.items() if at >= begins.timestamp() * 1000}
        seen = _print_new(_read(desk, begins), wanted, kept, as_json)
    if any(answer.problem and not answer.missing for answer in answers.values()):
        return EXIT_UNVERIFIED
    return EXIT_FAILED if any(answer.missing for answer in answers.values()) else EXIT_OK


def _read(desk: Desk, begins: datetime) -> dict[str, _Answer]:
    with ThreadPoolExecutor(max_workers=len(desk.regions)) as pool:
        found = pool.map(lambda region: _read_region(desk, region, begins), desk.regions)
        return dict(zip(desk.regions, found, strict=True))


def _read_region(desk: Desk, region: str, begins: datetime) -> _Answer:
    """The lines of a region since a time (FilterLogEvents, CloudWatch Logs API reference)."""
    pages = desk.clients("logs", region).get_paginator("filter_log_events")
    group = f"/aws/lambda/{names.guard_name(desk.workshop.name)}"
    lines: list[Line] = []
    try:
        for page in pages.paginate(logGroupName=group, startTime=int(begins.timestamp() * 1000)):
            for event in page["events"]:
                if not event["message"].startswith(_PLATFORM):
                    at, text = event["timestamp"], event["message"]
                    lines.append(Line(at, region, len(lines), event["eventId"], text))
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "ResourceNotFoundException":
            problem = WorkshopError(
                "the guard has no log", f"there is no {group}", "workshop deploy makes it"
            )
            return _Answer(problem=problem, missing=True)
        return _Answer(tuple(lines), explain(error))
    return _Answer(tuple(lines))


def _print_new(
    answers: dict[str, _Answer], wanted: Filter, seen: dict[str, int], as_json: bool
) -> dict[str, int]:
    """Print what has not been seen; returns what has been by now."""
    lines = sorted(line for answer in answers.values() for line in answer.lines)
    new = [line for line in lines if line.id not in seen]
    for line in new:
        content = line.content
        if wanted.takes(content):
            click.echo(_as_json(line, content) if as_json else readable(line, content))
    return seen | {line.id: line.at for line in new}


def _as_json(line: Line, content: dict[str, Any]) -> str:
    added = {"time": _time(line).isoformat(timespec="milliseconds"), "region": line.region}
    return json.dumps({**added, **content}, ensure_ascii=False)


def readable(line: Line, content: dict[str, Any]) -> str:
    """A line of the log as people read it."""
    parts = [f"{_time(line):%Y-%m-%d %H:%M:%S}Z", line.region, *_words(content)]
    return printable("  ".join(part for part in parts if part))


def _words(content: dict[str, Any]) -> Sequence[str]:
    kind = content["guard"]
    if kind == "run":
        return ("run", _run(content))
    thing = " ".join(str(content.get(key, "")) for key in ("kind", "name")).strip()
    who = str(content.get("attendee", ""))
    whose = f"of {who}" if who and thing else who
    if kind == "call":
        detail = f": {content['detail']}" if content.get("detail") else ""
        return (
            "call",
            f"{thing} {whose}".strip(),
            f"{content['call']} {content['result']}{detail}",
        )
    rule = f"[{content['rule']}]" if content.get("rule") else ""
    due = f"(stopped at {content['due']})" if kind == "leave" and content.get("due") else ""
    return (kind, f"{thing} {whose}".strip(), rule, str(content.get("reason", "")), due)


def _run(content: dict[str, Any]) -> str:
    """The sums of a run."""
    parts = [
        f"{content.get('stopped', 0)} to be stopped, {content.get('left', 0)} left",
        f"{content.get('calls', 0)} calls",
        f"{content.get('usd', 0.0):.2f} USD spent",
        *_more(content, "remaining", "would not stop"),
        *_more(content, "unknown", "of unknown cost"),
    ]
    if not content.get("verified", True):
        parts.append(f"not seen: {', '.join(content.get('unseen', ()))}")
    return ", ".join(parts)


def _more(content: dict[str, Any], key: str, words: str) -> Iterable[str]:
    return [f"{content[key]} {words}"] if content.get(key) else []


def _time(line: Line) -> datetime:
    return datetime.fromtimestamp(line.at / 1000, UTC)

"""Schedule expressions: rate(5 minutes), cron(0 9 ? * MON-FRI *), at(2026-11-21T10:00:00).

"Schedule types on EventBridge Scheduler" (EventBridge Scheduler user guide).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\(([^)]*)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): n for n, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: n + 1 for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds of AWS's time."""

    seconds: int


@dataclass(frozen=True, slots=True)
class At:
    """Once, at seconds since the epoch."""

    time: float


@dataclass(frozen=True, slots=True)
class Cron:
    """At calendar times in a time zone. `days` and `weekdays` are the fields' text."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]
    zone: ZoneInfo

    def after(self, moment: float) -> float | None:
        """The first time later than a moment, both in seconds since the epoch, or None.

        A local time that does not exist (clocks go forward) is skipped, one that exists twice
        is taken once, as the user guide says of daylight saving time.
        """
        start = datetime.fromtimestamp(moment, self.zone).date()
        for day in self._dates(start):
            for hour in self.hours:
                for minute in self.minutes:
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                    time = local.timestamp()
                    exists = datetime.fromtimestamp(time, self.zone).hour == hour
                    if time > moment and exists:
                        return time
        return None

    def _dates(self, start: date) -> Iterator[date]:
        year, month = start.year, start.month
        while year <= _LAST_YEAR:
            if year not in self.years:
                year, month = year + 1, 1
                continue
            if month in self.months:
                for day in sorted(self._days_of(year, month)):
                    if (found := date(year, month, day)) >= start:
                        yield found
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)

    def _days_of(self, year: int, month: int) -> set[int]:
        if self.weekdays != "?":
            return _by_weekday(self.weekdays, year, month)
        return _by_day(self.days, year, month)


Expression = Rate | At | Cron


def parse(text: str, zone: str = "UTC") -> Expression:
    """Read an expression, in a time zone of the IANA database. Raises ValueError."""
    try:
        where = ZoneInfo(zone)
    except (KeyError, OSError) as error:
        raise ValueError(f"no time zone {zone}") from error
    if found := _RATE.fullmatch(text):
        return Rate(int(found[1]) * _SECONDS[found[2]])
    if found := _AT.fullmatch(text):
        return At(datetime.fromisoformat(found[1]).replace(tzinfo=where).timestamp())
    if found := _CRON.fullmatch(text):
        return _cron(found[1].split(), where)
    raise ValueError("neither rate(...), cron(...) nor at(...)")


def _cron(fields: list[str], zone: ZoneInfo) -> Cron:
    if len(fields) != 6:
        raise ValueError("a cron expression has six fields")
    minutes, hours, days, months, weekdays, years = fields
    # "You can't use * in both the Day-of-month and Day-of-week fields. If you use it in one,
    # you must use ? in the other."
    if (days == "?") == (weekdays == "?"):
        raise ValueError("one of day-of-month and day-of-week is ?")
    found = Cron(
        minutes=tuple(sorted(_numbers(minutes, 0, 59))),
        hours=tuple(sorted(_numbers(hours, 0, 23))),
        days=days.upper(),
        months=frozenset(_numbers(months, 1, 12, _MONTHS)),
        weekdays=weekdays.upper(),
        years=frozenset(_numbers(years, _FIRST_YEAR, _LAST_YEAR)),
        zone=zone,
    )
    if weekdays != "?":
        _by_weekday(found.weekdays, 2026, 1)  # raises for what cannot be read
    else:
        _by_day(found.days, 2026, 1)
    return found


def _numbers(text: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """The numbers that a field means: *, lists, ranges and steps."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _number(first, names)
            end = _number(last, names) if dash else (high if slash else start)
        size = int(step) if slash else 1
        if not (low <= start <= high and low <= end <= high) or size < 1:
            raise ValueError(f"{part} is not between {low} and {high}")
        numbers = range(start, end + 1, size) if start <= end else _around(start, end, low, high)
        found.update(numbers)
    return found


def _around(start: int, end: int, low: int, high: int) -> list[int]:
    return [*range(start, high + 1), *range(low, end + 1)]


def _number(text: str, names: dict[str, int] | None) -> int:
    named = (names or {}).get(text.upper())
    return int(text) if named is None else named


def _by_day(text: str, year: int, month: int) -> set[int]:
    """Days of a month: numbers, L (the last), 15W (the weekday nearest to it)."""
    last = calendar.monthrange(year, month)[1]
    if text == "L":
        return {last}
    if text == "LW":
        return {_nearest_weekday(year, month, last, last)}
    if text.endswith("W"):
        return {_nearest_weekday(year, month, min(int(text[:-1]), last), last)}
    return {day for day in _numbers(text, 1, 31) if day <= last}


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    weekday = date(year, month, day).weekday()
    if weekday == 5:  # Saturday
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _by_weekday(text: str, year: int, month: int) -> set[int]:
    """Days of a month by weekday, 1 to 7 from Sunday: numbers, names, 6#3 (the third Friday),
    5L (the last Thursday), L (Saturday)."""
    last = calendar.monthrange(year, month)[1]
    weekdays = {day: date(year, month, day).isoweekday() % 7 + 1 for day in range(1, last + 1)}
    weekday, hash_sign, count = text.partition("#")
    if hash_sign:
        days = [d for d, w in weekdays.items() if w == _number(weekday, _DAYS)]
        return set(days[int(count) - 1 : int(count)])
    if text.endswith("L") and text != "L":
        return {max(d for d, w in weekdays.items() if w == _number(text[:-1], _DAYS))}
    wanted = {7} if text == "L" else _numbers(text, 1, 7, _DAYS)
    return {day for day, found in weekdays.items() if found in wanted}


def iso(moment: float) -> str:
    """A time as the scheduler writes it: 2022-03-22T18:59:43Z."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

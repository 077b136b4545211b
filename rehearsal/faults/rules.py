"""The rules that say which calls fail, and how; read from JSON or YAML."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

ON_CALLS = ("throttle", "error500", "refuse", "latency")
FAULTS = (*ON_CALLS, "stick", "lag", "return")

_CALL_FIELDS = {"service", "operation", "region", "resource", "rate", "seed", "first"}
_FIELDS = {
    "throttle": _CALL_FIELDS,
    "error500": _CALL_FIELDS,
    "refuse": _CALL_FIELDS,
    "latency": _CALL_FIELDS | {"seconds"},
    "stick": {"kind", "resource"},
    "lag": {"operation", "seconds"},
    "return": {"kind", "resource", "times", "seconds"},
}
_NEEDS_SECONDS = ("latency", "lag", "return")


class BadRule(ValueError):
    """A rule that cannot be followed; the message says which one and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault.

    A call is meant when `service` (as in the signature or as boto3 names it), `operation`
    and `region` match, which may hold * and ?, and its path or body contains `resource`.
    Of the calls meant, or of the `first` ones only, a share of `rate` fails, drawn from a
    generator that starts with `seed`. `kind` and `resource` name what sticks, or what comes
    back `times` times after it was deleted. `seconds` are real for latency, AWS's for the others.
    """

    fault: str
    service: str = "*"
    operation: str = "*"
    region: str = "*"
    resource: str = ""
    rate: float = 1.0
    seed: int = 0
    first: int | None = None
    seconds: float = 0.0
    kind: str = "*"
    times: int = 1

    def means(self, services: tuple[str, ...], operation: str, region: str) -> bool:
        """Whether a call of a service that has these names is meant."""
        return (
            any(fnmatchcase(service, self.service) for service in services)
            and fnmatchcase(operation, self.operation)
            and fnmatchcase(region, self.region)
        )

    def shown(self) -> dict[str, Any]:
        """The rule as it can be given again."""
        names = sorted(_FIELDS[self.fault])
        return {"fault": self.fault, **{n: getattr(self, n) for n in names}}


def shaped(given: Any) -> list[Rule]:
    """Rules from decoded JSON or YAML, a list of objects, whatever they mean. Raises BadRule."""
    if not isinstance(given, list):
        raise BadRule("the rules are not a list")
    return [_rule(number, entry) for number, entry in enumerate(given, 1)]


def _rule(number: int, entry: Any) -> Rule:
    if not isinstance(entry, dict):
        raise BadRule(f"rule {number} is not an object")
    fault = entry.get("fault")
    if fault not in FAULTS:
        raise BadRule(f"rule {number}: fault {fault!r} is none of {', '.join(FAULTS)}")
    given = {name: value for name, value in entry.items() if name != "fault"}
    strange = sorted(str(name) for name in set(given) - _FIELDS[fault])
    if strange:
        allowed = ", ".join(sorted(_FIELDS[fault]))
        raise BadRule(f"rule {number}: {fault} has no {', '.join(strange)}; it has {allowed}")
    if fault in _NEEDS_SECONDS and "seconds" not in given:
        raise BadRule(f"rule {number}: {fault} needs seconds")
    for name, value in given.items():
        fits, expected = _TYPES[name]
        if not fits(value):
            raise BadRule(f"rule {number}: {name} is {value!r}, not {expected}")
    return Rule(fault=fault, **given)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_Check = tuple[Callable[[Any], bool], str]
_TEXT: _Check = (_is_text, "a string")
_TYPES: dict[str, _Check] = {
    "service": _TEXT,
    "operation": _TEXT,
    "region": _TEXT,
    "resource": _TEXT,
    "kind": _TEXT,
    "rate": (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "seed": (_is_count, "a whole number from 0 up"),
    "first": (lambda value: value is None or _is_count(value), "a whole number from 0 up"),
    "times": (_is_count, "a whole number from 0 up"),
    "seconds": (lambda value: _is_number(value) and value >= 0, "a number of seconds"),
}

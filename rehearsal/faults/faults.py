"""Faults on demand: which calls meet one, what sticks or comes back, how far lists lag."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from rehearsal.faults import answers, naming
from rehearsal.faults.reach import parse
from rehearsal.faults.rules import ON_CALLS, BadRule, Rule
from rehearsal.http import Request, Response
from rehearsal.machine import INTERNAL_AGENT
from workshop.errors import UsageError

Sleep = Callable[[float], object]

# Bodies in which a resource's name is looked for; others are data.
_TOLD_IN = ("json", "x-www-form-urlencoded")


@dataclass(slots=True)
class _Armed:
    """A rule and what came of it."""

    rule: Rule
    draw: random.Random
    matched: int = 0
    hits: int = 0
    stuck: set[tuple[str, str]] = field(default_factory=set)
    returned: Counter[tuple[str, str]] = field(default_factory=Counter)

    def strikes(self) -> bool:
        """Count a call that is meant, and say whether it fails."""
        self.matched += 1
        if self.rule.first is not None and self.matched > self.rule.first:
            return False
        # Drawn for every call, so that the n-th call's fate depends on the seed alone.
        if self.draw.random() >= self.rule.rate:
            return False
        self.hits += 1
        return True


class Faults:
    """The rules in force. Safe to use from many threads."""

    def __init__(self, rules: list[Rule] | None = None) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []
        self.set(rules or [])

    def set(self, rules: list[Rule]) -> None:
        """Replace all rules; counts start at 0 and generators at their seeds."""
        with self._lock:
            self._armed = [_Armed(rule, random.Random(rule.seed)) for rule in rules]

    def shown(self) -> list[dict[str, Any]]:
        """The rules with the calls they `matched` and their `hits`: the calls that failed,
        the resources that stuck, the lists that lagged, the deletions that did not last."""
        with self._lock:
            return [{**a.rule.shown(), "matched": a.matched, "hits": a.hits} for a in self._armed]

    def meet(self, request: Request, sleep: Sleep) -> Response | None:
        """Let a request meet its faults: wait with `sleep`, and return the answer of the
        first rule that fails it, or None. Our own calls meet none."""
        if not self._armed or INTERNAL_AGENT in request.environ.get("HTTP_USER_AGENT", ""):
            return None
        operation = naming.operation(request)
        services = naming.names(request.service)
        told: str | None = None
        seconds, failed = 0.0, None
        with self._lock:
            for armed in self._armed:
                rule = armed.rule
                if rule.fault not in ON_CALLS or failed is not None:
                    continue
                if not rule.means(services, operation, request.region):
                    continue
                if rule.resource:
                    told = _told(request) if told is None else told
                    if rule.resource not in told:
                        continue
                if not armed.strikes():
                    continue
                if rule.fault == "latency":
                    seconds += rule.seconds
                else:
                    failed = rule
        if seconds:
            sleep(seconds)
        return None if failed is None else answers.refusal(failed.fault, request, operation)

    def sticks(self, kind: str, name: str) -> bool:
        """Whether a resource (kind as in the local AWS's table, such as "app"; name with all
        that identifies it) is to stay in its transitional status."""
        with self._lock:
            for armed in self._armed:
                rule = armed.rule
                if rule.fault != "stick" or rule.resource not in name:
                    continue
                if fnmatchcase(kind, rule.kind):
                    armed.stuck.add((kind, name))
                    armed.matched = armed.hits = len(armed.stuck)
                    return True
        return False

    def returns(self, kind: str, name: str) -> float | None:
        """In how many seconds of AWS's time a resource that is deleted now is back; None:
        never."""
        with self._lock:
            for armed in self._armed:
                rule = armed.rule
                if rule.fault != "return" or rule.resource not in name:
                    continue
                if not fnmatchcase(kind, rule.kind):
                    continue
                armed.matched += 1
                if armed.returned[kind, name] < rule.times:
                    armed.returned[kind, name] += 1
                    armed.hits += 1
                    return rule.seconds
        return None

    def lag(self, operation: str) -> float:
        """How old, in seconds of AWS's time, a resource must be for a list to show it."""
        lag = 0.0
        with self._lock:
            for armed in self._armed:
                if armed.rule.fault == "lag" and fnmatchcase(operation, armed.rule.operation):
                    armed.matched += 1
                    armed.hits += 1
                    lag = max(lag, armed.rule.seconds)
        return lag


def _told(request: Request) -> str:
    """Where a request can name a resource: its path, its query and its parameters."""
    told = f"{request.path}?{unquote(request.environ.get('QUERY_STRING', ''))}"
    if any(kind in request.environ.get("CONTENT_TYPE", "") for kind in _TOLD_IN):
        told += unquote(request.body.decode("utf-8", "replace"))
    return told


def load(path: Path | None) -> Faults:
    """The faults of a YAML or JSON file (None: none). Raises UsageError for a bad file."""
    if path is None:
        return Faults()
    fix = 'write a list of rules, for example: [{"fault": "throttle", "operation": "List*"}]'
    try:
        return Faults(parse(yaml.safe_load(path.read_text(encoding="utf-8")) or []))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the faults in {path} cannot be read", str(error), fix) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise UsageError(
            f"the faults in {path} cannot be read", f"{where}it is neither YAML nor JSON", fix
        ) from error
    except BadRule as error:
        raise UsageError(
            f"the faults in {path} are not as they must be", str(error), fix
        ) from error

"""Hyperparameters as rows of a table: how one is read from its text, and what it may be.

SageMaker hands every value over as text (CreateTrainingJob, HyperParameters).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from rehearsal.containers.contract.files import CustomerError

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`; an open end excludes its number."""

    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one hyperparameter is read from its text, and the values it may have.

    `automatic` ones also take the word auto. `default` is the value of one that is not given.
    """

    parse: Callable[[str], Any]
    allowed: Range | tuple[str, ...] | None = None
    default: Any = None
    required: bool = False
    automatic: bool = False

    def read(self, text: str) -> Any:
        """The value of a text.

        Raises:
            ValueError: it cannot be read as this type, or its value is not allowed.
        """
        if self.automatic and text == AUTO:
            return AUTO
        try:
            value = self.parse(text)
        except json.JSONDecodeError:
            raise
        except (ValueError, SyntaxError, TypeError):
            raise Unreadable(text) from None
        if self.allowed is not None and value not in self.allowed:
            raise NotAllowed(text)
        return value

    @property
    def expected(self) -> str:
        """The values it may have, in words."""
        shown = ", ".join(self.allowed) if isinstance(self.allowed, tuple) else self.allowed
        kind = "one of " if isinstance(self.allowed, tuple) else f"{_KINDS.get(self.parse, '')} in "
        words = f"{kind}{shown}" if shown is not None else _KINDS.get(self.parse, "another value")
        return f"{words} or auto" if self.automatic else words


class Unreadable(ValueError):
    """The text is not of the hyperparameter's type."""


class NotAllowed(ValueError):
    """The value is out of range, or none of the choices."""


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise ValueError(text)
    return lowered == "true"


_KINDS: dict[Any, str] = {int: "an integer", float: "a number", _boolean: "true or false"}


def integer(low: int, high: float = inf, **options: Any) -> Rule:
    """A whole number from `low` to `high`."""
    return Rule(int, Range(low, high), **options)


def positive(**options: Any) -> Rule:
    """A whole number from 1."""
    return integer(1, **options)


def real(
    low: float,
    high: float = inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
    **options: Any,
) -> Rule:
    """A number from `low` to `high`."""
    return Rule(float, Range(low, high, open_low, open_high), **options)


def choice(*values: str, **options: Any) -> Rule:
    """One of some words."""
    return Rule(str, values, **options)


def boolean(**options: Any) -> Rule:
    """true or false."""
    return Rule(_boolean, **options)


def words(text: str) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text.split(",")]


def validate(texts: Mapping[str, str], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Every value of a table, those that are not given by their defaults.

    The words are those of the algorithms that AWS keeps closed, as their failed jobs say them
    (https://github.com/kubeflow/pipelines/issues/1370,
    https://github.com/aws/sagemaker-python-sdk/issues/889).

    Raises:
        CustomerError: one is unknown, missing, not of its type or out of its range.
    """
    unknown = [name for name in texts if name not in rules and not name.startswith("_")]
    if unknown:
        names = ", ".join(repr(name) for name in sorted(unknown))
        verb = "was" if len(unknown) == 1 else "were"
        raise CustomerError(
            f"Additional hyperparameters are not allowed ({names} {verb} unexpected) "
            "(caused by ValidationError)"
        )
    missing = [name for name, rule in rules.items() if rule.required and name not in texts]
    if missing:
        raise CustomerError(
            f"No value(s) were specified for {', '.join(map(repr, missing))} which are required "
            "hyperparameter(s) (caused by ValidationError)"
        )
    return {
        name: _read(name, rule, str(texts[name])) if name in texts else rule.default
        for name, rule in rules.items()
    }


def _read(name: str, rule: Rule, text: str) -> Any:
    try:
        return rule.read(text)
    except json.JSONDecodeError:
        raise CustomerError(
            f"Hyperparameter must be valid json, but found {name}: {text} (caused by ValueError)"
        ) from None
    except ValueError:
        raise CustomerError(
            f"The value {text!r} is not valid for the {name!r} hyperparameter which expects "
            f"{rule.expected} (caused by ValidationError)"
        ) from None

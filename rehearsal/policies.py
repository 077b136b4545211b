"""IAM's evaluation of policies: pure, over policy documents and a request's context.

The logic is that of the IAM user guide ("Policy evaluation logic", "IAM JSON policy
elements"). What is not supported raises NotSupported; it is never taken for allowed or
denied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

Context = Mapping[str, Sequence[str]]  # keys in lower case

_VARIABLE = re.compile(r"\$\{([^},]+)(?:,\s*'([^']*)')?\}")
# What a policy variable holds is literal; its * and ? go through patterns as these.
_HIDE = str.maketrans({"*": "\ue000", "?": "\ue001"})
_SHOW = str.maketrans({"\ue000": "*", "\ue001": "?"})


class NotSupported(Exception):
    """A policy that cannot be evaluated here; the message says what stands in the way."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document with its name, and its type as SimulatePrincipalPolicy calls it."""

    name: str
    type: str
    document: Mapping[str, Any]


@dataclass(slots=True)
class Decision:
    """What a set of policies says of one action on one resource."""

    decision: str = "implicitDeny"
    matched: list[Policy] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)  # context keys that conditions asked for


def evaluate(policies: Sequence[Policy], action: str, resource: str, context: Context) -> Decision:
    """What the policies say: an explicit deny wins, then an allow, else an implicit deny."""
    result = Decision()
    allowing: list[Policy] = []
    denying: list[Policy] = []
    for policy in policies:
        for statement in _listed(policy.document.get("Statement", [])):
            if _applies(statement, action, resource, context, result.missing):
                (allowing if statement["Effect"] == "Allow" else denying).append(policy)
    if denying:
        result.decision, result.matched = "explicitDeny", denying
    elif allowing:
        result.decision, result.matched = "allowed", allowing
    return result


def _applies(
    statement: Mapping[str, Any], action: str, resource: str, context: Context, missing: set[str]
) -> bool:
    for element in ("Principal", "NotPrincipal"):
        if element in statement:
            raise NotSupported(f"{element} in an identity-based policy")
    if "Action" in statement:
        meant = any(_like(action.lower(), p.lower()) for p in _listed(statement["Action"]))
    else:
        patterns = _listed(statement.get("NotAction", []))
        meant = not any(_like(action.lower(), p.lower()) for p in patterns)
    if not meant:
        return False
    if "NotResource" in statement:
        if _any_resource(statement["NotResource"], resource, context):
            return False
    elif not _any_resource(statement.get("Resource", []), resource, context):
        return False
    return _conditions_hold(statement.get("Condition", {}), context, missing)


def _any_resource(patterns: Any, resource: str, context: Context) -> bool:
    for pattern in _listed(patterns):
        expanded = expand(pattern, context)
        if expanded is not None and _like(resource, expanded):
            return True
    return False


# -- patterns --------------------------------------------------------------------------------


def expand(pattern: str, context: Context) -> str | None:
    """A pattern with its policy variables filled in; None when one has no value."""
    absent = False

    def fill(found: re.Match[str]) -> str:
        nonlocal absent
        if found[1] in ("*", "?", "$"):
            return found[1].translate(_HIDE)
        values = context.get(found[1].lower())
        if values is None or len(values) != 1:
            absent = absent or found[2] is None
            return found[2] or ""
        return values[0].translate(_HIDE)

    filled = _VARIABLE.sub(fill, pattern)
    return None if absent else filled


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    made = [signs.get(sign) or re.escape(sign.translate(_SHOW)) for sign in pattern]
    return re.compile("".join(made), re.DOTALL)


def _like(value: str, pattern: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


def _arn_like(value: str, pattern: str) -> bool:
    """Every of an ARN's six parts by itself (ArnLike)."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) == 6 and all(
        _like(v, p) for v, p in zip(values, patterns, strict=True)
    )


# -- conditions ------------------------------------------------------------------------------

Match = Callable[[str, str], bool]  # (the context's value, the policy's value)


def _numeric(compare: Callable[[float, float], bool]) -> Match:
    def match(value: str, wanted: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return match


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _date(compare: Callable[[float, float], bool]) -> Match:
    def match(value: str, wanted: str) -> bool:
        try:
            return compare(_seconds(value), _seconds(wanted))
        except ValueError:
            return False

    return match


def _in_network(value: str, wanted: str) -> bool:
    try:
        return ip_address(value) in ip_network(wanted, strict=False)
    except ValueError:
        return False


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
_POSITIVE: dict[str, Match] = {
    "StringEquals": lambda value, wanted: value == wanted.translate(_SHOW),
    "StringEqualsIgnoreCase": lambda value, wanted: (
        value.lower() == wanted.translate(_SHOW).lower()
    ),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _in_network,
    **{f"Numeric{name}": _numeric(compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _date(compare) for name, compare in _COMPARISONS.items()},
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def _conditions_hold(block: Mapping[str, Any], context: Context, missing: set[str]) -> bool:
    """All of them; every one is looked at, so that no missing key goes untold."""
    held = [
        _holds(operator, key, _listed(wanted), context, missing)
        for operator, keys in block.items()
        for key, wanted in keys.items()
    ]
    return all(held)


def _holds(name: str, key: str, wanted: list[Any], context: Context, missing: set[str]) -> bool:
    quantifier, _, operator = name.rpartition(":")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    values = context.get(key.lower())
    if operator == "Null":
        return all((values is None) == (_text(w).lower() == "true") for w in wanted)
    negated = operator in _NEGATED
    match = _POSITIVE.get(_NEGATED.get(operator, operator))
    if match is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise NotSupported(f"the condition operator {name}")
    if values is None:
        missing.add(key)
        # "If the key is not present": true for a negated operator, for ...IfExists and for
        # ForAllValues; false for all others.
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    patterns = [e for e in (expand(_text(w), context) for w in wanted) if e is not None]
    matches = [any(match(value, pattern) for pattern in patterns) != negated for value in values]
    if quantifier == "ForAnyValue" or (not quantifier and not negated):
        return any(matches)
    return all(matches)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]

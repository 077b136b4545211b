"""Lists as SageMaker answers them: filters, sort order, pages of ten unless asked otherwise."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.store import Store
from rehearsal.validation import seconds_of

# "The default value is 10" (API reference, MaxResults of ListApps and most others).
DEFAULT_PAGE = 10

_NOT_FILTERS = {"NextToken", "MaxResults", "SortBy", "SortOrder"}
Value = Callable[[Resource], Any]
Token = tuple[Any, int]


def page(
    store: Store, params: dict[str, Any], *, scope: str = "", size: int = DEFAULT_PAGE
) -> tuple[list[Resource], str | None]:
    """Return one page and the token of the next, or None at the end.

    A token names the last resource of its page, not a position, so that deleting
    resources between two pages neither skips nor repeats any. It is good for the request it
    came from alone: `scope` (operation and region), sort and filters; `size` is what a page
    holds when the request does not say.
    """
    order, value, lasting = _sort(params.get("SortBy") or "CreationTime")
    rows = store.ordered(order, value, lasting=lasting)
    descending = params.get("SortOrder", "Ascending") == "Descending"
    seal = _seal(scope, params)
    after = _read_token(params["NextToken"], seal) if params.get("NextToken") else None
    size = int(params.get("MaxResults") or size)
    matching = _matcher(params)
    shown: list[Resource] = []
    for resource in _from(rows, value, after, descending):
        if not matching(resource):
            continue
        if len(shown) == size:
            last = shown[-1]
            return shown, _write_token(seal, (value(last), last.serial))
        shown.append(resource)
    return shown, None


def _sort(name: str) -> tuple[str, Value, bool]:
    """A sort's own name, the value it looks at, and whether that value never changes.

    The API spells the same sort in many ways: Name, NAME, HubName, CREATION_TIME, CreateDate.
    """
    plain = name.replace("_", "").lower()
    if plain in ("creationtime", "createdate", "starttime"):
        return "created", lambda r: r.created, True
    if plain == "lastmodifiedtime":
        return "modified", lambda r: r.modified, False
    if plain == "version":
        return "version", lambda r: int(r.fields.get("Version", 0)), True
    if plain.endswith("name"):
        return "name", lambda r: r.name, True
    if plain.endswith("status"):
        return "status", lambda r: r.status, False
    return name, lambda r: str(r.fields.get(name, "")), False


def _from(
    rows: list[Resource], value: Value, after: Token | None, descending: bool
) -> Iterator[Resource]:
    """The rows behind a token, in the order asked for."""

    def key(resource: Resource) -> Token:
        return (value(resource), resource.serial)

    if not descending:
        start = bisect_right(rows, after, key=key) if after is not None else 0
        return (rows[i] for i in range(start, len(rows)))
    end = bisect_left(rows, after, key=key) if after is not None else len(rows)
    return (rows[i] for i in range(end - 1, -1, -1))


def _matcher(params: dict[str, Any]) -> Callable[[Resource], bool]:
    filters = [
        (name, value)
        for name, value in params.items()
        if name not in _NOT_FILTERS and value is not None
    ]
    return lambda resource: all(_passes(resource, name, value) for name, value in filters)


def _passes(resource: Resource, name: str, value: Any) -> bool:
    if name.endswith(("After", "Before")):
        return _in_time(resource, name, value)
    if name == "MaxSchemaVersion":
        return _version(resource.fields["DocumentSchemaVersion"]) <= _version(str(value))
    if name.endswith("Contains"):
        return str(value).lower() in _searched(resource, name.removesuffix("Contains")).lower()
    if name.endswith("Prefix"):
        return _searched(resource, name.removesuffix("Prefix")).startswith(str(value))
    return _equals(resource, name.removesuffix("Equals"), value)


def _version(text: str) -> list[int]:
    return [int(part) for part in text.split(".")]


def _searched(resource: Resource, name: str) -> str:
    kind = resource.kind
    if name in ("Name", kind.name_field):
        return resource.name
    return " ".join(str(v) for v in values_at(resource.fields, kind.filters.get(name, name)))


def _equals(resource: Resource, name: str, value: Any) -> bool:
    kind = resource.kind
    if name in ("Status", kind.status_field):
        return bool(resource.status == value)
    path = kind.filters.get(name) or kind.in_list.get(name) or name
    wanted = value if isinstance(value, list) else [value]
    return any(found in wanted for found in values_at(resource.fields, path))


def _in_time(resource: Resource, name: str, value: Any) -> bool:
    moment = resource.modified if "Modified" in name else resource.created
    limit = seconds_of(value)
    return moment > limit if name.endswith("After") else moment < limit


def _seal(scope: str, params: dict[str, Any]) -> str:
    """What ties a token to its request; how many rows a page has may change."""
    asked = {k: v for k, v in params.items() if k not in ("NextToken", "MaxResults")}
    text = json.dumps([scope, asked], sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _write_token(seal: str, key: Token) -> str:
    return base64.urlsafe_b64encode(json.dumps([seal, *key]).encode()).decode()


def _read_token(token: str, seal: str) -> Token:
    try:
        sealed, value, serial = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise invalid("Invalid pagination token") from error
    if sealed != seal:
        raise invalid("Invalid pagination token")
    return value, int(serial)

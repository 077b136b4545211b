"""Lists as SageMaker answers them: filters, sort order, pages of ten unless asked otherwise."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.resource import Resource

# "The default value is 10" (API reference, MaxResults of ListApps and most others).
DEFAULT_PAGE = 10

_SORTS: dict[str, Callable[[Resource], Any]] = {
    "Name": lambda r: r.name,
    "CreationTime": lambda r: r.created,
    "LastModifiedTime": lambda r: r.modified,
    "Status": lambda r: r.status,
}

# Filters that are not called like the field they look at.
_FILTERED_FIELDS = {
    "AdditionalCodeRepository": "AdditionalCodeRepositories",
    "AppType": "StudioLifecycleConfigAppType",
}

_NOT_FILTERS = {"NextToken", "MaxResults", "SortBy", "SortOrder"}


def page(
    resources: Iterable[Resource], params: dict[str, Any]
) -> tuple[list[Resource], str | None]:
    """Return one page and the token of the next, or None at the end.

    A token names the last resource of its page, not a position, so that deleting
    resources between two pages neither skips nor repeats any.
    """
    found = [r for r in resources if _matches(r, params)]
    sort = _SORTS[params.get("SortBy", "CreationTime")]
    descending = params.get("SortOrder", "Ascending") == "Descending"
    found.sort(key=lambda r: (sort(r), r.serial), reverse=descending)
    token = params.get("NextToken")
    if token:
        after = _read_token(token)
        found = [r for r in found if _is_after((sort(r), r.serial), after, descending)]
    size = int(params.get("MaxResults", DEFAULT_PAGE))
    shown = found[:size]
    if len(found) <= size:
        return shown, None
    last = shown[-1]
    return shown, _write_token((sort(last), last.serial))


def _matches(resource: Resource, params: dict[str, Any]) -> bool:
    return all(
        _passes(resource, name, value)
        for name, value in params.items()
        if name not in _NOT_FILTERS and value is not None
    )


def _passes(resource: Resource, name: str, value: Any) -> bool:
    if name == "NameContains":
        return str(value).lower() in resource.name.lower()
    if name == "StatusEquals":
        return bool(resource.status == value)
    if name in ("CreationTimeAfter", "CreationTimeBefore"):
        return _in_time(resource.created, name, value)
    if name.removeprefix("Last") in ("ModifiedTimeAfter", "ModifiedTimeBefore"):
        return _in_time(resource.modified, name, value)
    if name.endswith("Equals"):
        return _equals(resource, name.removesuffix("Equals"), value)
    if name.endswith("Contains"):
        field = str(resource.fields.get(name.removesuffix("Contains"), ""))
        return str(value).lower() in field.lower()
    raise invalid(f"The local AWS does not have the filter {name} yet.")


def _equals(resource: Resource, name: str, value: Any) -> bool:
    field = _FILTERED_FIELDS.get(name, name)
    found = resource.fields.get(field)
    return value in found if isinstance(found, list) else bool(found == value)


def _in_time(moment: float, name: str, value: Any) -> bool:
    limit = float(value)
    return moment > limit if name.endswith("After") else moment < limit


def _is_after(key: tuple[Any, int], last: tuple[Any, int], descending: bool) -> bool:
    return key < last if descending else key > last


def _write_token(key: tuple[Any, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read_token(token: str) -> tuple[Any, int]:
    try:
        value, serial = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError as error:
        raise invalid("Invalid pagination token") from error
    return value, int(serial)

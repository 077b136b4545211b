"""What is done with every request and answer: repeats recognised, answers cut to their shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel

from rehearsal.errors import ApiError
from rehearsal.sagemaker.schema import conflict_code

# How many tokens are remembered, the latest ones; AWS does not say for how long it does.
_REMEMBERED = 10_000
_TOKENS = ("ClientRequestToken", "ClientToken")


@dataclass(slots=True)
class Once:
    """A request's answer: there already when the request is a repeat."""

    answer: dict[str, Any] | None = None


class Tokens:
    """Client request tokens: a repeated request gets the first one's answer, and does nothing.

    "A unique, case-sensitive identifier that you provide to ensure the idempotency of the
    operation" (CreatePipeline, API reference). The same token with another request is refused
    in our own words. What was made and is gone is made anew.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}

    @contextmanager
    def once(
        self,
        operation: OperationModel,
        region: str,
        params: dict[str, Any],
        is_there: Callable[[dict[str, Any]], bool],
    ) -> Iterator[Once]:
        """Hold a request's answer; it is kept when the request carries a token, and what it
        tells of `is_there`."""
        token = next((params[name] for name in _TOKENS if params.get(name)), None)
        if token is None:
            yield Once()
            return
        key = (region, operation.name, str(token))
        request = json.dumps(params, sort_keys=True, default=str)
        seen = self._seen.get(key)
        if seen is not None and seen[0] != request:
            raise ApiError(
                conflict_code(operation),
                f"The client token {token} was used for another {operation.name} request.",
            )
        makes = not operation.name.startswith(("Delete", "Stop"))
        if seen is not None and makes and not is_there(seen[1]):
            seen = None
        once = Once(seen[1] if seen else None)
        yield once
        if once.answer is not None:
            self._seen.pop(key, None)
            self._seen[key] = (request, once.answer)
            if len(self._seen) > _REMEMBERED:
                del self._seen[next(iter(self._seen))]


def without_null(params: dict[str, Any]) -> dict[str, Any]:
    """The request without members that are null: to the JSON protocol they are absent."""
    if not any(value is None or isinstance(value, (dict, list)) for value in params.values()):
        return params
    found: dict[str, Any] = _without_null(params)
    return found


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_null(item) for k, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return value


def shaped(operation: OperationModel, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without what the operation's output does not declare."""
    if operation.output_shape is None:
        return {}
    found: dict[str, Any] = _only_members(operation.output_shape, answer)
    return found


def _only_members(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {
            name: _only_members(members[name], item)
            for name, item in value.items()
            if item is not None and name in members
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_only_members(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _only_members(shape.value, item) for name, item in value.items()}
    return value

"""The resources of one kind in one region, and their orders.

A list is read page by page, mostly while nothing changes: an order is sorted once and kept
until a resource comes or goes, so that reading a list in full takes time linear in its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.sagemaker.resource import Key, Resource

Value = Callable[[Resource], Any]


class Store:
    """Resources by key; iteration is in order of creation."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Resource] = {}
        self._orders: dict[str, list[Resource]] = {}

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: Key) -> Resource | None:
        """The resource with this key, or None."""
        return self._by_key.get(key)

    def put(self, resource: Resource) -> None:
        """Add a resource, in the place of one with the same key."""
        self._by_key.pop(resource.key, None)
        self._by_key[resource.key] = resource
        self._orders.clear()

    def drop(self, resource: Resource) -> None:
        """Forget a resource, unless another has taken its place."""
        if self._by_key.get(resource.key) is resource:
            del self._by_key[resource.key]
            self._orders.clear()

    def ordered(self, order: str, value: Value, *, lasting: bool) -> list[Resource]:
        """All resources by (value, serial), ascending. `lasting` says that the value of a
        resource never changes, so that the order may be kept."""
        found = self._orders.get(order) if lasting else None
        if found is None:
            found = sorted(self._by_key.values(), key=lambda r: (value(r), r.serial))
            if lasting:
                self._orders[order] = found
        return found

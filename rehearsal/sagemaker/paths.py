"""Values at a dotted path of nested settings, through lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def values_at(node: Any, path: str) -> Iterator[Any]:
    """Every value at the path: `ProductionVariants.ModelName` yields one per variant."""
    if isinstance(node, list):
        for item in node:
            yield from values_at(item, path)
        return
    head, _, rest = path.partition(".")
    if not isinstance(node, dict) or node.get(head) is None:
        return
    if rest:
        yield from values_at(node[head], rest)
    elif isinstance(node[head], list):
        yield from node[head]
    else:
        yield node[head]

"""Which labs come before which: a lab builds on what its prerequisites handed over. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from workshop.errors import Problem

if TYPE_CHECKING:
    from modules.declarations import Module


def in_order(
    names: Iterable[str],
    modules: Mapping[str, Module],
    is_done: Callable[[str], bool] = lambda _name: False,
) -> list[str]:
    """The labs `names` and what they build on, every lab behind its prerequisites, once each.

    A prerequisite that `is_done` is left out, with all that it alone builds on; `is_done` is
    not asked about `names` themselves. Raises KeyError for a lab that is not in `modules`.
    """
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in ordered:
            return
        for earlier in modules[name].prerequisites:
            if earlier not in ordered and not is_done(earlier):
                visit(earlier)
        ordered[name] = None

    for name in names:
        visit(name)
    return list(ordered)


def prerequisite_problems(modules: Mapping[str, Module]) -> Iterator[Problem]:
    """What is wrong with the labs' prerequisites: a lab that is not there, or a circle."""
    for name, module in modules.items():
        for earlier in module.prerequisites:
            if earlier not in modules:
                yield Problem(
                    f"{name}: prerequisites",
                    f"there is no module {earlier!r}",
                    f"name one of {', '.join(modules)}",
                )
        if name in _all_before(name, modules):
            yield Problem(
                f"{name}: prerequisites",
                "the lab comes before itself",
                "take one of the prerequisites out of the circle",
            )


def _all_before(name: str, modules: Mapping[str, Module]) -> set[str]:
    """Every lab that must come before one, near or far."""
    before: set[str] = set()
    waiting = list(modules[name].prerequisites)
    while waiting:
        earlier = waiting.pop()
        if earlier not in before and earlier in modules:
            before.add(earlier)
            waiting += modules[earlier].prerequisites
    return before

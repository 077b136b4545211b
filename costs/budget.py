"""What a workshop's budget says to its estimate. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from costs.estimate import Estimate
from workshop.errors import WorkshopError
from workshop.model import Budget


def has_budget(budget: Budget) -> bool:
    """Whether any limit is set."""
    return budget.total is not None or budget.per_attendee is not None


def refusal(budget: Budget, found: Estimate) -> WorkshopError | None:
    """Why a workshop may not be deployed: it has a budget, and what it costs is not known."""
    unknown = sorted(found.total.unknown)
    if not has_budget(budget) or not unknown:
        return None
    count = f"{len(unknown)} price{'s' if len(unknown) > 1 else ''}"
    return WorkshopError(
        f"the workshop has a budget, and {count} it needs {_be(unknown)} unknown",
        f"unknown: {'; '.join(str(cell) for cell in unknown)}",
        "workshop cost --refresh, which reads AWS's Price List; where that has none, write the "
        "price into the file that it names, or remove `budget` from the YAML",
    )


def warnings(budget: Budget, found: Estimate) -> list[str]:
    """In words, where the expected cost is above the budget."""
    total, each = found.total.usd.expected, found.dearest_attendee.usd.expected
    told = []
    if budget.total is not None and total > budget.total:
        told.append(f"expected to cost {total:.2f} USD, above budget.total of {budget.total:.2f}")
    if budget.per_attendee is not None and each > budget.per_attendee:
        told.append(
            f"expected to cost {each:.2f} USD per attendee, above budget.per_attendee of "
            f"{budget.per_attendee:.2f}"
        )
    return told


def _be(things: Sequence[object]) -> str:
    return "are" if len(things) > 1 else "is"

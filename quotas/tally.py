"""What is counted of one kind of resource: whose it is, how many units, and what stays unclear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from workshop import names
from workshop.aws import error_code


@dataclass(frozen=True, slots=True)
class Ours:
    """What the workshop's own need includes: the resources of `attendees`, by their ids.

    Resources of attendees who have left the workshop or the region are in use like anybody's.
    """

    workshop: str
    attendees: frozenset[str]

    def has(self, *candidates: str | None) -> bool:
        """Whether one of the names is one of theirs."""
        return any(
            name and names.owner_by_name(self.workshop, name) in self.attendees
            for name in candidates
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """Units in use by quota code. `codes` are those that matter; `unclear` says of some why
    their units are not known, whatever was counted."""

    codes: frozenset[str]
    units: Counter[str] = field(default_factory=Counter)
    unclear: dict[str, Exception] = field(default_factory=dict)

    def add(self, code: str, units: int = 1) -> None:
        """Count units of a quota."""
        self.units[code] += units

    def blur(self, codes: Collection[str], error: Exception) -> None:
        """Units of these quotas are in use, and it is not known how many."""
        for code in self.codes & set(codes):
            self.unclear.setdefault(code, error)

    def blur_all_but(self, codes: Set[str], error: Exception) -> None:
        """The same of all quotas but these: which instance type is used is not known."""
        self.blur(self.codes - codes, error)

    def known(self) -> dict[str, int]:
        """The units of those quotas of which they are known."""
        return {code: self.units[code] for code in self.codes - self.unclear.keys()}


@contextmanager
def passing_over_gone() -> Iterator[None]:
    """Pass over what ended between the listing and the look; then it uses nothing."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


def is_gone(error: ClientError) -> bool:
    """Whether an operation was refused because there is no such resource (any more).

    SageMaker's older operations have no code of their own for it: "Could not find endpoint",
    and DescribeNotebookInstance "RecordNotFound" (hashicorp/terraform-provider-aws looks for
    these words too).
    """
    if error_code(error) in ("ResourceNotFound", "ResourceNotFoundException"):
        return True
    words = ("Could not find", "RecordNotFound")
    return error_code(error) == "ValidationException" and any(w in str(error) for w in words)

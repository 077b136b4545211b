"""The limits AWS applies to the account in a region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

SERVICE = "sagemaker"
# "Service Quotas endpoints and quotas" in the AWS General Reference: ListServiceQuotas and the
# other listings 10 a second in a region, RequestServiceQuotaIncrease 3.
LISTS_PER_SECOND = 10.0
REQUESTS_PER_SECOND = 3.0

_Page = TypeVar("_Page")


class Pace:
    """Lets calls begin at most so often a second. One for each region and thread."""

    def __init__(
        self, per_second: float, now: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        """`now` gives seconds of a clock that never goes back, `sleep` waits so many."""
        self._interval = 1 / per_second
        self._now = now
        self._sleep = sleep
        self._next: float | None = None

    def wait(self) -> None:
        """Wait until another call may begin."""
        now = self._now()
        if self._next is not None and now < self._next:
            self._sleep(self._next - now)
            now = self._next
        self._next = now + self._interval

    def each(self, pages: Iterable[_Page]) -> Iterator[_Page]:
        """The pages of a listing, each asked for when another call may begin."""
        iterator = iter(pages)
        while True:
            self.wait()
            try:
                page = next(iterator)
            except StopIteration:
                return
            yield page


@dataclass(frozen=True, slots=True)
class Limits:
    """SageMaker's quotas in a region by code: the applied values, and which can be raised.

    What is missing in `applied` is unknown, never 0 and never AWS's default.
    """

    applied: dict[str, float]
    adjustable: dict[str, bool]


def read_limits(service_quotas: Any, pace: Pace) -> Limits:
    """List every SageMaker quota in the client's region.

    Service Quotas, ListServiceQuotas: about 23 pages. A quota that comes with an ErrorReason
    or without a value is left out of `applied`.

    Raises:
        botocore.exceptions.ClientError: a page was refused; a partial listing would read as
            if quotas did not exist, so nothing is returned.
    """
    limits = Limits({}, {})
    paginator = service_quotas.get_paginator("list_service_quotas")
    # 100 is the most that MaxResults may be (API reference).
    for page in pace.each(paginator.paginate(ServiceCode=SERVICE, MaxResults=100)):
        for quota in page["Quotas"]:
            limits.adjustable[quota["QuotaCode"]] = quota.get("Adjustable", False)
            if "Value" in quota and not quota.get("ErrorReason"):
                limits.applied[quota["QuotaCode"]] = quota["Value"]
    return limits

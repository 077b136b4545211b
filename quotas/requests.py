"""Asking AWS for increases: one call each, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from quotas.history import Increase, list_increases, make_increase
from quotas.increases import Ask
from quotas.limits import SERVICE, Pace
from workshop.aws import error_code

# {region: a client of Service Quotas}
QuotaClients = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of an increase that was asked for. `error` is set when AWS refused it."""

    ask: Ask
    outcome: Literal["filed", "open already", "refused"]
    increase: Increase | None = None
    error: Exception | None = None


def file_increases(
    asks: Iterable[Ask], clients: QuotaClients, paces: Mapping[str, Pace]
) -> Iterator[Filed]:
    """Ask AWS for each increase, in their order, and yield what became of it.

    Service Quotas, RequestServiceQuotaIncrease. A request that somebody made meanwhile is
    "open already", so asking twice changes nothing. A refusal stops no other request.
    """
    for ask in asks:
        paces[ask.region].wait()
        try:
            answer = clients[ask.region].request_service_quota_increase(
                ServiceCode=SERVICE, QuotaCode=ask.code, DesiredValue=float(ask.desired)
            )
        except (ClientError, BotoCoreError) as error:
            # "You can only have one pending request per quota" (the API's model, 409).
            known = error_code(error) == "ResourceAlreadyExistsException"
            yield Filed(ask, "open already" if known else "refused", error=error)
            continue
        yield Filed(ask, "filed", make_increase(ask.region, answer["RequestedQuota"]))


def latest(
    wanted: Sequence[tuple[str, str]], clients: QuotaClients, paces: Mapping[str, Pace]
) -> dict[tuple[str, str], Increase]:
    """Map each (region, code) to its newest request; one that has none is left out.

    Raises ClientError when a region's history cannot be listed.
    """
    found: dict[tuple[str, str], Increase] = {}
    for region in sorted({region for region, _ in wanted}):
        for increase in list_increases(clients[region], region, paces[region]):
            key = (region, increase.code)
            if increase.service == SERVICE and key in wanted and key not in found:
                found[key] = increase
    return found

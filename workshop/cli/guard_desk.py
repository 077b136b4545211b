"""What all modes of `workshop guard`, and `workshop extend`, begin with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from costs.own_prices import load_prices_of_here
from costs.prices import Prices
from guard.policy import GuardPolicy, thaw
from workshop import names
from workshop.aws import Clients, error_code
from workshop.cli.boundary import explain
from workshop.cli.ledgers import Book, guarded_regions, read_books
from workshop.config import load_workshop
from workshop.errors import WorkshopError
from workshop.model import Workshop

_NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A guard's schedule as it is deployed: "ENABLED", "DISABLED", "missing", or "" when it
    could not be read, and `problem` says why. `policy` is what every run is given."""

    region: str
    state: str
    policy: GuardPolicy | None = None
    problem: WorkshopError | None = None


@dataclass(frozen=True)
class Desk:
    """A workshop, the regions to work on, and who asks."""

    workshop: Workshop
    regions: tuple[str, ...]
    prices: Prices
    clients: Clients

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What GetCallerIdentity says."""
        found: dict[str, Any] = self.clients("sts", self.regions[0]).get_caller_identity()
        return found

    @property
    def account(self) -> str:
        """The account's 12-digit id."""
        return str(self.identity["Account"])

    @property
    def partition(self) -> str:
        """ "aws", "aws-cn", "aws-us-gov"."""
        return str(self.identity["Arn"]).split(":")[1]

    @property
    def caller(self) -> str:
        """Who asks, in one word: the user's name, or the session's."""
        return str(self.identity["Arn"]).rpartition(":")[2].rpartition("/")[2]

    def books(self, regions: Iterable[str] | None = None, *, elsewhere: bool = False) -> list[Book]:
        """The ledgers, of all regions to work on or of some; on request each with what others
        have spent."""
        chosen = self.regions if regions is None else tuple(regions)
        return read_books(self.workshop, chosen, self.prices, self.clients, elsewhere=elsewhere)

    def schedule(self, region: str) -> Schedule:
        """A guard's schedule (GetSchedule, EventBridge Scheduler API reference)."""
        name = names.guard_name(self.workshop.name)
        try:
            found = self.clients("scheduler", region).get_schedule(Name=name)
            policy = thaw(json.loads(found["Target"].get("Input", "{}")).get("policy", {}))
        except (ClientError, BotoCoreError) as error:
            missing = error_code(error) == _NOT_FOUND
            return Schedule(region, "missing" if missing else "", None, explain(error))
        except (WorkshopError, ValueError) as error:
            return Schedule(region, str(found["State"]), None, explain(error))
        return Schedule(region, str(found["State"]), policy)


def in_utc(moment: datetime | None) -> datetime | None:
    """A time in UTC, as all of a JSON document has it: a YAML's may be of any zone."""
    return None if moment is None else moment.astimezone(UTC)


def open_desk(config: Path, regions: tuple[str, ...], clients: Clients) -> Desk:
    """Read the configuration and the prices beside it.

    Raises UsageError for a region that the workshop does not have.
    """
    workshop = load_workshop(config)
    chosen = guarded_regions(workshop, regions)
    return Desk(workshop, chosen, load_prices_of_here(config, clients), clients)

"""One region under examination, and how a probe's failure stays its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from modules.declarations import Module
from workshop.cli.findings import Finding, unknown
from workshop.model import Attendee, Workshop

Failure = (ClientError, BotoCoreError)


@dataclass(frozen=True, slots=True)
class Region:
    """One region of a workshop, with the clients to look at it, by service.

    `stacks` are the workshop's own stacks that exist there; None when they are not known.
    """

    workshop: Workshop
    name: str
    account: str
    modules: Sequence[Module]
    clients: Mapping[str, Any]
    stacks: frozenset[str] | None = None

    @property
    def attendees(self) -> tuple[Attendee, ...]:
        """Whose environments are in this region."""
        return self.workshop.attendees_in(self.name)

    @property
    def in_studio(self) -> int:
        """How many of them use Studio."""
        return sum(1 for attendee in self.attendees if attendee.environment == "studio")

    @property
    def makes_domain(self) -> bool:
        """Whether the workshop makes a Studio domain of its own here."""
        return self.in_studio > 0 and self.name not in self.workshop.domains

    @property
    def makes_network(self) -> bool:
        """Whether it makes a VPC for that domain."""
        return self.makes_domain and self.name not in self.workshop.networks

    def found(self, subject: str, what: str, why: str = "", fix: str = "") -> Finding:
        """Something in order; `why` and `fix` where there is more to know about it."""
        return Finding(self.name, subject, "ok", what, why, fix)

    def problem(self, subject: str, what: str, why: str, fix: str) -> Finding:
        """Something that would stop the workshop."""
        return Finding(self.name, subject, "problem", what, why, fix)

    def unclear(self, subject: str, what: str, why: str, fix: str) -> Finding:
        """Something that AWS answered without saying what is to be known."""
        return Finding(self.name, subject, "unknown", what, why, fix)


Probe = Callable[[Region], Sequence[Finding]]


def guarded(region: Region, subject: str, probe: Probe) -> list[Finding]:
    """What a probe finds; where AWS refuses or fails, that this could not be found out."""
    try:
        return list(probe(region))
    except Failure as error:
        return [unknown(region.name, subject, error)]

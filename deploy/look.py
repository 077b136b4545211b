"""Looks at a region's stacks again and again; a look that fails is no news, for a while."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from deploy.state import StackState, read_stacks
from workshop.aws import Clients, error_code

# Listings that fail, each after its own retries, are tried again at the next look for so long.
PATIENCE_SECONDS = 300.0
# After these no later call can succeed (STS's and the signature's error codes).
_STALE = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})

Refusal = (ClientError, BotoCoreError)


class Looker:
    """Lists stacks for one run. `now` is passed in."""

    def __init__(self, clients: Clients, now: Callable[[], float]) -> None:
        self._clients = clients
        self._now = now
        self._blind: dict[str, float] = {}  # region -> since when its stacks cannot be listed

    def stacks(self, region: str) -> dict[str, StackState] | None:
        """A region's stacks by name, or None when they cannot be listed now.

        Raises ClientError when the credentials have expired, and what the listing raised when
        it has failed for PATIENCE_SECONDS.
        """
        try:
            states = read_stacks(self._clients("cloudformation", region), region)
        except Refusal as error:
            raise_if_stale(error)
            since = self._blind.setdefault(region, self._now())
            if self._now() - since >= PATIENCE_SECONDS:
                raise
            return None
        self._blind.pop(region, None)
        return states


def raise_if_stale(error: Exception) -> None:
    """Raise an error again after which no later call can succeed: credentials have expired."""
    if error_code(error) in _STALE:
        raise error

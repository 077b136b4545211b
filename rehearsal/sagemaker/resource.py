"""One resource of the local SageMaker, and what is about to happen to it."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rehearsal.sagemaker.kind import Kind

Key = tuple[str | None, ...]

_ID_CHARACTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 12


def new_id(prefix: str = "") -> str:
    """An identifier as AWS makes them up: twelve lower-case letters and digits."""
    return prefix + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))


class Activity(Protocol):
    """Real work behind a resource: a job's process, an endpoint's server, a boot script."""

    def poll(self) -> Outcome | None:
        """What came of it, or None while it goes on. Never blocks."""
        ...

    def stop(self) -> None:
        """End it; `poll` then answers soon."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an activity ended: the resource's next status and fields to set."""

    status: str
    reason: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Transition:
    """A change of status that is due at `due` (seconds since the epoch)."""

    due: float
    status: str
    done: Callable[[], None] | None = None
    reason: str = ""


@dataclass(slots=True, eq=False)
class Resource:
    """`fields` is what describe answers, without the status that `status` holds."""

    kind: Kind
    region: str
    key: Key
    arn: str
    serial: int  # order of creation
    created: float
    modified: float
    status: str
    fields: dict[str, Any]
    tags: dict[str, str]
    transition: Transition | None = None
    activity: Activity | None = None
    # Facts of the kind's own rules that no API shows (an endpoint's servers, a home directory).
    private: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The resource's name, as lists sort and filter by it."""
        return str(self.fields.get(self.kind.name_field) or self.key[-1])

    @property
    def path(self) -> str:
        """All that identifies it, with its name: an app's domain, space, type and name."""
        return "/".join(dict.fromkeys(part for part in (*self.key, self.name) if part))

    def described(self) -> dict[str, Any]:
        """All fields, the status among them, as describe and list answer them."""
        shown = {name: value for name, value in self.fields.items() if value is not None}
        if self.kind.status_field and self.status:
            shown[self.kind.status_field] = self.status
        # Where describe calls it Arn, creating and stopping may not.
        shown.setdefault(f"{self.kind.noun}Arn", self.arn)
        return shown

    def words(self) -> dict[str, Any]:
        """What AWS's wording can mention of this resource."""
        return {**self.fields, "arn": self.arn, "status": self.status}

"""What a workshop is, once its YAML has been read: plain frozen data.

`workshop.config` makes these from a file; everything else only reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Environment = Literal["studio", "notebook"]
JobUse = Literal["training", "processing", "transform", "endpoint"]

JOB_USES: tuple[JobUse, ...] = ("training", "processing", "transform", "endpoint")


@dataclass(frozen=True, slots=True)
class Attendee:
    """One person, their region and their kind of environment."""

    id: str
    region: str
    environment: Environment
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository that is cloned into every environment."""

    url: str
    ref: str


@dataclass(frozen=True, slots=True)
class Instances:
    """Instance types: the workspace's, and for each use the allowed ones, default first."""

    workspace: str
    training: tuple[str, ...]
    processing: tuple[str, ...]
    transform: tuple[str, ...]
    endpoint: tuple[str, ...]

    def allowed(self, use: JobUse) -> tuple[str, ...]:
        """The instance types attendees may use for a kind of job, the default first."""
        by_use = {
            "training": self.training,
            "processing": self.processing,
            "transform": self.transform,
            "endpoint": self.endpoint,
        }
        return by_use[use]


@dataclass(frozen=True, slots=True)
class Network:
    """Ids of an existing VPC in one region."""

    vpc: str
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """Minutes without activity after which something is shut down."""

    workspace_minutes: int
    endpoint_minutes: int


@dataclass(frozen=True, slots=True)
class Budget:
    """USD; None means no limit."""

    total: float | None
    per_attendee: float | None


# What the guard does once the workshop's end and the minutes of grace are over.
AfterEnd = Literal["stop", "delete"]


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What happens after the end: minutes of grace, names that are never touched, the ids of
    accounts that may be swept as a whole, and whether what attendees made is deleted too."""

    grace_minutes: int
    protected: tuple[str, ...]
    dedicated_accounts: tuple[str, ...] = ()
    after_end: AfterEnd = "stop"


@dataclass(frozen=True, slots=True)
class Guard:
    """What the guard stops besides what is idle, and whom it tells.

    `instances` is how many instances a job or an endpoint variant may have; `unseen_hours` the
    age at which an environment or endpoint is stopped whose use nobody can see.
    """

    job_minutes: int
    instances: int
    unseen_hours: int
    notify: tuple[str, ...] = ()
    webhook: str = ""


@dataclass(frozen=True, slots=True)
class Workshop:
    """One event. `attendees` are sorted by id, `regions` as the file lists them."""

    name: str
    title: str
    environment: Environment
    attendees: tuple[Attendee, ...]
    regions: tuple[str, ...]
    starts: datetime
    ends: datetime
    repository: Repository
    modules: tuple[str, ...]
    instances: Instances
    networks: dict[str, Network]  # region -> existing network; absent: a VPC of its own
    domains: dict[str, str]  # region -> existing domain id; absent: a domain of its own
    idle: Idle
    budget: Budget
    cleanup: Cleanup
    guard: Guard
    # The modules that run at the same time, slot by slot; (): one module after the other.
    schedule: tuple[tuple[str, ...], ...] = ()
    headroom: float = 0.0  # of every quota, beyond what the attendees need: 0.2 is a fifth
    builds_images: bool = False  # in one of the modules attendees build container images

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """The modules in the order they are taught, those of a slot at the same time."""
        return self.schedule or tuple((module,) for module in self.modules)

    def attendees_in(self, region: str) -> tuple[Attendee, ...]:
        """The attendees whose environment is in a region, sorted by id."""
        return tuple(a for a in self.attendees if a.region == region)

    def attendee(self, attendee_id: str) -> Attendee | None:
        """The attendee with an id, or None."""
        return next((a for a in self.attendees if a.id == attendee_id), None)

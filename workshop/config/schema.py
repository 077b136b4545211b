"""What workshop.yaml may contain: the pydantic models, and the JSON schema for editors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
)
from pydantic_core import core_schema

from workshop import names
from workshop.config import fields, tables
from workshop.model import AfterEnd, Environment

_TIMESTAMP_PATTERN = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})$"


# Compared by identity: typing hashes metadata, and a schema is a dict.
@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Annotates a string: a rule of `fields`, and what editors are told instead of it."""

    rule: Callable[[str], str]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.rule, handler(source))

    def __get_pydantic_json_schema__(
        self,
        _schema: core_schema.CoreSchema,
        _handler: GetJsonSchemaHandler,
    ) -> dict[str, Any]:
        return {"type": "string", **self.schema}


def _one_of(*uses: str) -> dict[str, Any]:
    return {"enum": sorted({name for use in uses for name in tables.instance_types(use)})}


def _job(use: str) -> Checked:
    return Checked(fields.instance_type_for(use), _one_of(use))


_Unique = Field(min_length=1, json_schema_extra={"uniqueItems": True})
_NoRepeats = AfterValidator(fields.no_repeats)

WorkshopName = Annotated[
    str, Checked(fields.workshop_name, {"pattern": f"^{names.WORKSHOP_NAME_PATTERN.pattern}$"})
]
AttendeeId = Annotated[
    str,
    Checked(
        fields.attendee_id,
        {"pattern": f"^{names.ATTENDEE_ID_PATTERN.pattern}$", "not": {"const": names.SHARED}},
    ),
]
Region = Annotated[str, Checked(fields.region, {"enum": sorted(tables.environments_by_region())})]
AccountId = Annotated[
    str,
    BeforeValidator(fields.account_id),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{12}$"}),
]
Timestamp = Annotated[str, Checked(fields.timestamp, {"pattern": _TIMESTAMP_PATTERN})]
ModuleName = Annotated[str, Checked(fields.module_name, {"enum": sorted(tables.needs_by_module())})]

Slot = Annotated[list[ModuleName], _Unique, _NoRepeats]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class AttendeeYaml(_Section):
    """One person. Only the id is needed."""

    id: AttendeeId
    """Lower-case letters and digits; part of the names of everything the person makes."""
    name: str = Field(default="", max_length=200)
    """For people to read; any script."""
    email: Annotated[str, AfterValidator(fields.email)] | None = None
    """Where the sign-in link goes."""
    environment: Environment | None = None
    """This person's kind of environment, when it is not the workshop's."""
    region: Region | None = None
    """This person's region; without it a stable rule chooses one of `regions`."""


class RosterYaml(_Section):
    """A CSV file with the people."""

    roster: str = Field(min_length=1)
    """Path of a CSV file beside this one; columns id, name, email, environment, region."""


def _kind_of_attendees(value: Any) -> str:
    if isinstance(value, dict):
        return "roster"
    return "list" if isinstance(value, list) else "count"


def _kind_of_entry(value: Any) -> str:
    return "entry" if isinstance(value, dict | AttendeeYaml) else "id"


Entry = Annotated[
    Annotated[AttendeeId, Tag("id")] | Annotated[AttendeeYaml, Tag("entry")],
    Discriminator(_kind_of_entry),
]
Attendees = Annotated[
    Annotated[int, Field(ge=1, le=999), Tag("count")]
    | Annotated[list[Entry], Field(min_length=1), Tag("list")]
    | Annotated[RosterYaml, Tag("roster")],
    Discriminator(_kind_of_attendees),
]


class RepositoryYaml(_Section):
    """The git repository that every environment clones."""

    url: Annotated[str, Checked(fields.repository_url, {"pattern": "^https://"})]
    """https, readable without signing in."""
    ref: Annotated[str, Checked(fields.git_ref, {"minLength": 1})] = "main"
    """Branch, tag or commit; a commit makes every environment alike."""


class InstancesYaml(_Section):
    """Instance types attendees may use; IAM enforces it. The first of a list is the default."""

    # Which types fit depends on the attendees' environments: rules.py.
    workspace: Annotated[str, Checked(str, _one_of("studio", "notebook"))] = "ml.t3.medium"
    """The JupyterLab app or the notebook instance of each attendee."""
    training: Annotated[list[Annotated[str, _job("training")]], _Unique, _NoRepeats] = [
        "ml.m5.xlarge"
    ]
    """For training and tuning jobs."""
    processing: Annotated[list[Annotated[str, _job("processing")]], _Unique, _NoRepeats] = [
        "ml.m5.xlarge"
    ]
    """For processing jobs."""
    transform: Annotated[list[Annotated[str, _job("transform")]], _Unique, _NoRepeats] = [
        "ml.m5.xlarge"
    ]
    """For batch transform jobs."""
    endpoint: Annotated[list[Annotated[str, _job("endpoint")]], _Unique, _NoRepeats] = [
        "ml.m5.large"
    ]
    """For endpoints."""


class NetworkYaml(_Section):
    """An existing network."""

    vpc: str = Field(pattern=r"^vpc-[0-9a-z]+$", max_length=32)
    """Id of the VPC."""
    # botocore: Subnets has 1 to 16 members.
    subnets: Annotated[
        list[Annotated[str, Field(pattern=r"^subnet-[0-9a-z]+$", max_length=32)]],
        Field(min_length=1, max_length=16),
        _NoRepeats,
    ]
    """Ids of its subnets, two or more in different zones."""


class IdleYaml(_Section):
    """Minutes without activity after which something is shut down."""

    # botocore's IdleTimeoutInMinutes: 60 to 525600. Notebook instances may have less,
    # which rules.py knows.
    workspace_minutes: int = Field(default=60, ge=10, le=525_600)
    """Studio apps: 60 to 525600; notebook instances, which watch themselves: 10 or more."""
    endpoint_minutes: int = Field(default=60, ge=10, le=525_600)
    """Endpoints: 10 or more."""


class BudgetYaml(_Section):
    """US dollars; leave a key out for no limit."""

    total: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """For the whole workshop."""
    per_attendee: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """For each attendee."""


class CleanupYaml(_Section):
    """What happens after the end."""

    grace_minutes: int = Field(default=60, ge=0, le=10_080)
    """Minutes after `ends` before everything that bills by the hour is stopped."""
    protected: Annotated[list[str], _NoRepeats] = []
    """Names of resources that are never touched."""
    dedicated_accounts: Annotated[list[AccountId], _NoRepeats] = []
    """Accounts that are there for the event alone: `cleanup --everything` works only in these."""
    after_end: AfterEnd = "stop"
    """`stop`: what bills by the hour is stopped then; `delete`: what attendees made goes too."""


class GuardYaml(_Section):
    """What the guard, a function that runs every ten minutes, stops besides what is idle."""

    # 28 days: the most that a training job may run (botocore: MaxRuntimeInSeconds).
    job_minutes: int = Field(default=240, ge=10, le=40_320)
    """A job that has run for longer is stopped."""
    instances: int | None = Field(default=None, ge=1, le=1000)
    """Instances a job or an endpoint variant may have; without it: the most a module needs."""
    unseen_hours: int = Field(default=12, ge=1, le=8760)
    """Age at which an environment or endpoint is stopped whose use could not be seen."""
    notify: Annotated[list[Annotated[str, AfterValidator(fields.email)]], _NoRepeats] = []
    """E-mail addresses that get the guard's notices, once they have confirmed."""
    webhook: Annotated[str, Checked(fields.webhook, {"pattern": "^https://"})] | None = None
    """A URL that the guard's notices are posted to as JSON: {"text": ...}."""


class WorkshopYaml(_Section):
    """One Amazon SageMaker workshop."""

    name: WorkshopName
    """Lower-case letters and digits, a letter first; the beginning of every resource's name."""
    title: str = Field(default="", max_length=200)
    """For people to read."""
    environment: Environment = "studio"
    """`studio`: a private JupyterLab space; `notebook`: a notebook instance."""
    attendees: Attendees
    """A count (ids a001, a002, ...), a list of ids or people, or a roster file."""
    regions: Annotated[list[Region], _Unique, _NoRepeats]
    """Where the environments stand; each attendee is in one of them."""
    starts: Timestamp
    """ISO 8601 with time zone: 2026-03-02T09:00:00+01:00."""
    ends: Timestamp
    """ISO 8601 with time zone; after it and `cleanup.grace_minutes` everything is stopped."""
    repository: RepositoryYaml
    """The git repository that every environment clones."""
    modules: Annotated[list[ModuleName], _Unique, _NoRepeats]
    """The labs, in the order they are taught."""
    schedule: Annotated[list[Slot], Field(min_length=1)] | None = None
    """Slots of modules that run at the same time; without it: one module after the other."""
    instances: InstancesYaml = InstancesYaml()
    """Instance types attendees may use."""
    network: dict[Region, NetworkYaml] = {}
    """Region -> an existing network; without it a small VPC is made."""
    domain: dict[Region, Annotated[str, Field(pattern=r"^d-(-*[a-z0-9]){1,61}$")]] = {}
    """Region -> id of an existing Studio domain; without it one is made."""
    idle: IdleYaml = IdleYaml()
    """Minutes without activity after which something is shut down."""
    budget: BudgetYaml = BudgetYaml()
    """US dollars."""
    headroom: float = Field(default=0.0, ge=0, le=10, allow_inf_nan=False)
    """More of every quota than the attendees need, as a fraction: 0.2 is a fifth more."""
    cleanup: CleanupYaml = CleanupYaml()
    """What happens after the end."""
    guard: GuardYaml = GuardYaml()
    """What is stopped besides what is idle, and who is told."""


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of workshop.yaml, for editors."""
    schema = WorkshopYaml.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

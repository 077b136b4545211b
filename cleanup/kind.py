"""What the sweep knows of one kind of resource: a row of the table in `cleanup.kinds`.

Operations are boto3 client methods; fields are members of what the list operation returns,
a dot leads into a structure (`ResourceSpec.InstanceType`).
`tests/unit/cleanup/test_kinds.py` holds every row against botocore's model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

WAIT = "wait"  # something is going on; look again
GONE = "gone"  # listed, but no longer there
REST = "rest"  # ended by itself: bills nothing, blocks nothing
PAID = "paid"  # paid for, and there is no operation that ends it: reported, never called

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parent:
    """One listing per parent: `given` maps the list operation's parameters to the parent's
    listed fields. They are merged into the child's rows, and the parent's owner owns it."""

    kind: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What must be read just before a call: `operation` is called with the resource's id
    parameters (through `ask_with` when they differ), and `parameters` makes of the answer what
    the call takes besides the ids."""

    operation: str
    parameters: Callable[[Row], dict[str, Any]]
    ask_with: Callable[[Row], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """How to tag what a domain would leave behind while the domain still says whose it is: a
    sweep that is killed in between finds it by the tag. `parameters` makes of the id
    parameters and the tag's key and value what the operation takes."""

    operation: str
    parameters: Callable[[Row, str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of resource.

    Listing: `list_with` are fixed parameters; `variants` makes one listing each; `parent`
    makes one per resource of another kind.

    Identity: `id_fields` are what stop and delete operations take: a field that has the
    parameter's name, or (parameter, field). One that a resource does not have is not sent.
    `sent_as` is for parameters whose form is not the listed one.

    State: `on_status` maps every status to a client method or to WAIT, GONE, REST or PAID; a
    kind without states has `always`. `status_of` derives a status where the service has none.
    `forget` deletes the record of something that has ended (in a REST status).

    Order: `after` names the kinds that must be gone first, of the same owner. `leftover`:
    SageMaker leaves it behind elsewhere; it goes last, and only without its domain.

    Bill: "hour" while it runs, "month" for storage, "" for nothing; `bills_in` says where a
    status differs. `instance_field` is the listed instance type.
    """

    name: str
    service: str = "sagemaker"
    list_op: str
    list_key: str
    list_with: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Mapping[str, Any], ...] = ({},)
    parent: Parent | None = None
    # The most that one page may hold; 0 where the operation takes no limit.
    page_size: int = 100
    id_fields: tuple[str | tuple[str, str], ...]
    sent_as: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    name_field: str = ""
    # Where the name is only a part of a field.
    name_of: Callable[[Row], str] | None = None
    arn_field: str = ""
    # What its ARN ends with after the account, where the listing has no ARN.
    arn_path: Callable[[Row], str] | None = None
    created_field: str = "CreationTime"
    status_field: str = ""
    status_of: Callable[[Row], str] | None = None
    on_status: Mapping[str, str] = field(default_factory=dict)
    always: str = ""
    forget: str = ""
    after: tuple[str, ...] = ()
    leftover: bool = False
    claim: Claim | None = None
    bills: str = ""
    bills_in: Mapping[str, str] = field(default_factory=dict)
    instance_field: str = ""
    # What was paid for it up front, in words, where the listing says so.
    fee_of: Callable[[Row], str] | None = None
    # What an operation takes besides the ids: always the same, or to be asked for.
    call_with: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    # Part of what the workshop's stacks provision, when it bears the environment's name.
    environment: bool = False
    # What attendees work in: an app, a notebook instance.
    workplace: bool = False
    # To which domain, user profile or space a Studio resource belongs.
    domain_of: Callable[[Row], str] | None = None
    owner_fields: tuple[str, ...] = ()
    # What it is a part of: (kind, field with that one's name, id or ARN). A part of what is
    # kept is kept.
    within: tuple[tuple[str, str], ...] = ()
    # Where the listed row itself carries tags ([{"Key", "Value"}] or [{"key", "value"}]).
    tags_field: str = ""
    # The VPC it lies in; what lies in the workshop's own is the workshop's.
    vpc_field: str = ""
    # Seconds after which it is stuck, where the engine's default is too short.
    patience_seconds: float | None = None

    def name_in(self, row: Row) -> str:
        """The name of a listed resource."""
        return self.name_of(row) if self.name_of else str(value(row, self.name_field) or "")

    def status_in(self, row: Row) -> str:
        """The status of a listed resource; "" for a kind without states."""
        if self.status_of:
            return self.status_of(row)
        return str(value(row, self.status_field) or "") if self.status_field else ""

    def ids_in(self, row: Row) -> tuple[tuple[str, str], ...]:
        """(parameter, value) of what identifies a listed resource, in the table's order."""
        pairs = [entry if isinstance(entry, tuple) else (entry, entry) for entry in self.id_fields]
        found = [(parameter, value(row, name)) for parameter, name in pairs]
        return tuple((parameter, str(v)) for parameter, v in found if v)

    def ids_sent(self, ids: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """The id parameters of a call, made of what `ids_in` returned."""
        return {name: self.sent_as.get(name, str)(found) for name, found in ids}

    def action(self, status: str) -> str:
        """What to do in a status: a client method, WAIT, GONE, REST or PAID.

        An unknown status (a newer API) waits: it is neither deleted nor called clean.
        """
        if self.always:
            return self.always
        return self.on_status.get(status, WAIT)

    def bills_at(self, status: str) -> str:
        """ "hour", "month" or "": what a resource in a status costs."""
        if self.action(status) in (GONE, REST):
            return ""
        return self.bills_in.get(status, self.bills)

    @property
    def calls(self) -> tuple[str, ...]:
        """The client methods that end something, sorted."""
        found = {self.always, self.forget, *self.on_status.values()}
        return tuple(sorted(found - {WAIT, GONE, REST, PAID, ""}))

    @property
    def reads(self) -> tuple[str, ...]:
        """The client methods that read, sorted."""
        return tuple(sorted({self.list_op, *(q.operation for q in self.questions.values())}))


def value(row: Row, path: str) -> Any:
    """The value at a path of members; None where there is none."""
    found: Any = row
    for part in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def domain_field(row: Row) -> str:
    """The domain of a resource whose listing names it."""
    return str(row.get("DomainId") or "")

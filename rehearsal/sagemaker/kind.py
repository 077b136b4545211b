"""What a row of the table of kinds says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GONE = "(gone)"

NOT_EXECUTED = "not executed locally: the local AWS has no program for this kind of job"

States = frozenset[str]


@dataclass(frozen=True, slots=True)
class Holder:
    """What keeps a resource from being deleted: one of `kind` whose `path` names it.

    `path` is dotted and goes through lists. A holder in one of `free_in` no longer holds.
    """

    kind: str
    path: str
    free_in: States = frozenset()


@dataclass(frozen=True, slots=True)
class Need:
    """What must exist before a resource can be made: each value at `path` names one of `kind`."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of resource.

    `noun` makes the operation names (Create<noun>, Describe<noun>, List<plural>, ...);
    `verb` is the one that makes it. `id_fields` identify a resource in requests; absent ones
    (an app's owner) are None. `arn` is the part after the account id; {new_id} stands for
    characters that AWS makes up. `creating -> ready` takes `create_seconds` unless the
    kind's own rules drive it (None). Times are seconds on AWS, observed orders of magnitude.
    """

    name: str
    noun: str
    id_fields: tuple[str, ...]
    arn: str
    plural: str = ""
    verb: str = "Create"
    arn_field: str = ""
    named_by: str = ""  # the field that NameContains looks at, when it is not the last id field
    # A field with an identifier that AWS makes up, and how it begins.
    new_id: tuple[str, str] | None = None
    # Known by ARN: names may repeat (versions), or the request knows nothing but the ARN.
    by_arn: bool = False
    unique: str = ""  # a field that no two living resources share, beside the id fields
    twins: tuple[str, ...] = ()  # nouns of further operations on the same resources

    status_field: str | None = None
    creating: str = ""
    ready: str = ""
    create_seconds: float | None = 0
    fails: str = ""  # the state it ends in instead of `ready`, because nothing executes it here
    updating: str = ""
    updated: str = ""  # when it is not `ready`
    update_seconds: float = 0
    updatable_from: States = frozenset()  # empty: from any
    stopping: str = ""
    stopped: str = ""
    stop_seconds: float = 0
    stoppable_from: States = frozenset()
    starting: str = ""
    started: str = ""  # when it is not `ready`
    start_seconds: float = 0
    startable_from: States = frozenset()
    deleting: str = ""
    deleted: str = GONE
    delete_seconds: float = 0
    deletable_from: States = frozenset()
    delete_refused: str = ""  # wording when the state forbids a deletion
    ended_in: States = frozenset()  # states in which its end time is known

    absent: tuple[str, str] | None = None  # code and wording when there is no such resource
    exists: tuple[str, str] | None = None  # code and wording when there is one already
    needs: tuple[Need, ...] = ()
    held_by: tuple[Holder, ...] = ()
    bills_in: States = frozenset()
    # Fields that describe shows and no request sets.
    constants: Mapping[str, Any] = field(default_factory=dict)
    # Names of the list's summary that differ from describe's: summary -> described.
    in_list: Mapping[str, str] = field(default_factory=dict)
    # Filters of the list that are not called like the field they look at: name -> path.
    filters: Mapping[str, str] = field(default_factory=dict)
    page: int = 10  # rows of a list when the request does not say (MaxResults)
    # How a list is sorted when the request does not say (API reference, List<plural>).
    sorted_by: str = "CreationTime"
    sort_order: str = "Ascending"

    @property
    def name_field(self) -> str:
        """The field that `NameContains` and sorting by name look at."""
        return self.named_by or self.id_fields[-1]

    @property
    def list_noun(self) -> str:
        """The noun of its list operation: `Endpoints` in ListEndpoints."""
        return self.plural or f"{self.noun}s"

    @property
    def arn_name(self) -> str:
        """The field with its ARN."""
        return self.arn_field or f"{self.noun}Arn"

    @property
    def words(self) -> str:
        """The kind in prose: `model package group`."""
        return self.name.replace("-", " ")


def states(*names: str) -> States:
    """A set of states."""
    return frozenset(names)

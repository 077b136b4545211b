"""docs/kinds.md: what a sweep covers, read from the table of kinds."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

import botocore.session
from botocore import xform_name

from cleanup.kind import GONE, PAID, REST, WAIT, Kind
from cleanup.kinds.left_out import LEFT_OUT_CALLS, LEFT_OUT_LISTS

# Modules of cleanup.kinds, in the order of the page.
FAMILIES = (
    "hosting",
    "jobs",
    "optimization",
    "pipelines",
    "monitoring",
    "studio",
    "images",
    "notebooks",
    "clusters",
    "platforms",
    "registry",
    "experiments",
    "labeling",
    "elsewhere",
)
_SESSION = botocore.session.get_session()
# boto3's name of a service -> the prefix of its IAM actions, where they differ
# (Service Authorization Reference).
_IAM_PREFIXES = {"efs": "elasticfilesystem"}
_COLUMNS = (
    "kind",
    "listed by",
    "what is done in which status",
    "gone first",
    "bills",
    "IAM actions",
)

_INTRODUCTION = """\
# What a sweep covers

Generated from `cleanup/kinds/`; tests hold every row against \
botocore's model of the services: operations, fields, ids, page sizes, and every value of the \
status enums.

- An operation is what the sweep calls in these statuses. *waits*: it changes by itself and is \
looked at again, as is a status that the table does not know. *rests*: it has ended, bills \
nothing and is left; *record* is the operation that also deletes what is left of it. *gone*: it \
is listed for a while after it is gone. *paid*: it is paid for up front, no operation ends it, and \
it is reported with its price.
- *gone first*: kinds of the same owner, or shared, that must be gone before.
- *bills*: while it is neither gone nor at rest; the statuses that differ follow. "by the hour" \
covers what starts jobs that bill, such as a monitoring schedule.
- *under*: one list call for each parent that is the workshop's.

Objects in the workshop's bucket and log groups are removed too, by `cleanup/leftovers.py`.
"""


def page() -> str:
    """The text of the page."""
    parts = [_INTRODUCTION]
    for name in FAMILIES:
        family = importlib.import_module(f"cleanup.kinds.{name}")
        title = (family.__doc__ or "").partition("\n")[0].rstrip(".")
        parts.append(f"## {title}\n\n" + _table(_COLUMNS, map(_line, kinds_of(family))))
    parts.append("## Left out on purpose\n\n" + _left_out())
    return "\n".join(parts)


def kinds_of(family: ModuleType) -> list[Kind]:
    """The rows of a module, in the order in which they are written."""
    return [found for found in vars(family).values() if isinstance(found, Kind)]


def iam_actions(kind: Kind) -> list[str]:
    """The IAM actions that a sweep of a kind needs, sorted."""
    prefix = _IAM_PREFIXES.get(kind.service, kind.service)
    claims = {kind.claim.operation} if kind.claim else set()
    return sorted(f"{prefix}:{_operation(kind, m)}" for m in {*kind.reads, *kind.calls, *claims})


def _line(kind: Kind) -> tuple[str, ...]:
    listed = _operation(kind, kind.list_op)
    under = f" under {kind.parent.kind}" if kind.parent else ""
    return (
        kind.name,
        listed + under,
        "<br>".join(_actions(kind)),
        ", ".join(kind.after),
        "<br>".join(_bills(kind)),
        "<br>".join(f"`{action}`" for action in iam_actions(kind)),
    )


def _actions(kind: Kind) -> Iterator[str]:
    if kind.always:
        yield f"{_operation(kind, kind.always)}: always"
    statuses = defaultdict(list)
    for status, action in kind.on_status.items():
        statuses[action].append(status)
    words = {WAIT: "waits", GONE: "gone", REST: "rests", PAID: "paid"}
    for action, found in statuses.items():
        yield f"{words.get(action) or _operation(kind, action)}: {', '.join(found)}"
    if kind.forget:
        yield f"record: {_operation(kind, kind.forget)}"


def _bills(kind: Kind) -> Iterator[str]:
    words = {"hour": "by the hour", "month": "by the month", "": "nothing"}
    if PAID in kind.on_status.values():
        yield "up front"
    else:
        yield words[kind.bills]
    for status, bills in kind.bills_in.items():
        yield f"{status}: {words[bills]}"


def _operation(kind: Kind, method: str) -> str:
    """The API's name of a client method."""
    names: list[str] = _SESSION.get_service_model(kind.service).operation_names
    return next(name for name in names if xform_name(name) == method)


def _left_out() -> str:
    return (
        "Operations of SageMaker's API that stop, delete or list something, and that no row "
        "uses. A test fails when botocore's model has one that is neither used nor named here.\n\n"
        + _table(("operations", "why"), _by_reason({**LEFT_OUT_CALLS, **LEFT_OUT_LISTS}))
    )


def _by_reason(left_out: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    groups = defaultdict(list)
    for operation, reason in left_out.items():
        groups[reason].append(operation)
    for reason, operations in groups.items():
        yield ", ".join(f"`{operation}`" for operation in sorted(operations)), reason


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

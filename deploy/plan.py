"""What a deployment would do to each stack. Reads only; the same plan is printed or executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from deploy.assembly import StackArtifact
from deploy.safeguards import (
    additions,
    losses,
    lost_exports,
    read_template,
    restarts,
)
from deploy.state import NEVER_CREATED, STUCK, UPDATABLE, StackState, read_stacks
from workshop.aws import Clients, error_message
from workshop.names import TAG_ATTENDEE, TAG_WORKSHOP, owner_by_name

_READERS = 8
_NOBODY: Mapping[str, list[str]] = {}


class Action(StrEnum):
    """What is to be done with a stack."""

    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"  # a creation failed before: delete what is left, then create
    ROLL_BACK = "roll back"  # an update's rollback failed: let it go on, then look again
    WAIT = "wait"  # an earlier run's operation is still going on; look again after it
    KEEP = "keep"  # template, parameters and tags are the same
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Step:
    """One stack's part of the plan.

    `lacks` matters for a refused stack that is there: the names that only its update would
    bring. Stacks that need it and mention none of these can go on without it; None: nothing
    can.
    """

    artifact: StackArtifact
    action: Action
    reason: str = ""
    lacks: frozenset[str] | None = None

    def allows(self, other: StackArtifact) -> bool:
        """Whether a stack that needs this refused one finds there all that it mentions."""
        if self.lacks is None:
            return False
        body = other.body()
        return not any(name in body for name in self.lacks)


def decide(
    artifact: StackArtifact,
    state: StackState | None,
    deployed: str | None,
    importers: Mapping[str, list[str]] = _NOBODY,
) -> Step:
    """The step for one stack, from what is there (None: nothing). Pure.

    `deployed` is the template CloudFormation has, or None where `state` makes it needless;
    `importers` names the stacks that import each export which an update would take away.
    """
    if state is None:
        return Step(artifact, Action.CREATE)
    if not _is_ours(artifact, state):
        return Step(
            artifact,
            Action.REFUSE,
            f"a stack named {artifact.name} exists in {artifact.region} and does not carry our "
            f"tag {TAG_WORKSHOP}={artifact.tags.get(TAG_WORKSHOP)}",
        )
    if state.moving:
        return Step(artifact, Action.WAIT, state.status)
    if state.status in NEVER_CREATED:
        return Step(artifact, Action.RECREATE, f"it is in {state.status}")
    if state.status in STUCK:
        # Without resources to skip it only tries again what it was about to do
        # (CloudFormation API reference, ContinueUpdateRollback).
        return Step(artifact, Action.ROLL_BACK, f"it is in {state.status}")
    if state.status not in UPDATABLE:
        return Step(artifact, Action.REFUSE, f"it is in {state.status}; {_after_destroy(artifact)}")
    return _compare(artifact, state, deployed, importers)


def _compare(
    artifact: StackArtifact,
    state: StackState,
    deployed: str | None,
    importers: Mapping[str, list[str]],
) -> Step:
    """The step for a stack that could be updated."""
    old, new = read_template(deployed or ""), read_template(artifact.body())
    if old is None or new is None:
        return Step(
            artifact,
            Action.REFUSE,
            "its template is not JSON, so what an update would delete cannot be seen; "
            + _after_destroy(artifact),
        )
    if old == new and _same_values(artifact, state) and state.status != "UPDATE_FAILED":
        return Step(artifact, Action.KEEP)
    reason = _imported(artifact, importers)
    if not reason and (lost := losses(old, new, unused=frozenset(importers))):
        reason = f"would {' and '.join(lost)}; {_after_destroy(artifact)}"
    if reason:
        return Step(artifact, Action.REFUSE, reason, additions(old, new))
    reason = "; ".join(f"restarts {name}" for name in restarts(old, new))
    return Step(artifact, Action.UPDATE, reason)


def _after_destroy(artifact: StackArtifact) -> str:
    """The way out where only a deletion helps."""
    attendee = artifact.tags.get(TAG_ATTENDEE)
    whose = f" --attendee {attendee}" if attendee else ""
    return f"run workshop destroy{whose}, then workshop deploy again"


def _imported(artifact: StackArtifact, importers: Mapping[str, list[str]]) -> str:
    """Why an update must not take away exports: CloudFormation would refuse in the middle, and
    again at every later deployment; "" when nobody imports them."""
    used = {export: users for export, users in importers.items() if users}
    if not used:
        return ""
    workshop = artifact.tags.get(TAG_WORKSHOP, "")
    exports = ", ".join(sorted(used))
    users = sorted({user for names in used.values() for user in names})
    attendees = [attendee for user in users if (attendee := owner_by_name(workshop, user))]
    whose = " ".join(f"--attendee {attendee}" for attendee in attendees)
    way_out = f"run workshop destroy {whose}, then workshop deploy again"
    return (
        f"would take away {exports}, still imported by {', '.join(users)}; "
        f"{way_out if attendees else 'delete these first'}"
    )


def judge(artifact: StackArtifact, state: StackState | None, clients: Clients) -> Step:
    """The step for one stack, with what must be read for it: the deployed template, and who
    imports an export that an update would take away."""
    if state is None or state.status not in UPDATABLE or not _is_ours(artifact, state):
        return decide(artifact, state, None)
    cloudformation = clients("cloudformation", artifact.region)
    deployed = _text(cloudformation.get_template(StackName=artifact.name)["TemplateBody"])
    old, new = read_template(deployed), read_template(artifact.body())
    gone = lost_exports(old, new) if old and new else []
    importers = {export: _importers(export, cloudformation) for export in gone}
    return decide(artifact, state, deployed, importers)


def _importers(export: str, cloudformation: Any) -> list[str]:
    """The names of the stacks that import an export."""
    try:
        pages = cloudformation.get_paginator("list_imports").paginate(ExportName=export)
        return sorted(name for page in pages for name in page["Imports"])
    except ClientError as error:
        # That nobody imports it is an error: "Export 'X' is not imported by any stack."
        if "is not imported by any stack" in error_message(error):
            return []
        raise


def make_plan(artifacts: list[StackArtifact], clients: Clients) -> list[Step]:
    """The steps for all stacks, in the assembly's order. Calls nothing that changes."""
    states = read_regions({artifact.region for artifact in artifacts}, clients)
    now = [states[artifact.region].get(artifact.name) for artifact in artifacts]
    # CloudFormation has no operation that reads several templates.
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        return list(pool.map(lambda a, s: judge(a, s, clients), artifacts, now))


def read_regions(regions: set[str], clients: Clients) -> dict[str, Mapping[str, StackState]]:
    """The stacks of several regions: region -> name -> state."""
    return {
        region: read_stacks(clients("cloudformation", region), region) for region in sorted(regions)
    }


def _is_ours(artifact: StackArtifact, state: StackState) -> bool:
    return state.tags.get(TAG_WORKSHOP) == artifact.tags.get(TAG_WORKSHOP)


def _same_values(artifact: StackArtifact, state: StackState) -> bool:
    """Whether tags and parameters are the same; a parameter we do not give has its default."""
    given = {key: state.parameters.get(key) for key in artifact.parameters}
    return dict(state.tags) == dict(artifact.tags) and given == dict(artifact.parameters)


def _text(body: Any) -> str:
    # botocore answers a JSON template parsed, a YAML one as text.
    return body if isinstance(body, str) else json.dumps(body)

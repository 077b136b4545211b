"""What a deployment would do to each stack. Reads only; the same plan is printed or executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from deploy.assembly import StackArtifact
from deploy.state import NEVER_CREATED, STUCK, StackState, read_stacks
from workshop.aws import Clients
from workshop.names import TAG_WORKSHOP


class Action(StrEnum):
    """What is to be done with a stack."""

    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"  # a creation failed before: delete what is left, then create
    WAIT = "wait"  # an earlier run's operation is still going on; look again after it
    KEEP = "keep"  # template, parameters and tags are the same
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Step:
    """One stack's part of the plan."""

    artifact: StackArtifact
    action: Action
    reason: str = ""


def decide(artifact: StackArtifact, state: StackState | None, deployed: str | None) -> Step:
    """The step for one stack, from what is there (None: nothing). Pure.

    `deployed` is the template CloudFormation has, or None when it was not read.
    """
    if state is None:
        return Step(artifact, Action.CREATE)
    owner = state.tags.get(TAG_WORKSHOP)
    if owner != artifact.tags.get(TAG_WORKSHOP):
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
    if state.status in STUCK or state.status == "DELETE_FAILED":
        return Step(artifact, Action.REFUSE, f"it is in {state.status}: {state.reason}")
    same = deployed is not None and _same(deployed, artifact.body())
    if same and dict(state.tags) == dict(artifact.tags):
        return Step(artifact, Action.KEEP)
    return Step(artifact, Action.UPDATE)


def make_plan(artifacts: list[StackArtifact], clients: Clients) -> list[Step]:
    """The steps for all stacks, in the assembly's order. Calls nothing that changes."""
    states = read_regions({artifact.region for artifact in artifacts}, clients)
    steps = []
    for artifact in artifacts:
        state = states[artifact.region].get(artifact.name)
        deployed = None
        if state is not None and not state.moving:
            cloudformation = clients("cloudformation", artifact.region)
            deployed = _text(cloudformation.get_template(StackName=artifact.name)["TemplateBody"])
        steps.append(decide(artifact, state, deployed))
    return steps


def read_regions(regions: set[str], clients: Clients) -> dict[str, Mapping[str, StackState]]:
    """The stacks of several regions: region -> name -> state."""
    return {
        region: read_stacks(clients("cloudformation", region), region) for region in sorted(regions)
    }


def _text(body: Any) -> str:
    # botocore answers a JSON template parsed, a YAML one as text.
    return body if isinstance(body, str) else json.dumps(body)


def _same(deployed: str, wanted: str) -> bool:
    try:
        return bool(json.loads(deployed) == json.loads(wanted))
    except ValueError:
        return deployed == wanted

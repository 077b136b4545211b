"""What a deployment would do to each stack. Reads only; the same plan is printed or executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from deploy.assembly import StackArtifact
from deploy.state import NEVER_CREATED, STABLE, STUCK, StackState, read_stacks
from workshop.aws import Clients
from workshop.names import TAG_WORKSHOP

_READERS = 8


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
    if state.status in STUCK or state.status == "DELETE_FAILED":
        return Step(artifact, Action.REFUSE, f"it is in {state.status}: {state.reason}")
    if deployed is not None and _same(deployed, artifact.body()) and _same_values(artifact, state):
        return Step(artifact, Action.KEEP)
    return Step(artifact, Action.UPDATE)


def make_plan(artifacts: list[StackArtifact], clients: Clients) -> list[Step]:
    """The steps for all stacks, in the assembly's order. Calls nothing that changes."""
    states = read_regions({artifact.region for artifact in artifacts}, clients)
    now = [states[artifact.region].get(artifact.name) for artifact in artifacts]
    # CloudFormation has no operation that reads several templates.
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        deployed = pool.map(lambda a, s: _deployed(a, s, clients), artifacts, now)
        return [decide(*known) for known in zip(artifacts, now, deployed, strict=True)]


def read_regions(regions: set[str], clients: Clients) -> dict[str, Mapping[str, StackState]]:
    """The stacks of several regions: region -> name -> state."""
    return {
        region: read_stacks(clients("cloudformation", region), region) for region in sorted(regions)
    }


def _is_ours(artifact: StackArtifact, state: StackState) -> bool:
    return state.tags.get(TAG_WORKSHOP) == artifact.tags.get(TAG_WORKSHOP)


def _deployed(artifact: StackArtifact, state: StackState | None, clients: Clients) -> str | None:
    """The template CloudFormation has, read only where the decision depends on it."""
    if state is None or state.status not in STABLE or not _is_ours(artifact, state):
        return None
    cloudformation = clients("cloudformation", artifact.region)
    return _text(cloudformation.get_template(StackName=artifact.name)["TemplateBody"])


def _same_values(artifact: StackArtifact, state: StackState) -> bool:
    """Whether tags and parameters are the same; a parameter we do not give has its default."""
    given = {key: state.parameters.get(key) for key in artifact.parameters}
    return dict(state.tags) == dict(artifact.tags) and given == dict(artifact.parameters)


def _text(body: Any) -> str:
    # botocore answers a JSON template parsed, a YAML one as text.
    return body if isinstance(body, str) else json.dumps(body)


def _same(deployed: str, wanted: str) -> bool:
    try:
        return bool(json.loads(deployed) == json.loads(wanted))
    except ValueError:
        return deployed == wanted

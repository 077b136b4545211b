"""What a deployment would do to each stack, from what CloudFormation says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.assembly import StackArtifact
from deploy.plan import Action, decide, make_plan
from deploy.state import StackState
from tests.unit.deploy.assemblies import make_artifact
from tests.unit.deploy.fake_cloudformation import Clock, FakeCloudFormation

TAGS = {"workshop:name": "ml101", "workshop:attendee": "ann"}
SAME = '{ "made":  "ml101-ann" }'
OTHER = '{"made": "else"}'


def state(status: str, tags: dict[str, str] | None = None) -> StackState:
    return StackState("ml101-ann", "us-east-1", status, "because", TAGS if tags is None else tags)


@pytest.fixture
def artifact(tmp_path: Path) -> StackArtifact:
    return make_artifact(tmp_path, "ml101-ann", "ml101-shared")


@pytest.mark.parametrize(
    ("now", "deployed", "action"),
    [
        (None, None, Action.CREATE),
        (state("CREATE_COMPLETE"), SAME, Action.KEEP),
        (state("UPDATE_COMPLETE"), SAME, Action.KEEP),
        (state("UPDATE_ROLLBACK_COMPLETE"), SAME, Action.KEEP),
        (state("CREATE_COMPLETE"), OTHER, Action.UPDATE),
        (state("CREATE_COMPLETE"), "not: json", Action.UPDATE),
        (state("CREATE_COMPLETE"), None, Action.UPDATE),
        (state("CREATE_COMPLETE", {**TAGS, "team": "blue"}), SAME, Action.UPDATE),
        (state("CREATE_IN_PROGRESS"), None, Action.WAIT),
        (state("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), None, Action.WAIT),
        (state("DELETE_IN_PROGRESS"), None, Action.WAIT),
        (state("ROLLBACK_COMPLETE"), None, Action.RECREATE),
        (state("ROLLBACK_FAILED"), None, Action.RECREATE),
        (state("CREATE_FAILED"), None, Action.RECREATE),
        (state("REVIEW_IN_PROGRESS"), None, Action.RECREATE),
        (state("UPDATE_ROLLBACK_FAILED"), None, Action.REFUSE),
        (state("DELETE_FAILED"), None, Action.REFUSE),
        # Whatever its state: somebody else's.
        (state("CREATE_COMPLETE", {}), SAME, Action.REFUSE),
        (state("ROLLBACK_COMPLETE", {"workshop:name": "other"}), None, Action.REFUSE),
        (state("CREATE_IN_PROGRESS", {"workshop:name": "ml1011"}), None, Action.REFUSE),
    ],
)
def test_the_step_follows_from_what_is_there(
    artifact: StackArtifact, now: StackState | None, deployed: str | None, action: Action
) -> None:
    step = decide(artifact, now, deployed)
    assert step.action == action
    if action in (Action.REFUSE, Action.RECREATE):
        assert step.reason


def test_a_parameter_with_another_value_is_an_update(artifact: StackArtifact) -> None:
    wanted = replace(artifact, parameters={"Size": "5"})
    there = replace(state("CREATE_COMPLETE"), parameters={"Size": "5", "BootstrapVersion": "x"})
    assert decide(wanted, there, SAME).action == Action.KEEP
    assert decide(wanted, replace(there, parameters={}), SAME).action == Action.UPDATE


def test_a_plan_lists_each_region_once_and_reads_only_templates_it_must_compare(
    tmp_path: Path,
) -> None:
    aws = FakeCloudFormation(Clock())
    aws.add("ml101-ann", "CREATE_COMPLETE", body=SAME)
    aws.add("ml101-bob", "UPDATE_IN_PROGRESS")
    aws.add("ml101-cat", "CREATE_COMPLETE", tags={"team": "blue"})
    artifacts = [make_artifact(tmp_path, f"ml101-{name}") for name in ("ann", "bob", "cat", "dan")]

    steps = make_plan(artifacts, aws.clients)

    assert [step.action for step in steps] == ["keep", "wait", "refuse", "create"]
    assert aws.calls == [("describe_stacks", "us-east-1"), ("get_template", "ml101-ann")]


def test_a_plan_keeps_the_order_of_the_assembly_when_templates_are_read_in_parallel(
    tmp_path: Path,
) -> None:
    aws = FakeCloudFormation(Clock())
    names = [f"ml101-a{number:03}" for number in range(40)]
    for name in names:
        aws.add(name, "CREATE_COMPLETE", body=f'{{"made": "{name}"}}')

    steps = make_plan([make_artifact(tmp_path, name) for name in names], aws.clients)

    assert [step.artifact.name for step in steps] == names
    assert {step.action for step in steps} == {Action.KEEP}

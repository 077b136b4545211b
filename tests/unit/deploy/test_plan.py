"""What a deployment would do to each stack, from what CloudFormation says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

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
        (state("IMPORT_COMPLETE"), SAME, Action.KEEP),
        (state("UPDATE_FAILED"), SAME, Action.UPDATE),
        (state("CREATE_COMPLETE"), "not: json", Action.REFUSE),
        (state("CREATE_COMPLETE", {**TAGS, "team": "blue"}), SAME, Action.UPDATE),
        (state("CREATE_IN_PROGRESS"), None, Action.WAIT),
        (state("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"), None, Action.WAIT),
        (state("DELETE_IN_PROGRESS"), None, Action.WAIT),
        (state("ROLLBACK_COMPLETE"), None, Action.RECREATE),
        (state("ROLLBACK_FAILED"), None, Action.RECREATE),
        (state("CREATE_FAILED"), None, Action.RECREATE),
        (state("REVIEW_IN_PROGRESS"), None, Action.RECREATE),
        (state("UPDATE_ROLLBACK_FAILED"), None, Action.ROLL_BACK),
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


# -- what an update would destroy or take away --------------------------------------

SHARED_TAGS = {"workshop:name": "ml101"}


def template(resources: dict[str, Any], *exports: str) -> str:
    outputs = {f"O{n}": {"Value": "x", "Export": {"Name": e}} for n, e in enumerate(exports)}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def space(**changes: Any) -> dict[str, Any]:
    properties = {"SpaceName": "ml101-ann", "DomainId": "d-1", **changes}
    return {"Type": "AWS::SageMaker::Space", "Properties": properties}


def with_body(artifact: StackArtifact, body: str) -> StackArtifact:
    artifact.template.write_text(body, encoding="utf-8")
    return artifact


def test_an_update_that_would_delete_somebodys_files_is_refused_with_the_way_out(
    artifact: StackArtifact,
) -> None:
    step = decide(
        with_body(artifact, template({})),
        state("UPDATE_COMPLETE"),
        template({"Space": space()}),
    )
    assert step.action == Action.REFUSE
    assert step.reason == (
        "would delete the space ml101-ann with its files; "
        "run workshop destroy --attendee ann, then workshop deploy again"
    )


def test_a_stack_whose_deletion_failed_is_refused_with_the_way_out(
    artifact: StackArtifact,
) -> None:
    step = decide(artifact, state("DELETE_FAILED"), None)
    assert step.reason == (
        "it is in DELETE_FAILED; run workshop destroy --attendee ann, then workshop deploy again"
    )


def test_an_update_that_restarts_a_notebook_instance_says_so(artifact: StackArtifact) -> None:
    def instance(size: str) -> str:
        properties = {"NotebookInstanceName": "ml101-ann", "InstanceType": size}
        return template(
            {"I": {"Type": "AWS::SageMaker::NotebookInstance", "Properties": properties}}
        )

    wanted = with_body(artifact, instance("ml.t3.large"))
    step = decide(wanted, state("CREATE_COMPLETE"), instance("ml.t3.medium"))
    assert (step.action, step.reason) == (Action.UPDATE, "restarts ml101-ann")


def plan_of_shared(
    aws: FakeCloudFormation, folder: Path, deployed: str, wanted: str
) -> tuple[Action, str, frozenset[str] | None]:
    aws.add("ml101-shared", "CREATE_COMPLETE", body=deployed)
    shared = with_body(make_artifact(folder, "ml101-shared"), wanted)
    (step,) = make_plan([shared], aws.clients)
    return step.action, step.reason, step.lacks


def test_an_export_that_others_import_is_not_taken_away(tmp_path: Path) -> None:
    aws = FakeCloudFormation(Clock())
    aws.imports["ml101-shared-domain"] = ["ml101-bob", "ml101-ann"]

    action, reason, _ = plan_of_shared(
        aws, tmp_path, template({}, "ml101-shared-domain"), template({})
    )

    assert action == Action.REFUSE
    assert reason == (
        "would take away ml101-shared-domain, still imported by ml101-ann, ml101-bob; "
        "run workshop destroy --attendee ann --attendee bob, then workshop deploy again"
    )


def test_an_export_that_a_strangers_stack_imports_is_not_taken_away_either(tmp_path: Path) -> None:
    aws = FakeCloudFormation(Clock())
    aws.imports["x"] = ["dashboards"]
    action, reason, _ = plan_of_shared(aws, tmp_path, template({}, "x"), template({}))
    assert action == Action.REFUSE
    assert reason.endswith("still imported by dashboards; delete these first")


def test_an_export_that_nobody_imports_may_go(tmp_path: Path) -> None:
    aws = FakeCloudFormation(Clock())
    action, _, _ = plan_of_shared(aws, tmp_path, template({}, "x"), template({}))
    assert action == Action.UPDATE
    assert ("list_imports", "x") in aws.calls


def test_who_imports_is_asked_only_when_an_export_would_go(tmp_path: Path) -> None:
    aws = FakeCloudFormation(Clock())
    action, _, _ = plan_of_shared(aws, tmp_path, template({}, "x"), template({}, "x", "y"))
    assert action == Action.UPDATE
    assert "list_imports" not in {operation for operation, _ in aws.calls}


def test_stacks_that_mention_nothing_new_can_go_on_beside_a_refused_one(tmp_path: Path) -> None:
    aws = FakeCloudFormation(Clock())
    aws.imports["ml101-shared-domain"] = ["ml101-bob"]
    boot = {"Type": "X", "Properties": {"ConfigName": "ml101-shared-notebook"}}
    aws.add("ml101-shared", "CREATE_COMPLETE", body=template({}, "ml101-shared-domain"))
    shared = with_body(make_artifact(tmp_path, "ml101-shared"), template({"Boot": boot}))
    (step,) = make_plan([shared], aws.clients)

    in_studio = with_body(make_artifact(tmp_path, "ml101-ann"), template({"Space": space()}))
    on_notebook = with_body(
        make_artifact(tmp_path, "ml101-cat"),
        template({"I": {"Properties": {"LifecycleConfigName": "ml101-shared-notebook"}}}),
    )

    assert step.action == Action.REFUSE
    assert step.allows(in_studio)
    assert not step.allows(on_notebook)


def test_a_strangers_stack_allows_nothing(artifact: StackArtifact) -> None:
    step = decide(artifact, state("CREATE_COMPLETE", {}), None)
    assert not step.allows(artifact)

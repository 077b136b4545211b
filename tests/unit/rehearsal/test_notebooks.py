"""Notebook instances: stopped only from InService, deleted only from Stopped or Failed."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.sagemaker.resource import Outcome
from tests.unit.rehearsal.bench import ROLE, Bench, Ended, base64_of
from tests.unit.rehearsal.networks import security_group, subnet_elsewhere, vpc_of

NAME = {"NotebookInstanceName": "ml101-ann"}


def status(bench: Bench) -> str:
    answer: str = bench.call("DescribeNotebookInstance", **NAME)["NotebookInstanceStatus"]
    return answer


def test_a_notebook_instance_goes_through_its_day(bench: Bench) -> None:
    bench.notebook()
    seen = [status(bench)]
    bench.step(120)
    seen.append(status(bench))
    bench.call("StopNotebookInstance", **NAME)
    seen.append(status(bench))
    bench.step(60)
    seen.append(status(bench))
    bench.call("StartNotebookInstance", **NAME)
    seen.append(status(bench))
    bench.step(120)
    seen.append(status(bench))
    assert seen == ["Pending", "InService", "Stopping", "Stopped", "Pending", "InService"]


def refused_in(bench: Bench, verb: str) -> set[str]:
    """The states in which an operation is refused, of all that an instance goes through."""
    refused = set()
    bench.notebook()
    for prepare, seconds in ((None, 0), (None, 120), ("Stop", 0), (None, 60), ("Update", 0)):
        if prepare == "Update":
            bench.call("UpdateNotebookInstance", **NAME, InstanceType="ml.t3.large")
        elif prepare:
            bench.call(f"{prepare}NotebookInstance", **NAME)
        bench.step(seconds)
        now = status(bench)
        if verb in ("Delete", "Start") and now == "Stopped":
            continue
        if verb == "Stop" and now == "InService":
            continue
        error = bench.refusal(f"{verb}NotebookInstance", **NAME)
        assert error.code == "ValidationException"
        assert f"Status ({now}) not in" in error.message
        refused.add(now)
    return refused


@pytest.mark.parametrize(
    ("verb", "states"),
    [
        ("Delete", {"Pending", "InService", "Stopping", "Updating"}),
        ("Stop", {"Pending", "Stopping", "Stopped", "Updating"}),
        ("Start", {"Pending", "InService", "Stopping", "Updating"}),
    ],
)
def test_an_operation_is_refused_in_every_other_state(
    bench: Bench, verb: str, states: set[str]
) -> None:
    assert refused_in(bench, verb) == states


def test_a_stopped_instance_is_deleted_and_then_is_not_found(bench: Bench) -> None:
    bench.notebook()
    bench.step(120)
    bench.call("StopNotebookInstance", **NAME)
    bench.step(60)
    bench.call("DeleteNotebookInstance", **NAME)
    assert status(bench) == "Deleting"
    bench.step(30)
    gone = bench.refusal("DescribeNotebookInstance", **NAME)
    assert (gone.code, gone.message) == ("ValidationException", "RecordNotFound")


def test_a_boot_script_that_fails_makes_the_instance_fail_with_its_words(bench: Bench) -> None:
    make_config(bench, "echo no such package; exit 3\n")
    bench.notebook(LifecycleConfigName="boot")
    bench.settle()
    shown = bench.call("DescribeNotebookInstance", **NAME)
    assert shown["NotebookInstanceStatus"] == "Failed"
    assert "exit code 3: no such package" in shown["FailureReason"]
    bench.call("DeleteNotebookInstance", **NAME)


def test_the_create_script_runs_once_and_the_start_script_at_every_start(bench: Bench) -> None:
    make_config(bench, 'echo start >>"$HOME/log"\n', create='echo create >>"$HOME/log"\n')
    bench.notebook(LifecycleConfigName="boot")
    run_boot(bench)
    bench.call("StopNotebookInstance", **NAME)
    bench.step(60)
    bench.call("StartNotebookInstance", **NAME)
    run_boot(bench)
    home = bench.machine.directory / "notebooks/eu-west-1/ml101-ann/home/ec2-user/SageMaker"
    assert (home / "log").read_text().split() == ["create", "start", "start"]


def test_a_lifecycle_configuration_stays_while_an_instance_uses_it(bench: Bench) -> None:
    make_config(bench, "true\n")
    bench.notebook(LifecycleConfigName="boot")
    name = {"NotebookInstanceLifecycleConfigName": "boot"}
    assert "in use" in bench.refusal("DeleteNotebookInstanceLifecycleConfig", **name).message
    bench.found("notebook-instance", "ml101-ann").activity = Ended(Outcome("Failed", "no room"))
    bench.step()
    bench.call("DeleteNotebookInstance", **NAME)
    bench.step(30)
    bench.call("DeleteNotebookInstanceLifecycleConfig", **name)


def test_an_instance_with_an_unknown_lifecycle_configuration_is_refused(bench: Bench) -> None:
    refused = bench.refusal(
        "CreateNotebookInstance",
        **NAME,
        InstanceType="ml.t3.medium",
        RoleArn="arn:aws:iam::123456789012:role/ml101-ann",
        LifecycleConfigName="nobody",
    )
    assert "does not exist" in refused.message
    assert bench.call("ListNotebookInstances")["NotebookInstances"] == []


def test_a_link_is_refused_while_the_instance_is_not_in_service(bench: Bench) -> None:
    bench.notebook()
    assert "InService" in bench.refusal("CreatePresignedNotebookInstanceUrl", **NAME).message


def make_config(bench: Bench, start: str, create: str = "") -> None:
    hooks = {"OnStart": [{"Content": base64_of(start)}]}
    if create:
        hooks["OnCreate"] = [{"Content": base64_of(create)}]
    bench.call(
        "CreateNotebookInstanceLifecycleConfig", NotebookInstanceLifecycleConfigName="boot", **hooks
    )


def run_boot(bench: Bench) -> None:
    bench.settle()
    bench.step(120)
    assert status(bench) == "InService"


def test_an_update_to_an_unknown_lifecycle_configuration_is_refused(bench: Bench) -> None:
    name = bench.notebook()
    bench.step(120)
    bench.call("StopNotebookInstance", NotebookInstanceName=name)
    bench.step(60)
    refused = bench.refusal(
        "UpdateNotebookInstance", NotebookInstanceName=name, LifecycleConfigName="nobody-has-it"
    )
    assert "does not exist" in refused.message
    assert bench.found("notebook-instance", name).status == "Stopped"


def test_a_notebook_instance_s_network_exists(bench: Bench) -> None:
    request = {**NAME, "InstanceType": "ml.t3.medium", "RoleArn": ROLE}
    refused = bench.refusal("CreateNotebookInstance", **request, SubnetId="subnet-12345678")
    assert refused.message == "The subnet ID 'subnet-12345678' does not exist"
    subnet = subnet_elsewhere()
    for group, wording in (
        ("sg-12345678", "The security group 'sg-12345678' does not exist"),
        (security_group(), "is not of the vpc"),
    ):
        network = {"SubnetId": subnet, "SecurityGroupIds": [group]}
        assert wording in bench.refusal("CreateNotebookInstance", **request, **network).message
    bench.notebook(SubnetId=subnet, SecurityGroupIds=[security_group(vpc_of(subnet))])


@pytest.mark.parametrize(
    "repositories",
    [{"DefaultCodeRepository": "labs"}, {"AdditionalCodeRepositories": ["labs"]}],
    ids=["default", "additional"],
)
def test_a_notebook_instance_s_code_repositories_are_urls_or_exist(
    bench: Bench, repositories: dict[str, Any]
) -> None:
    request = {**NAME, "InstanceType": "ml.t3.medium", "RoleArn": ROLE}
    refused = bench.refusal("CreateNotebookInstance", **request, **repositories)
    assert "Cannot find Git Repository" in refused.message
    bench.call(
        "CreateCodeRepository",
        CodeRepositoryName="labs",
        GitConfig={"RepositoryUrl": "https://example.com/labs.git"},
    )
    bench.notebook(**repositories)
    bench.notebook("ml101-bob", DefaultCodeRepository="https://example.com/labs.git")


def test_scripts_of_a_lifecycle_configuration_are_base64(bench: Bench) -> None:
    config = {"NotebookInstanceLifecycleConfigName": "boot"}
    bad = {"OnStart": [{"Content": "echo hello"}]}
    refused = bench.refusal("CreateNotebookInstanceLifecycleConfig", **config, **bad)
    assert "is not base64 encoded" in refused.message
    good = {"OnCreate": [{"Content": base64_of("echo hello")}]}
    bench.call("CreateNotebookInstanceLifecycleConfig", **config, **good)
    refused = bench.refusal("UpdateNotebookInstanceLifecycleConfig", **config, **bad)
    assert "is not base64 encoded" in refused.message

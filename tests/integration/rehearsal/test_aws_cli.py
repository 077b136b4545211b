"""The AWS CLI, unmodified, on a local AWS: pages, waiters, exit codes, the texts of errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import isolation
from rehearsal.account import ACCOUNT
from rehearsal.processes import LocalAws
from tests.integration.rehearsal.commands import Commands

pytestmark = pytest.mark.xdist_group("clients")

AWS = Path(sys.executable).with_name("aws")
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml401"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/nobody:1"
# What version 1 of the CLI exits with when the service refuses, and when it is called wrongly
# (AWS CLI user guide, "return codes").
REFUSED = 255
USAGE = 2
NO_CHANGE_SET = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/first/nobody"


class Cli:
    """The AWS CLI on a local AWS whose clock the tests move."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands

    def __call__(self, *arguments: str) -> Any:
        """Run it to a good end; answers what it printed, parsed where it is JSON."""
        done = self.commands.run(AWS, *arguments, AWS_PAGER="")
        assert done.returncode == 0, done.stderr
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    def refusal(self, *arguments: str) -> tuple[int, str]:
        """Run it to a bad end; answers its exit code and what it said."""
        done = self.commands.run(AWS, *arguments, AWS_PAGER="")
        return done.returncode, done.stderr.strip()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    options = ("--clock", "stepped")
    directory = tmp_path_factory.mktemp("aws")
    local = LocalAws(directory, isolation.without_aws(os.environ), options=options)
    yield Cli(Commands(local.url, tmp_path_factory.mktemp("home"), REGION))
    local.close()


def test_lists_are_read_page_by_page_and_can_be_cut_and_gone_on_with(aws: Cli) -> None:
    for number in range(5):
        make_model(aws, f"ml401-page-{number}")
    sorting = ("--sort-by", "Name", "--sort-order", "Ascending")
    listing = ("sagemaker", "list-models", "--name-contains", "ml401-page", *sorting)
    names = [f"ml401-page-{number}" for number in range(5)]
    found = aws(*listing, "--page-size", "2")["Models"]
    assert [row["ModelName"] for row in found] == names
    first = aws(*listing, "--page-size", "2", "--max-items", "3")
    rest = aws(*listing, "--starting-token", first["NextToken"])
    assert [row["ModelName"] for row in first["Models"] + rest["Models"]] == names
    text = aws(*listing, "--query", "Models[0].ModelName", "--output", "text")
    assert text.strip() == names[0]


def test_waiters_wait_for_notebook_instances(aws: Cli) -> None:
    name = ("--notebook-instance-name", "ml401-ann")
    aws(
        *("sagemaker", "create-notebook-instance", *name),
        *("--instance-type", "ml.t3.medium", "--role-arn", ROLE),
        *("--tags", "Key=workshop:name,Value=ml401"),
    )
    aws.commands.step()
    aws("sagemaker", "wait", "notebook-instance-in-service", *name)
    arn = aws("sagemaker", "describe-notebook-instance", *name)["NotebookInstanceArn"]
    tags = aws("sagemaker", "list-tags", "--resource-arn", arn)["Tags"]
    assert tags == [{"Key": "workshop:name", "Value": "ml401"}]
    code, said = aws.refusal("sagemaker", "delete-notebook-instance", *name)
    assert code == REFUSED
    assert "(ValidationException) when calling the DeleteNotebookInstance operation" in said
    aws("sagemaker", "stop-notebook-instance", *name)
    aws.commands.step()
    aws("sagemaker", "wait", "notebook-instance-stopped", *name)
    aws("sagemaker", "delete-notebook-instance", *name)
    aws.commands.step()
    aws("sagemaker", "wait", "notebook-instance-deleted", *name)


def test_a_waiter_knows_an_endpoint_that_is_not_there(aws: Cli) -> None:
    aws("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", "ml401-nobody")
    code, said = aws.refusal(
        "sagemaker", "wait", "endpoint-in-service", "--endpoint-name", "ml401-nobody"
    )
    assert code == REFUSED
    assert "Waiter EndpointInService failed" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("sagemaker", "describe-endpoint", "--endpoint-name", "ml401-nobody"),
            REFUSED,
            "An error occurred (ValidationException) when calling the DescribeEndpoint "
            "operation: Could not find endpoint",
        ),
        (
            ("sagemaker", "describe-training-job", "--training-job-name", "ml401-nobody"),
            REFUSED,
            "(ResourceNotFound) when calling the DescribeTrainingJob operation",
        ),
        (
            ("sagemaker", "describe-domain", "--domain-id", "d-nobody"),
            REFUSED,
            "(ResourceNotFound) when calling the DescribeDomain operation",
        ),
        (
            ("cloudformation", "describe-stacks", "--stack-name", "ml401-nobody"),
            REFUSED,
            "(ValidationError) when calling the DescribeStacks operation: Stack with id "
            "ml401-nobody does not exist",
        ),
        (
            ("cloudformation", "describe-change-set", "--change-set-name", NO_CHANGE_SET),
            REFUSED,
            "(ChangeSetNotFound) when calling the DescribeChangeSet operation",
        ),
        (("sagemaker", "describe-endpoint"), USAGE, "--endpoint-name"),
    ],
    ids=["endpoint", "job", "domain", "stack", "change set", "usage"],
)
def test_errors_have_awss_codes_and_words_and_the_clis_exit_codes(
    aws: Cli, arguments: tuple[str, ...], code: int, words: str
) -> None:
    exit_code, said = aws.refusal(*arguments)
    assert exit_code == code
    assert words in said


def test_files_go_to_a_bucket_and_back(aws: Cli, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("labs\n")
    aws("s3", "mb", "s3://ml401-files")
    aws("s3", "cp", str(tmp_path / "there"), "s3://ml401-files/a/labs.txt")
    aws("s3", "cp", "s3://ml401-files/a/labs.txt", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "labs\n"
    assert "labs.txt" in aws("s3", "ls", "s3://ml401-files/a/")
    aws("s3", "rb", "--force", "s3://ml401-files")


def test_the_account_and_its_quotas(aws: Cli) -> None:
    assert aws("sts", "get-caller-identity")["Account"] == ACCOUNT
    quotas = aws("service-quotas", "list-service-quotas", "--service-code", "sagemaker")["Quotas"]
    assert len(quotas) > 100, "all pages"
    assert {q["ServiceCode"] for q in quotas} == {"sagemaker"}


def test_a_stack_is_deployed_as_a_change_set_and_deleted(aws: Cli, tmp_path: Path) -> None:
    template = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
        },
    }
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    stack = ("--stack-name", "ml401-tiny")
    change = (*stack, "--change-set-name", "first")
    aws(
        *("cloudformation", "create-change-set", *change, "--change-set-type", "CREATE"),
        *("--template-body", f"file://{path}"),
        *("--parameters", "ParameterKey=Name,ParameterValue=ml401-one"),
    )
    aws.commands.step()
    aws("cloudformation", "wait", "change-set-create-complete", *change)
    shown = aws("cloudformation", "describe-change-set", *change)
    assert [c["ResourceChange"]["Action"] for c in shown["Changes"]] == ["Add"]
    aws("cloudformation", "execute-change-set", *change)
    settle(aws)
    aws("cloudformation", "wait", "stack-create-complete", *stack)
    aws("cloudformation", "delete-stack", *stack)
    settle(aws)
    aws("cloudformation", "wait", "stack-delete-complete", *stack)


def settle(aws: Cli) -> None:
    """A stack of few resources ends within so many looks."""
    for _ in range(10):
        aws.commands.step(60)


def make_model(aws: Cli, name: str) -> None:
    aws(
        *("sagemaker", "create-model", "--model-name", name, "--execution-role-arn", ROLE),
        *("--primary-container", f"Image={IMAGE}"),
    )


def test_a_stack_within_a_stack_is_made_changed_and_deleted_with_it(
    aws: Cli, tmp_path: Path
) -> None:
    aws("s3", "mb", "s3://ml401-templates")
    inner = {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
        },
        "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}},
    }
    (tmp_path / "inner.json").write_text(json.dumps(inner))
    aws("s3", "cp", str(tmp_path / "inner.json"), "s3://ml401-templates/inner.json")
    stack = ("--stack-name", "ml401-outer")

    def outer(name: str) -> tuple[str, ...]:
        url = f"{aws.commands.url}/ml401-templates/inner.json"
        properties = {"TemplateURL": url, "Parameters": {"Name": name}}
        template = {
            "Resources": {"In": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}},
            "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["In", "Outputs.Queue"]}}},
        }
        return (*stack, "--template-body", json.dumps(template))

    def queue() -> str:
        shown = aws("cloudformation", "describe-stacks", *stack)["Stacks"][0]
        assert shown["StackStatus"].endswith("_COMPLETE"), shown
        value: str = shown["Outputs"][0]["OutputValue"]
        return value

    aws("cloudformation", "create-stack", *outer("ml401-in-one"))
    settle(aws)
    assert queue() == "ml401-in-one"
    aws("cloudformation", "update-stack", *outer("ml401-in-two"))
    settle(aws)
    assert queue() == "ml401-in-two"
    aws("cloudformation", "delete-stack", *stack)
    settle(aws)
    living = aws("cloudformation", "describe-stacks")["Stacks"]
    assert [s["StackName"] for s in living if s["StackName"].startswith("ml401-outer")] == []
    # Version 1 of the CLI has an endpoint of its own for SQS.
    left = aws("sqs", "list-queues", "--endpoint-url", aws.commands.url)
    assert "ml401-in" not in json.dumps(left)

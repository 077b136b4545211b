"""The SageMaker Python SDK v3, unmodified, on a local AWS: one program, looked at in parts."""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
import pytest

from rehearsal.account import ACCOUNT
from tests.integration.rehearsal.commands import ROOT, Commands
from tests.integration.rehearsal.containers.programs import flowers, to_csv

pytestmark = pytest.mark.xdist_group("sdk")

# A region of its own: other tests' resources are not in its lists.
REGION = "eu-central-1"
BUCKET = "sdk-eu-central-1"
PROGRAM = "tests.integration.rehearsal.sdk_client"
# The SDK tells AWS how it is used, unless its user's settings say no.
SETTINGS = """\
SchemaVersion: "1.0"
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""
TRAINING, TEST = flowers()[:120], flowers()[120:]
MEASUREMENTS = to_csv([row[1:] for row in TEST])
IMAGE_NOBODY_HAS = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/nobody:1"
MANY = [f"sdk-page-{number:02}" for number in range(25)]
# What the SDK could list and the local AWS does not have: edge devices, lineage associations,
# feature catalogs, teams of vendors.
NOT_THERE = {
    "Association",
    "Device",
    "DeviceFleet",
    "EdgeDeploymentPlan",
    "EdgePackagingJob",
    "LineageGroup",
    "ResourceCatalog",
    "SubscribedWorkteam",
}


def make_role(iam: Any, name: str) -> str:
    """A role that SageMaker may take on, without any permission."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    return str(made["Role"]["Arn"])


def make_many(sagemaker: Any, role: str) -> None:
    """More models and endpoints than a page has."""
    for name in MANY:
        container = {"Image": IMAGE_NOBODY_HAS}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
    # A variant without a model, which inference components would bring, starts no container.
    variant = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="sdk-page", ProductionVariants=[variant], ExecutionRoleArn=role
    )
    for name in MANY[:12]:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="sdk-page")


def make_account(url: str) -> dict[str, str]:
    """What the program needs to be there: data in a bucket, and roles."""
    session = boto3.Session("local", "local", region_name=REGION)
    s3, iam = (session.client(service, endpoint_url=url) for service in ("s3", "iam"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="train/iris.csv", Body=to_csv(TRAINING))
    s3.put_object(Bucket=BUCKET, Key="test/iris.csv", Body=MEASUREMENTS)
    role = make_role(iam, "sdk")
    iam.attach_role_policy(
        RoleName="sdk", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    )
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{BUCKET}*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(RoleName="sdk", PolicyName="data", PolicyDocument=policy)
    make_many(session.client("sagemaker", endpoint_url=url), role)
    return {
        "region": REGION,
        "bucket": BUCKET,
        "role": role,
        "powerless": make_role(iam, "sdk-powerless"),
        "measurements": MEASUREMENTS,
        "image nobody has": IMAGE_NOBODY_HAS,
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, aws_url: str) -> dict[str, Any]:
    """What the program saw, section by section."""
    home = tmp_path_factory.mktemp("home")
    settings = home / ".config" / "sagemaker"
    settings.mkdir(parents=True)
    (settings / "config.yaml").write_text(SETTINGS)
    given = json.dumps(make_account(aws_url))
    ended = Commands(aws_url, home, REGION).run(
        sys.executable, "-m", PROGRAM, given, home / "found.json", cwd=ROOT
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    seen: dict[str, Any] = json.loads((home / "found.json").read_text())
    return seen


def section(found: dict[str, Any], name: str) -> dict[str, Any]:
    """A section's findings, or its traceback as the test's failure."""
    facts: dict[str, Any] = found[name]
    if "error" in facts:
        pytest.fail(facts["error"], pytrace=False)
    return facts


def accuracy(scores: list[list[float]]) -> float:
    species = [max(range(3), key=row.__getitem__) for row in scores]
    right = sum(guess == row[0] for guess, row in zip(species, TEST, strict=True))
    return right / len(TEST)


def test_a_role_without_permissions_is_refused_by_the_sdk_itself(found: dict[str, Any]) -> None:
    refused = section(found, "role")["refused"]

    assert "sdk-powerless' cannot be used for 'training'" in refused
    assert "Missing permissions: cloudwatch:PutMetricData" in refused


def test_a_model_trainer_trains_and_shows_the_containers_log(found: dict[str, Any]) -> None:
    facts = section(found, "train")

    assert facts["status"] == "Completed"
    assert facts["states"] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert facts["model"].startswith(f"s3://{BUCKET}/out/sdk-train-")
    assert f"train matrix has {len(TRAINING)} rows" in facts["logs"]
    assert "train-mlogloss" in facts["logs"]
    assert facts["tags"] == {"workshop:attendee": "ann"}


def test_a_model_builder_deploys_what_was_trained_and_the_endpoint_predicts(
    found: dict[str, Any],
) -> None:
    facts = section(found, "deploy")

    assert facts["model"] == "sdk-built"
    assert accuracy(facts["scores"]) >= 0.9


def test_an_endpoint_is_deleted_first_and_its_configuration_then(found: dict[str, Any]) -> None:
    facts = section(found, "deploy")

    assert facts["config while it is used"] == "ValidationException"
    assert facts["endpoint afterwards"] == "ValidationException"
    assert facts["config afterwards"] == "ValidationException"


def test_a_transformer_scores_a_file(found: dict[str, Any]) -> None:
    facts = section(found, "transform")

    assert facts["status"] == "Completed"
    assert accuracy(facts["scores"]) >= 0.9
    assert facts["model afterwards"] == "ValidationException"


def test_what_does_not_fit_on_one_page_is_listed_in_full(found: dict[str, Any]) -> None:
    facts = section(found, "pages")

    assert facts["by name"] == MANY
    assert facts["newest first"] == MANY[::-1]


def test_lists_are_filtered_across_pages(found: dict[str, Any]) -> None:
    facts = section(found, "pages")

    assert facts["in service"] == MANY[:12]
    assert facts["failed"] == []


def test_a_pipeline_is_made_changed_found_and_deleted(found: dict[str, Any]) -> None:
    assert section(found, "pipeline") == {
        "description": "changed",
        "definition": True,
        "listed": ["sdk-pipeline"],
        "afterwards": "ResourceNotFound",
    }


def test_a_model_package_group_is_made_once_found_and_deleted(found: dict[str, Any]) -> None:
    assert section(found, "model_package_group") == {
        "listed": ["sdk-group"],
        "twice": "ValidationException",
        "afterwards": "ValidationException",
    }


def test_an_experiment_is_made_changed_and_deleted(found: dict[str, Any]) -> None:
    assert section(found, "experiment") == {
        "description": "second",
        "afterwards": "ResourceNotFound",
    }


def test_a_feature_group_is_waited_for_when_it_comes_and_when_it_goes(
    found: dict[str, Any],
) -> None:
    assert section(found, "feature_group")["features"] == ["flower", "seen"]
    assert section(found, "feature_group_deleted")["afterwards"] == "ResourceNotFound"


def test_waiting_for_a_job_that_fails_tells_why(found: dict[str, Any]) -> None:
    failed = section(found, "failures")["failed"]

    assert "Final Resource State: Failed" in failed
    assert "not executed locally" in failed


def test_waiting_for_a_status_that_never_comes_ends(found: dict[str, Any]) -> None:
    assert "Final Resource State: InService" in section(found, "failures")["too late"]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("missing job", "ResourceNotFound"),
        ("missing pipeline", "ResourceNotFound"),
        ("missing experiment", "ResourceNotFound"),
        ("missing model", "ValidationException"),
        ("second model", "ValidationException"),
        ("bad name", "ValidationException"),
    ],
)
def test_refusals_have_the_codes_that_aws_answers(
    found: dict[str, Any], what: str, code: str
) -> None:
    assert section(found, "failures")[what] == code


def test_all_that_the_sdk_can_list_is_there_but_what_the_local_aws_does_not_have(
    found: dict[str, Any],
) -> None:
    codes = section(found, "lists")["codes"]

    assert {name for name, code in codes.items() if code} == NOT_THERE
    assert {codes[name] for name in NOT_THERE} == {"UnknownOperationException"}

"""The pinned CDK CLI, unmodified, on a local AWS: bootstrap, deploy, diff, roll back, destroy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal import isolation
from rehearsal.account import ACCOUNT
from rehearsal.processes import LocalAws
from stacks.node import packaged_node
from tests.integration.rehearsal.commands import ROOT, Commands

pytestmark = pytest.mark.xdist_group("cdk-cli")

REGION = "us-east-1"
CDK = ROOT / "node_modules" / ".bin" / "cdk"
WORKSHOP = """
name: ml101
title: Machine learning 101
environment: studio
attendees: [{attendees}]
regions: [us-east-1]
starts: 2030-03-04T09:00:00+01:00
ends: 2030-03-04T17:00:00+01:00
repository: {{url: "https://github.com/example/ml-labs.git", ref: main}}
modules: [iris-xgboost]
instances:
  workspace: ml.t3.medium
  training: [ml.m5.xlarge]
  processing: [ml.m5.xlarge]
  transform: [ml.m5.xlarge]
  endpoint: [ml.m5.large]
"""


class Cdk:
    """The CDK CLI on a local AWS of its own."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands

    def __call__(
        self, *arguments: str, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        assert CDK.exists(), "the CDK CLI is not installed: make node_modules"
        node = packaged_node()
        assert node is not None
        path = f"{node.parent}{os.pathsep}{os.environ['PATH']}"
        return self.commands.run(
            node, CDK, *arguments, "--no-notices", cwd=cwd, PATH=path, CDK_VALIDATION="false"
        )

    def passes(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run it to a good end; answers all it said."""
        done = self(*arguments, cwd=cwd)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def client(self, service: str) -> Any:
        session = boto3.Session("local", "local", region_name=REGION)
        return session.client(service, endpoint_url=self.commands.url)

    def stack(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=name)
        stack: dict[str, Any] = found["Stacks"][0]
        return stack


@pytest.fixture(scope="module")
def cdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cdk]:
    """The CLI in an account that it has bootstrapped."""
    home = tmp_path_factory.mktemp("home")
    aws = LocalAws(tmp_path_factory.mktemp("aws"), isolation.without_aws(os.environ))
    cdk = Cdk(Commands(aws.url, home))
    cdk.passes("bootstrap", f"aws://{ACCOUNT}/{REGION}", "--tags", "team=red")
    yield cdk
    aws.close()


def test_bootstrap_makes_all_that_its_template_says(cdk: Cdk) -> None:
    stack = cdk.stack("CDKToolkit")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
    assert outputs["BucketName"] == bucket
    s3 = cdk.client("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    repository = f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}"
    assert cdk.client("ecr").get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    version = cdk.client("ssm").get_parameter(Name="/cdk-bootstrap/hnb659fds/version")
    assert version["Parameter"]["Value"] == outputs["BootstrapVersion"]
    role = f"cdk-hnb659fds-lookup-role-{ACCOUNT}-{REGION}"
    iam = cdk.client("iam")
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    tags = iam.list_role_tags(RoleName=role)["Tags"]
    assert {"Key": "team", "Value": "red"} in tags, "the stack's tags reach its resources"


def test_a_workshop_is_deployed_by_cdk_then_by_our_engine_and_destroyed_by_cdk(
    cdk: Cdk, tmp_path: Path
) -> None:
    bootstrapped = cdk.commands.inventory()
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(WORKSHOP.format(attendees="ann"))
    two.write_text(WORKSHOP.format(attendees="ann, bob"))
    said = cdk.passes(*synth(one, tmp_path / "out"), cwd=ROOT)
    assert "ml101-ann" in said
    assert cdk.stack("ml101-ann")["StackStatus"] == "CREATE_COMPLETE"
    assert ("space", "ml101-ann") in {(k, n.split("/")[-1]) for k, n in cdk.commands.inventory()}
    # Our engine takes the stacks over as they are, and makes what is missing.
    assert workshop(cdk, "deploy", "--config", str(one), "--dry-run")["plan"] == [
        {"stack": "ml101-shared", "region": REGION, "action": "keep", "reason": ""},
        {"stack": "ml101-ann", "region": REGION, "action": "keep", "reason": ""},
    ]
    made = workshop(cdk, "deploy", "--config", str(two), "--yes")
    assert {(row["stack"], row["action"], row["ok"]) for row in made["stacks"]} == {
        ("ml101-shared", "keep", True),
        ("ml101-ann", "keep", True),
        ("ml101-bob", "create", True),
    }
    # So does the CDK CLI with ours: nothing to do but to take it away.
    said = cdk.passes(*synth(two, tmp_path / "out"), cwd=ROOT)
    assert said.count("(no changes)") == 3
    assembly = str(tmp_path / "out")
    cdk.passes("destroy", "--all", "--force", "--app", assembly, "--concurrency", "4")
    assert cdk.commands.inventory() == bootstrapped


def test_cdk_destroy_alone_ends_what_attendees_run_and_leaves_nothing(
    cdk: Cdk, tmp_path: Path
) -> None:
    bootstrapped = cdk.commands.inventory()
    config, assembly = tmp_path / "workshop.yaml", tmp_path / "out"
    people = "ann, {id: bob, environment: notebook}"
    config.write_text(WORKSHOP.format(attendees=people))
    cdk.passes(*synth(config, assembly), cwd=ROOT)
    make_things(cdk, "ann")
    make_things(cdk, "bob")
    sagemaker = cdk.client("sagemaker")
    (domain,) = sagemaker.list_domains()["Domains"]
    sagemaker.create_app(
        DomainId=domain["DomainId"], SpaceName="ml101-ann", AppType="JupyterLab", AppName="default"
    )
    # Somebody made her another space: it would keep her profile, and so the domain.
    sagemaker.create_space(
        DomainId=domain["DomainId"],
        SpaceName="scratch",
        OwnershipSettings={"OwnerUserProfileName": "ml101-ann"},
        SpaceSharingSettings={"SharingType": "Private"},
    )
    running = cdk.commands.inventory()
    assert {"app", "endpoint", "training-job"} <= {kind for kind, _ in running - bootstrapped}

    said = cdk.passes(
        *("destroy", "--all", "--force", "--app", str(assembly), "--concurrency", "4")
    )

    assert cdk.commands.inventory() == bootstrapped, said
    bootstrap = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
    versions = cdk.client("s3").list_object_versions(Bucket=bootstrap, Prefix="workshops/")
    assert "Versions" not in versions, "the bundle and the functions' code go too"


def make_things(cdk: Cdk, attendee: str) -> None:
    """What an attendee's lab makes, and leaves running; and files."""
    sagemaker, s3 = cdk.client("sagemaker"), cdk.client("s3")
    own = f"ml101-{attendee}"
    arn = cdk.client("iam").get_role(RoleName=own)["Role"]["Arn"]
    bucket = f"ml101-{ACCOUNT}-{REGION}"
    for key in ("notes.txt", "collected/home.tar.gz"):
        s3.put_object(Bucket=bucket, Key=f"attendees/{attendee}/{key}", Body=b"work")
    s3.create_multipart_upload(Bucket=bucket, Key=f"attendees/{attendee}/unfinished")
    image = f"683313688378.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:1.7-1"
    sagemaker.create_model(
        ModelName=f"{own}-model", ExecutionRoleArn=arn, PrimaryContainer={"Image": image}
    )
    variant = {"VariantName": "all", "ModelName": f"{own}-model", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{own}-config",
        ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}],
    )
    sagemaker.create_endpoint(EndpointName=f"{own}-live", EndpointConfigName=f"{own}-config")
    sagemaker.create_training_job(
        TrainingJobName=f"{own}-job",
        RoleArn=arn,
        AlgorithmSpecification={
            "TrainingImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/own:1",
            "TrainingInputMode": "File",
        },
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/attendees/{attendee}/out"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 86_400},
    )


def synth(config: Path, out: Path) -> tuple[str, ...]:
    return (
        *("deploy", "--all", "--require-approval", "never", "--concurrency", "4"),
        *("--app", f"{sys.executable} app.py", "--output", str(out)),
        *("--context", f"config={config}"),
    )


def workshop(cdk: Cdk, *arguments: str) -> dict[str, Any]:
    done = cdk.commands.run(
        sys.executable, "-m", "workshop.cli.main", *arguments, "--json", cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_stack_of_the_default_synthesizer_assumes_bootstraps_roles_and_rolls_back(
    cdk: Cdk, tmp_path: Path
) -> None:
    app = ("--app", str(tmp_path))
    deploy = ("deploy", "tiny", *app, "--require-approval", "never")
    assembly(tmp_path, retention=7)
    cdk.passes(*deploy)
    stack = cdk.stack("tiny")
    assert stack["RoleARN"].endswith(f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}")
    assert stack["ChangeSetId"]
    # The diff comes from a change set: a new name means another queue.
    assembly(tmp_path, retention=14, queue="tiny-two")
    said = cdk.passes("diff", "tiny", *app)
    assert "[~] AWS::SQS::Queue Queue replace" in said
    assert "[~] AWS::Logs::LogGroup Group" in said
    # One resource that cannot be made: all goes back, and the CLI tells why.
    assembly(tmp_path, retention=14, broken=True)
    failed = cdk(*deploy)
    assert failed.returncode == 1
    assert "The local AWS does not have AWS::EC2::VPCEndpoint." in failed.stdout + failed.stderr
    assert cdk.stack("tiny")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    [group] = cdk.client("logs").describe_log_groups(logGroupNamePrefix="tiny")["logGroups"]
    assert group["retentionInDays"] == 7
    cdk.passes("destroy", "tiny", "--force", *app)
    assert ("stack", "tiny") not in cdk.commands.inventory()


def assembly(directory: Path, *, retention: int, queue: str = "tiny", broken: bool = False) -> None:
    """A cloud assembly as CDK's default synthesizer writes it."""
    resources: dict[str, Any] = {
        "Group": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "tiny", "RetentionInDays": retention},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": queue}},
    }
    if broken:
        resources["Endpoint"] = {"Type": "AWS::EC2::VPCEndpoint", "DependsOn": "Group"}
    template = {
        "Parameters": {
            "BootstrapVersion": {
                "Type": "AWS::SSM::Parameter::Value<String>",
                "Default": "/cdk-bootstrap/hnb659fds/version",
            }
        },
        "Resources": resources,
        "Rules": {"CheckBootstrapVersion": {"Assertions": [{"Assert": new_enough()}]}},
    }
    text = json.dumps(template)
    (directory / "tiny.template.json").write_text(text)
    place = {
        "bucketName": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}",
        "objectKey": f"{zlib.crc32(text.encode()):08x}.json",
        "assumeRoleArn": role("file-publishing-role"),
    }
    assets = {
        "version": "40.0.0",
        "files": {
            "template": {
                "source": {"path": "tiny.template.json", "packaging": "file"},
                "destinations": {"here": {**place, "region": REGION}},
            }
        },
        "dockerImages": {},
    }
    (directory / "tiny.assets.json").write_text(json.dumps(assets))
    bootstrap = {
        "requiresBootstrapStackVersion": 6,
        "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
    }
    manifest = {
        "version": "40.0.0",
        "artifacts": {
            "tiny.assets": {
                "type": "cdk:asset-manifest",
                "properties": {"file": "tiny.assets.json", **bootstrap},
            },
            "tiny": {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{ACCOUNT}/{REGION}",
                "properties": {
                    "templateFile": "tiny.template.json",
                    "stackName": "tiny",
                    "assumeRoleArn": role("deploy-role"),
                    "cloudFormationExecutionRoleArn": role("cfn-exec-role"),
                    "stackTemplateAssetObjectUrl": "s3://{bucketName}/{objectKey}".format(**place),
                    "additionalDependencies": ["tiny.assets"],
                    **bootstrap,
                },
                "dependencies": ["tiny.assets"],
                "displayName": "tiny",
            },
        },
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))


def role(name: str) -> str:
    return f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/cdk-hnb659fds-{name}-{ACCOUNT}-{REGION}"


def new_enough() -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]}

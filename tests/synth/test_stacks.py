"""What the templates say."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from tests.factories import make_attendee, make_workshop
from tests.synth.conftest import Assembly, Synthesise
from workshop.model import Idle, Network
from workshop.names import SWEEP_TYPE

SHARED = "ml101-shared-us-east-1"
ANN = "ml101-ann-us-east-1"
BOB = "ml101-bob-us-east-1"


def test_a_studio_attendee_gets_a_role_a_profile_and_a_private_space(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop(["ann"]))

    kinds = {r["Type"] for r in assembly.template(ANN)["Resources"].values()}
    assert kinds == {
        "AWS::IAM::Role",
        "AWS::SageMaker::UserProfile",
        "AWS::SageMaker::Space",
        SWEEP_TYPE,
    }
    assert assembly.one(ANN, "AWS::SageMaker::UserProfile")["UserProfileName"] == "ml101-ann"
    space = assembly.one(ANN, "AWS::SageMaker::Space")
    assert space["SpaceName"] == "ml101-ann"
    assert space["SpaceSharingSettings"] == {"SharingType": "Private"}
    assert space["OwnershipSettings"] == {"OwnerUserProfileName": "ml101-ann"}
    assert space["SpaceSettings"]["RemoteAccess"] == "DISABLED"
    assert space["DomainId"] == {"Fn::ImportValue": "ml101-shared-domain"}


def test_a_notebook_attendee_gets_a_role_and_an_instance_without_root(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop([make_attendee("bob", "notebook")]))

    instance = assembly.one(BOB, "AWS::SageMaker::NotebookInstance")
    assert instance["NotebookInstanceName"] == "ml101-bob"
    assert instance["PlatformIdentifier"] == "notebook-al2023-v1"
    assert instance["RootAccess"] == "Disabled"
    assert instance["DirectInternetAccess"] == "Enabled"
    imds = instance["InstanceMetadataServiceConfiguration"]
    assert imds == {"MinimumInstanceMetadataServiceVersion": "2"}
    config = assembly.one(SHARED, "AWS::SageMaker::NotebookInstanceLifecycleConfig")
    assert instance["LifecycleConfigName"] == config["NotebookInstanceLifecycleConfigName"]


def test_a_region_of_notebooks_alone_has_neither_domain_nor_network(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop([make_attendee("bob", "notebook")]))

    kinds = {r["Type"] for r in assembly.template(SHARED)["Resources"].values()}
    assert not {k for k in kinds if k.startswith("AWS::EC2::")}
    assert "AWS::SageMaker::Domain" not in kinds
    assert "AWS::SageMaker::StudioLifecycleConfig" not in kinds


def test_the_domain_has_no_efs_propagates_tags_and_reaches_the_internet(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop(["ann"], idle=Idle(90, 60)))

    domain = assembly.one(SHARED, "AWS::SageMaker::Domain")
    assert domain["HomeEfsFileSystemCreation"] == "Disabled"
    assert domain["TagPropagation"] == "ENABLED"
    assert domain["AppNetworkAccessType"] == "PublicInternetOnly"
    assert domain["AuthMode"] == "IAM"
    assert domain["DomainSettings"] == {"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"}
    lab = domain["DefaultUserSettings"]["JupyterLabAppSettings"]
    assert lab["DefaultResourceSpec"]["InstanceType"] == "ml.t3.medium"
    assert lab["LifecycleConfigArns"] == [lab["DefaultResourceSpec"]["LifecycleConfigArn"]]
    idle = lab["AppLifecycleManagement"]["IdleSettings"]
    assert idle["LifecycleManagement"] == "ENABLED"
    assert idle["IdleTimeoutInMinutes"] == idle["MaxIdleTimeoutInMinutes"] == 90
    hidden = domain["DefaultUserSettings"]["StudioWebPortalSettings"]["HiddenInstanceTypes"]
    assert "ml.p4d.24xlarge" in hidden
    assert "ml.t3.medium" not in hidden


def test_two_subnets_and_no_gateway_are_all_the_network(synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop(["ann"]))

    kinds = [r["Type"] for r in assembly.template(SHARED)["Resources"].values()]
    assert kinds.count("AWS::EC2::Subnet") == 2
    assert "AWS::EC2::NatGateway" not in kinds
    assert "AWS::EC2::InternetGateway" not in kinds


def test_an_existing_network_is_used_as_it_is(synthesise: Synthesise) -> None:
    networks = {"us-east-1": Network("vpc-1", ("subnet-1", "subnet-2"))}

    assembly = synthesise(make_workshop(["ann"], networks=networks))

    domain = assembly.one(SHARED, "AWS::SageMaker::Domain")
    assert (domain["VpcId"], domain["SubnetIds"]) == ("vpc-1", ["subnet-1", "subnet-2"])
    assert not assembly.resources(SHARED, "AWS::EC2::VPC")


def test_in_an_existing_domain_the_profile_brings_its_own_boot_script(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop(["ann"], domains={"us-east-1": "d-abc"}))

    assert not assembly.resources(SHARED, "AWS::SageMaker::Domain")
    profile = assembly.one(ANN, "AWS::SageMaker::UserProfile")
    assert profile["DomainId"] == "d-abc"
    config = assembly.one(SHARED, "AWS::SageMaker::StudioLifecycleConfig")
    lab = profile["UserSettings"]["JupyterLabAppSettings"]
    assert config["StudioLifecycleConfigName"] in json.dumps(lab["LifecycleConfigArns"])
    # CloudFormation's UserProfile refuses idle settings (its schema has them for Domain).
    assert "AppLifecycleManagement" not in lab


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_the_role_stands_under_the_boundary(environment: str, synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop([make_attendee("ann", environment)]))  # type: ignore[arg-type]

    role = assembly.one(ANN, "AWS::IAM::Role")
    assert role["RoleName"] == "ml101-ann"
    assert "policy/ml101-shared-boundary-us-east-1" in json.dumps(role["PermissionsBoundary"])
    names = [p["ManagedPolicyName"] for p in assembly.resources(SHARED, "AWS::IAM::ManagedPolicy")]
    assert "ml101-shared-boundary-us-east-1" in names
    assert "AmazonSageMakerFullAccess" not in assembly.texts[ANN] + assembly.texts[SHARED]


def test_nobody_is_allowed_to_everybody(synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop(["ann", make_attendee("bob", "notebook")]))

    for name in assembly.texts:
        for statement in _statements(assembly.template(name)):
            principal = json.dumps(statement.get("Principal", ""))
            assert statement["Effect"] == "Deny" or "*" not in principal


def _statements(node: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    if isinstance(node, dict):
        if "Effect" in node:
            found.append(node)
        for value in node.values():
            found += _statements(value)
    elif isinstance(node, list):
        for value in node:
            found += _statements(value)
    return found


def test_every_resource_that_can_be_tagged_says_whose_it_is(synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop(["ann", make_attendee("bob", "notebook")]))

    for artifact, attendee in ((ANN, "ann"), (BOB, "bob")):
        assert assembly.artifacts[artifact]["properties"]["tags"] == {
            "workshop:name": "ml101",
            "workshop:attendee": attendee,
        }
        for resource in assembly.template(artifact)["Resources"].values():
            if resource["Type"] == SWEEP_TYPE:  # a request, and no resource
                continue
            tags = {t["Key"]: t["Value"] for t in resource["Properties"]["Tags"]}
            assert tags == {"workshop:name": "ml101", "workshop:attendee": attendee}


def test_the_bucket_is_private_encrypted_and_can_be_deleted(synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop(["ann"]))

    bucket = assembly.one(SHARED, "AWS::S3::Bucket")
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert "BucketEncryption" in bucket
    assert "VersioningConfiguration" not in bucket
    policy = json.dumps(assembly.one(SHARED, "AWS::S3::BucketPolicy"))
    assert "aws:SecureTransport" in policy
    resources = assembly.template(SHARED)["Resources"].values()
    (policies,) = [r["DeletionPolicy"] for r in resources if r["Type"] == "AWS::S3::Bucket"]
    assert policies == "Delete"


def test_a_template_can_be_sent_inline_and_carries_no_asset(synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop(["ann", make_attendee("bob", "notebook")]))

    for name in (ANN, BOB):
        assert len(assembly.texts[name].encode()) < 51_200
        manifest = (assembly.directory / f"{name}.assets.json").read_text(encoding="utf-8")
        paths = [f["source"]["path"] for f in json.loads(manifest)["files"].values()]
        assert paths == [f"{name}.template.json"]


def test_the_assets_are_the_bundle_and_the_functions_under_the_workshops_own_prefix(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop(["ann"]))

    places = asset_places(assembly)
    functions = assembly.resources(SHARED, "AWS::Lambda::Function")
    assert len(places) == 2
    assert all(key.startswith("workshops/ml101/") for _, key in places)
    content = assembly.one(SHARED, "AWS::SageMaker::StudioLifecycleConfig")[
        "StudioLifecycleConfigContent"
    ]
    script = unpacked(content)
    (bundle,) = [f"s3://{bucket}/{key}" for bucket, key in places if key in script]
    assert bundle in script
    (key,) = {function["Code"]["S3Key"] for function in functions}
    (code,) = [place for place in places if place[1] == key]
    assert f"s3://{code[0]}/{code[1]}" != bundle


def unpacked(content: str) -> str:
    """A lifecycle configuration's script as `render` made it."""
    packed = base64.b64decode(content).decode().split("gzip -dc\n")[1].split("PACKED")[0]
    return gzip.decompress(base64.b64decode(packed)).decode()


def asset_places(assembly: Assembly) -> list[tuple[str, str]]:
    """(bucket, key) of the shared stack's files that are no templates, each a plain file."""
    manifest = (assembly.directory / f"{SHARED}.assets.json").read_text(encoding="utf-8")
    files = [
        f for f in json.loads(manifest)["files"].values() if f["source"]["path"][-4:] == ".zip"
    ]
    assert {f["source"]["packaging"] for f in files} == {"file"}
    destinations = [d for f in files for d in f["destinations"].values()]
    return [
        (d["bucketName"].replace("${AWS::AccountId}", "{account}"), d["objectKey"])
        for d in destinations
    ]


def test_adding_an_attendee_leaves_every_other_template_byte_identical(
    synthesise: Synthesise,
) -> None:
    before = synthesise(make_workshop(["ann", "carl"]))
    after = synthesise(make_workshop(["ann", "bob", "carl"]))

    assert {name: after.texts[name] for name in before.texts} == before.texts


def test_a_new_boot_script_changes_the_shared_template_alone_and_gets_a_new_name(
    synthesise: Synthesise,
) -> None:
    workshop = make_workshop(["ann", make_attendee("bob", "notebook")])
    before = synthesise(workshop)
    after = synthesise(workshop, content=b"another bundle")

    changed = {name for name in before.texts if before.texts[name] != after.texts[name]}
    assert changed == {SHARED}
    kind = "AWS::SageMaker::StudioLifecycleConfig"
    old, new = (a.one(SHARED, kind)["StudioLifecycleConfigName"] for a in (before, after))
    assert old != new


def test_each_region_has_a_shared_stack_and_its_own_attendees(synthesise: Synthesise) -> None:
    people = [make_attendee("ann"), make_attendee("bob", region="eu-west-1")]

    assembly = synthesise(make_workshop(people))

    assert set(assembly.texts) == {
        "ml101-shared-us-east-1",
        "ml101-shared-eu-west-1",
        "ml101-ann-us-east-1",
        "ml101-bob-eu-west-1",
    }
    bob = assembly.artifacts["ml101-bob-eu-west-1"]
    assert bob["environment"] == "aws://unknown-account/eu-west-1"
    assert bob["properties"]["stackName"] == "ml101-bob"
    assert "ml101-shared-eu-west-1" in bob["dependencies"]
    assert "ml101-shared-us-east-1" not in bob["dependencies"]

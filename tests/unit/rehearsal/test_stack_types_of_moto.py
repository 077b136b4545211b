"""What moto's CloudFormation types leave out, and we add: tags, policies, schedules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.ssm.models import ssm_backends

from rehearsal.account import ACCOUNT
from tests.unit.rehearsal.bench import REGION
from tests.unit.rehearsal.stacks import Stacks

NAME = "ml501"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
RED, BLUE = ([{"Key": "team", "Value": colour}] for colour in ("red", "blue"))
IAM = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


def role(**properties: Any) -> dict[str, Any]:
    # Without a Version, as CDK's bootstrap has it.
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
    fixed = {"RoleName": "ml501-role", "AssumeRolePolicyDocument": trust}
    return {"Type": "AWS::IAM::Role", "Properties": {**fixed, **properties}}


def inline(name: str) -> dict[str, Any]:
    return {"PolicyName": name, "PolicyDocument": DOCUMENT}


def test_a_roles_update_changes_its_own_policies_and_no_other_resources(stacks: Stacks) -> None:
    policy = {
        "Type": "AWS::IAM::Policy",
        "Properties": {**inline("other"), "Roles": [{"Ref": "Role"}]},
    }
    before = {"Role": role(Policies=[inline("one")], Description="x"), "Policy": policy}
    assert stacks.create(NAME, before, Tags=RED, **IAM) == "CREATE_COMPLETE"
    after = {"Role": role(Policies=[inline("two")]), "Policy": policy}
    assert stacks.update(NAME, after, Tags=BLUE, **IAM) == "UPDATE_COMPLETE"
    iam = iam_backends[ACCOUNT]["aws"]
    found = iam.get_role("ml501-role")
    assert sorted(iam.list_role_policies("ml501-role")) == ["other", "two"]
    assert (found.description, found.tags) == ("", BLUE)
    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    assert "ml501-role" not in {r.name for r in iam.roles.values()}


def test_a_role_that_somebody_gave_a_policy_cannot_be_deleted(stacks: Stacks) -> None:
    stacks.create(NAME, {"Role": role()}, **IAM)
    iam = iam_backends[ACCOUNT]["aws"]
    iam.put_role_policy("ml501-role", "theirs", json.dumps(DOCUMENT))
    assert stacks.delete(NAME) == "DELETE_FAILED"
    iam.delete_role_policy("ml501-role", "theirs")
    assert stacks.delete(NAME) == "DELETE_COMPLETE"


def test_the_stacks_tags_reach_types_that_name_them_otherwise(stacks: Stacks) -> None:
    resources = {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/ml501/it", "Type": "String", "Value": "x"},
        },
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "ml501-group"}},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": DOCUMENT}},
        "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.5.0.0/16"}},
    }
    assert stacks.create(NAME, resources, Tags=RED) == "CREATE_COMPLETE"
    assert tags(stacks) == [{"team": "red"}] * 4
    assert stacks.update(NAME, resources, Tags=BLUE) == "UPDATE_COMPLETE"
    assert tags(stacks) == [{"team": "blue"}] * 4
    key = physical_id(stacks, "Key")
    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    # A key is never gone at once.
    assert kms_backends[ACCOUNT][REGION].describe_key(key).key_state == "PendingDeletion"


def physical_id(stacks: Stacks, logical: str) -> str:
    rows = stacks.call("DescribeStackResources", StackName=NAME, LogicalResourceId=logical)
    found: str = rows["StackResources"][0]["PhysicalResourceId"]
    return found


def tags(stacks: Stacks) -> list[dict[str, str]]:
    """The tags of the parameter, the log group, the key and the network; AWS's own left out."""
    key = kms_backends[ACCOUNT][REGION].tagger.get_tag_dict_for_resource
    network = stacks.bench.world.cloudformation.find(NAME, REGION)
    assert network is not None
    made = network.resources["Network"].made
    assert made is not None
    of_network = {t["key"]: t["value"] for t in made.token.resource.get_tags()}
    return [
        ssm_backends[ACCOUNT][REGION].list_tags_for_resource("Parameter", "/ml501/it"),
        dict(logs_backends[ACCOUNT][REGION].list_tags_log_group("ml501-group")),
        dict(key(physical_id(stacks, "Key"))),
        {k: v for k, v in of_network.items() if not k.startswith("aws:")},
    ]


def test_a_bucket_has_what_its_template_says_and_loses_it_again(stacks: Stacks) -> None:
    s3 = s3_backends[ACCOUNT]["aws"]
    blocked = {"BlockPublicAcls": True, "BlockPublicPolicy": "true"}
    rule = {
        "Id": "old",
        "Status": "Enabled",
        "ExpirationInDays": 9,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    full = {
        "BucketName": "ml501-bucket",
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": blocked,
        "LifecycleConfiguration": {"Rules": [rule]},
    }
    stacks.create(NAME, {"Bucket": bucket(full)})
    assert s3.get_bucket_versioning("ml501-bucket") == "Enabled"
    assert s3.get_public_access_block("ml501-bucket").block_public_acls
    assert s3.get_bucket_lifecycle_configuration("ml501-bucket")
    stacks.update(NAME, {"Bucket": bucket({"BucketName": "ml501-bucket"})})
    assert s3.get_bucket_versioning("ml501-bucket") == "Suspended"
    assert not s3.get_bucket_lifecycle_configuration("ml501-bucket")
    assert stacks.delete(NAME) == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "The bucket you tried to delete is not empty (Service"),
        (
            {"VersioningConfiguration": {"Status": "Enabled"}},
            "The bucket you tried to delete is not empty. You must delete all versions in the "
            "bucket. (Service",
        ),
    ],
    ids=["plain", "versioned"],
)
def test_a_stack_keeps_a_bucket_that_is_not_empty(
    stacks: Stacks, properties: dict[str, Any], reason: str
) -> None:
    s3 = s3_backends[ACCOUNT]["aws"]
    stacks.create(NAME, {"Bucket": bucket({"BucketName": "ml501-full", **properties})})
    s3.put_object("ml501-full", "it", b"x")
    if properties:
        s3.delete_object("ml501-full", "it")  # leaves a version and a marker
    assert stacks.delete(NAME) == "DELETE_FAILED"
    assert stacks.reasons(NAME, "DELETE_FAILED")[-1].startswith(reason)
    assert "ml501-full" in s3.buckets
    s3.get_bucket("ml501-full").keys.clear()
    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    assert "ml501-full" not in s3.buckets


def bucket(properties: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def test_a_repository_has_its_policies(stacks: Stacks) -> None:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    lifecycle = {"LifecyclePolicyText": json.dumps({"rules": [rule]})}
    pull = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    properties = {
        "RepositoryName": "ml501-images",
        "LifecyclePolicy": lifecycle,
        "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": [pull]},
    }
    made = {"Images": {"Type": "AWS::ECR::Repository", "Properties": properties}}
    assert stacks.create(NAME, made) == "CREATE_COMPLETE"
    repository = ecr_backends[ACCOUNT][REGION].repositories["ml501-images"]
    assert repository.lifecycle_policy
    assert repository.policy
    bare = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "ml501-images"}}
    assert stacks.update(NAME, {"Images": bare}) == "UPDATE_COMPLETE"
    assert not repository.policy
    assert stacks.delete(NAME) == "DELETE_COMPLETE"


@pytest.mark.parametrize("kind", ["AWS::EC2::VPCEndpoint", "AWS::IoT::Thing"])
def test_a_type_that_moto_has_only_in_part_fails_the_stack(stacks: Stacks, kind: str) -> None:
    assert stacks.create(NAME, {"It": {"Type": kind}}) == "ROLLBACK_COMPLETE"


def test_a_repository_without_a_name_gets_one_in_lower_case(stacks: Stacks) -> None:
    images = {"Type": "AWS::ECR::Repository", "Properties": {}}
    assert stacks.create(NAME, {"Images": images}) == "CREATE_COMPLETE"
    assert physical_id(stacks, "Images").startswith("ml501-images-")
    assert stacks.delete(NAME) == "DELETE_COMPLETE"


def test_a_subnet_is_in_a_zone_of_its_region(stacks: Stacks) -> None:
    network = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.5.0.0/16"}}
    properties = {"VpcId": {"Ref": "Network"}, "CidrBlock": "10.5.1.0/24"}
    subnet = {"Type": "AWS::EC2::Subnet", "Properties": properties}
    stacks.create(NAME, {"Network": network, "Subnet": subnet})
    found = ec2_backends[ACCOUNT][REGION].get_subnet(physical_id(stacks, "Subnet"))
    assert found.availability_zone == f"{REGION}a"
    assert stacks.delete(NAME) == "DELETE_COMPLETE"

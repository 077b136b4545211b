"""Every CloudFormation type of SageMaker: made by a stack, and removed with it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.sagemaker_types import TYPES, WITHOUT_TYPE
from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.kinds import BY_NAME, KINDS
from tests.unit.rehearsal.bench import ROLE
from tests.unit.rehearsal.samples import BEFORE, NAME, Samples, request
from tests.unit.rehearsal.stacks import Stacks

# A type that fails its stack here, and says why.
NOT_EXECUTED = {"processing-job"}
# Types whose containers no program stands in for.
NOT_SERVED = {"endpoint", "inference-component"}

# What a template must say and the API's request need not: where, and what.
GROUND_TRUTH = ("GroundTruthS3Input", "S3Uri", "s3://bucket/truth")
MORE: dict[str, list[tuple[Any, ...]]] = {
    "model-bias-job-definition": [("ModelBiasJobInput", *GROUND_TRUTH)],
    "model-package": [
        ("InferenceSpecification", "SupportedContentTypes", ["text/csv"]),
        ("InferenceSpecification", "SupportedResponseMIMETypes", ["text/csv"]),
    ],
    "model-quality-job-definition": [
        ("ModelQualityJobInput", *GROUND_TRUTH),
        ("ModelQualityAppSpecification", "ProblemType", "Regression"),
    ],
    "processing-job": [
        ("ProcessingResources", "ClusterConfig", "InstanceCount", 1),
        ("ProcessingResources", "ClusterConfig", "InstanceType", "ml.m5.large"),
    ],
}


def test_every_kind_that_has_a_type_is_offered() -> None:
    # us-east-1 has them all.
    types = {kind.name: f"AWS::SageMaker::{kind.noun}" for kind in KINDS}
    missing = {name for name, type_ in types.items() if not schemas.exists(type_, "us-east-1")}
    assert missing == WITHOUT_TYPE


def properties_of(samples: Samples, kind: Kind) -> dict[str, Any]:
    """What a template says to make one, given that what it needs is there."""
    for need in (*BEFORE.get(kind.name, ()), *(n.kind for n in kind.needs)):
        samples.make(need)
    found = copy.deepcopy(request(kind))
    if kind.name == "domain":
        found |= samples.bench.network()
    if "domain" in samples.made:
        found["DomainId"] = samples.made["domain"]["DomainId"]
    if "cluster" in samples.made:
        found["ClusterArn"] = samples.bench.found("cluster", NAME).arn
    found.pop("ClientRequestToken", None)
    found.pop("ClientToken", None)
    special: dict[str, dict[str, Any]] = {
        "image": {"ImageRoleArn": ROLE},
        "pipeline": {
            "PipelineDefinition": {"PipelineDefinitionBody": found.get("PipelineDefinition")}
        },
        "project": {
            "ServiceCatalogProvisioningDetails": {"ProductId": "prod-1", "PathId": "lpv3-1"}
        },
        "workteam": {"MemberDefinitions": [{"OidcMemberDefinition": {"OidcGroups": ["labelers"]}}]},
        "model-card": {"Content": json.loads(found.get("Content", "{}"))},
    }
    if kind.name == "image":
        del found["RoleArn"]
    if kind.name == "app":
        found |= {"AppType": "Canvas", "UserProfileName": NAME}
        del found["SpaceName"]
    for *path, name, value in MORE.get(kind.name, ()):
        node = found
        for part in path:
            node = node[part]
        node[name] = value
    return {**found, **special.get(kind.name, {})}


@pytest.mark.parametrize("resource_type", sorted(TYPES))
def test_a_type_is_made_by_a_stack_and_removed_with_it(stacks: Stacks, resource_type: str) -> None:
    kind = TYPES[resource_type]
    samples = Samples(stacks.bench)
    properties = properties_of(samples, kind)
    before = {r.arn for r in stacks.bench.plane.every()}
    stacks.begin("one", {"One": {"Type": resource_type, "Properties": properties}})
    stacks.bench.step()
    if kind.name in NOT_SERVED:
        stacks.bench.put_in_service(NAME, kind.name)
    status = stacks.end("one")
    if kind.name in NOT_EXECUTED:
        assert status == "ROLLBACK_COMPLETE"
        assert "not executed locally" in stacks.reasons("one", "CREATE_FAILED")[0]
        return
    assert status == "CREATE_COMPLETE", stacks.reasons("one", "CREATE_FAILED")
    made = {r.arn for r in stacks.bench.plane.every()} - before
    assert len(made) == 1
    assert stacks.delete("one") == "DELETE_COMPLETE", stacks.reasons("one", "DELETE_FAILED")
    left = [r for r in stacks.bench.plane.every() if r.arn in made]
    assert [r for r in left if r.status != r.kind.deleted] == []


def test_an_artifact_is_known_by_its_arn(stacks: Stacks) -> None:
    artifact = {
        "Type": "AWS::SageMaker::Artifact",
        "Properties": {"ArtifactType": "data", "Source": {"SourceUri": "s3://bucket/data"}},
    }
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["A", "Arn"]}}}
    stacks.create("one", {"A": artifact}, Outputs=outputs)
    arn = stacks.describe("one")["Outputs"][0]["OutputValue"]
    assert arn.startswith("arn:aws:sagemaker:")
    assert BY_NAME["artifact"] is stacks.bench.plane.by_arn(arn).kind  # type: ignore[union-attr]

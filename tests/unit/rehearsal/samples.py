"""The smallest request that makes one of each kind, from botocore's input shapes.

Required members are filled by their type, enum and pattern; VALUES and REQUESTS say what
the model does not: which names refer to each other, and what a kind's own rules demand.
"""

from __future__ import annotations

import json
from typing import Any

from rehearsal.account import ACCOUNT
from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.kinds import BY_NAME, KINDS
from rehearsal.world import service_model
from tests.unit.rehearsal.bench import REGION, ROLE, Bench, base64_of

MODEL = service_model("sagemaker")
NAME = "ml101-ann"
OTHER = "ml101-bob"

# By the name of the member, wherever it is.
VALUES: dict[str, Any] = {
    "RoleArn": ROLE,
    "ExecutionRoleArn": ROLE,
    "ExecutionRole": ROLE,
    "S3Uri": "s3://bucket/key",
    "S3OutputPath": "s3://bucket/out",
    "S3OutputLocation": "s3://bucket/out",
    "ArtifactStoreUri": "s3://bucket/mlflow",
    "BaseImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/studio:1",
    "TrainingImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/nobody:1",
    "GitConfig": {"RepositoryUrl": "https://example.com/labs.git"},
    "RepositoryUrl": "https://example.com/labs.git",
    "InstanceType": "ml.m5.xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 5,
    "EndpointName": NAME,
    "ModelName": NAME,
    "WorkteamArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/{NAME}",
    "StudioLifecycleConfigContent": base64_of("#!/bin/bash\n"),
    "StudioLifecycleConfigAppType": "JupyterLab",
    "SchedulerConfig": {"FairShare": "Enabled"},
    "ClientRequestToken": "0123456789012345678901234567890123456789",
    "SourceUri": "s3://bucket/source",
    "LocalPath": "/opt/ml/processing/endpointdata",
    "TargetVersion": 1,
}

_CONTAINER = {"PrimaryContainer": {"Image": VALUES["TrainingImage"]}, "ExecutionRoleArn": ROLE}
_VARIANT = {"VariantName": "AllTraffic", "ModelName": NAME, "InitialInstanceCount": 1}
_DEFINITION = {
    "HyperParameterTuningJobConfig": {
        "Strategy": "Random",
        "ResourceLimits": {"MaxParallelTrainingJobs": 1},
    },
    "TrainingJobDefinition": {
        "AlgorithmSpecification": {
            "TrainingImage": VALUES["TrainingImage"],
            "TrainingInputMode": "File",
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    },
}
_ENDPOINT = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{NAME}"
_FEATURES = [
    {"FeatureName": "id", "FeatureType": "String"},
    {"FeatureName": "at", "FeatureType": "String"},
]

# By kind: members that replace what the shapes give.
REQUESTS: dict[str, dict[str, Any]] = {
    "model": _CONTAINER,
    "endpoint-config": {"ProductionVariants": [{**_VARIANT, "InstanceType": "ml.m5.large"}]},
    "endpoint": {"EndpointConfigName": NAME},
    "training-job": {
        "AlgorithmSpecification": {
            "TrainingImage": VALUES["TrainingImage"],
            "TrainingInputMode": "File",
        },
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    },
    "tuning-job": _DEFINITION,
    "pipeline": {"PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": []})},
    "pipeline-execution": {"PipelineName": NAME},
    "model-package": {
        "ModelPackageGroupName": NAME,
        "InferenceSpecification": {"Containers": [{"Image": "image"}]},
    },
    "model-card": {"Content": "{}", "ModelCardStatus": "Draft"},
    "hub": {"HubName": NAME},
    "hub-content": {"HubName": NAME, "HubContentVersion": "1.0.0"},
    "monitoring-schedule": {
        "MonitoringScheduleConfig": {
            "MonitoringJobDefinitionName": NAME,
            "MonitoringType": "DataQuality",
        }
    },
    "experiment": {"ExperimentName": NAME},
    "trial": {"ExperimentName": NAME},
    "artifact": {"ArtifactName": NAME},
    "feature-group": {
        "FeatureDefinitions": _FEATURES,
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "OnlineStoreConfig": {"EnableOnlineStore": True},
    },
    "cluster": {
        "InstanceGroups": [
            {
                "InstanceCount": 2,
                "InstanceGroupName": "workers",
                "InstanceType": "ml.m5.xlarge",
                "ExecutionRole": ROLE,
            }
        ]
    },
    "training-plan": {"TrainingPlanOfferingId": "tpo-local-1d"},
    "ai-benchmark-job": {
        "AIWorkloadConfigIdentifier": NAME,
        "BenchmarkTarget": {"Endpoint": {"Identifier": NAME}},
    },
    "ai-recommendation-job": {
        "AIWorkloadConfigIdentifier": NAME,
        "ModelSource": {"S3": {"S3Uri": "s3://bucket/model"}},
        "OutputConfig": {"S3OutputLocation": "s3://bucket/out"},
    },
    "compilation-job": {"InputConfig": {"S3Uri": "s3://bucket/model", "Framework": "XGBOOST"}},
    "optimization-job": {
        "OptimizationConfigs": [{"ModelQuantizationConfig": {"Image": "image"}}],
    },
    "inference-router": {
        "RoutingTargets": [{"Name": "all", "Destinations": [{"ResourceArn": _ENDPOINT}]}]
    },
    "job": {"JobConfigSchemaVersion": "1.0.0", "JobConfigDocument": "{}"},
    "training-session": {
        "ModelConfig": {
            "BaseModelArn": f"arn:aws:sagemaker:{REGION}:aws:hub-content/hub/Model/llm/1.0.0"
        }
    },
    "inference-component": {
        "VariantName": "AllTraffic",
        "Specification": {"ModelName": NAME},
        "RuntimeConfig": {"CopyCount": 1},
    },
    "workteam": {
        "MemberDefinitions": [{"OidcMemberDefinition": {"Groups": ["labelers"]}}],
    },
    "partner-app": {"Name": "ml101", "Tier": "small"},
    "image-version": {"ImageName": NAME},
    "space": {
        "OwnershipSettings": {"OwnerUserProfileName": NAME},
        "SpaceSharingSettings": {"SharingType": "Private"},
        "SpaceSettings": {"AppType": "JupyterLab"},
    },
    "app": {"SpaceName": NAME, "AppType": "JupyterLab", "AppName": "default"},
    "domain": {"DefaultUserSettings": {"ExecutionRole": ROLE}, "AuthMode": "IAM"},
    "notebook-instance": {"InstanceType": "ml.t3.medium"},
}

# What must be there before, beyond the row's own needs.
BEFORE: dict[str, tuple[str, ...]] = {
    "user-profile": ("domain",),
    "space": ("user-profile",),
    "app": ("space",),
    "endpoint-config": ("model",),
    "endpoint": ("endpoint-config",),
    "inference-component": ("endpoint",),
    "transform-job": ("model",),
    "labeling-job": ("workteam",),
    "workteam": ("workforce",),
    "pipeline-execution": ("pipeline",),
    "model-card-export-job": ("model-card",),
    "monitoring-schedule": ("data-quality-job-definition",),
    "cluster-scheduler-config": ("cluster",),
    "compute-quota": ("cluster",),
    "data-quality-job-definition": ("endpoint",),
    "model-quality-job-definition": ("endpoint",),
    "model-bias-job-definition": ("endpoint",),
    "model-explainability-job-definition": ("endpoint",),
    "flow-definition": ("human-task-ui",),
}


def request(kind: Kind, **more: Any) -> dict[str, Any]:
    """A request that makes one of a kind, given what it needs is there."""
    shape = MODEL.operation_model(f"{kind.verb}{kind.noun}").input_shape
    wanted = REQUESTS.get(kind.name, {})
    filled = {
        name: filling(shape.members[name], name)
        for name in shape.required_members
        if name not in wanted
    }
    return {**filled, **wanted, **more}


def filling(shape: Any, name: str) -> Any:
    """The smallest value of a shape."""
    if name in VALUES:
        return VALUES[name]
    if shape.type_name == "structure":
        members = {m: filling(shape.members[m], m) for m in shape.required_members}
        if "EndpointInput" in shape.members:
            members["EndpointInput"] = filling(shape.members["EndpointInput"], "EndpointInput")
        return members
    if shape.type_name == "list":
        return [filling(shape.member, name)] * max(1, shape.metadata.get("min", 1))
    if shape.type_name == "map":
        return {filling(shape.key, "key"): filling(shape.value, "value")}
    if shape.type_name in ("integer", "long", "float", "double"):
        return max(1, shape.metadata.get("min", 1))
    if shape.type_name == "boolean":
        return False
    if shape.type_name == "timestamp":
        return 1_800_000_000
    return _text(shape, name)


def _text(shape: Any, name: str) -> str:
    if shape.enum:
        return str(shape.enum[0])
    pattern = shape.metadata.get("pattern", "")
    if "s3://" in pattern or "|s3)" in pattern:
        return "s3://bucket/key"
    if ":role" in pattern:
        return ROLE
    if pattern.startswith("arn"):
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{name.removesuffix('Arn').lower()}/{NAME}"
    if r"\d{1,4}.\d{1,4}" in pattern or "[0-9]+\\.[0-9]+" in pattern:
        return "1.0.0"
    return NAME.ljust(shape.metadata.get("min", 0), "x")


class Samples:
    """Makes one of each kind on a bench; each kind once."""

    def __init__(self, bench: Bench, more: dict[str, dict[str, Any]] | None = None) -> None:
        self.bench = bench
        self.more = more or {}  # further members of a kind's request
        self.made: dict[str, dict[str, Any]] = {}

    def make_all(self) -> None:
        for kind in KINDS:
            self.make(kind.name)

    def make(self, name: str) -> dict[str, Any]:
        """Make one of a kind and what it needs; answers the fields that identify it."""
        if name in self.made:
            return self.made[name]
        kind = BY_NAME[name]
        for need in (*BEFORE.get(name, ()), *(n.kind for n in kind.needs)):
            self.make(need)
        more: dict[str, Any] = dict(self.more.get(name, {}))
        if name in ("user-profile", "space", "app"):
            more["DomainId"] = self.made["domain"]["DomainId"]
        if name == "domain":
            more |= self.bench.network()
        if name in ("cluster-scheduler-config", "compute-quota"):
            more["ClusterArn"] = self.bench.found("cluster", NAME).arn
        params = request(kind, **more)
        answer = self.bench.call(f"{kind.verb}{kind.noun}", **params)
        if name in ("endpoint", "inference-component"):
            self.bench.put_in_service(NAME, name)
        arn = answer.get(kind.arn_name) or answer[f"{kind.noun}Arn"]
        resource = self.bench.plane.by_arn(arn)
        assert resource is not None
        self.bench.step(4000 if not kind.fails else 0)
        ids = {k: v for k, v in {**params, **resource.fields}.items() if k in kind.id_fields}
        if name == "model-package":  # a version has no name of its own
            ids = {"ModelPackageName": arn}
        self.made[name] = ids
        return ids

    def another(self, name: str) -> str:
        """The name of a second resource of a kind, to which nothing belongs."""
        kind = BY_NAME[name]
        for need in kind.needs:
            self.make(need.kind)
        params = request(kind, **{kind.name_field: OTHER})
        if "ClientRequestToken" in params:
            params["ClientRequestToken"] = OTHER.ljust(40, "x")
        self.bench.call(f"{kind.verb}{kind.noun}", **params)
        self.bench.step(4000)
        return OTHER

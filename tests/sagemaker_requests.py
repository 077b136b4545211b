"""The smallest request that makes one of each kind, from botocore's input shapes.

Required members are filled by their type, enum and pattern; the values by name say what the
model does not: which names refer to each other, and what a kind's own rules demand.
"""

from __future__ import annotations

import json
from typing import Any

from rehearsal.account import ACCOUNT
from rehearsal.sagemaker.kind import Kind
from rehearsal.world import service_model

MODEL = service_model("sagemaker")

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


def role_of(name: str) -> str:
    """The ARN of the role with a name."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


class Requests:
    """Requests that make resources called `name` in a region, with the role of that name.

    `values` are by the name of the member, wherever it is; `replaced` by kind are members
    that stand instead of what the shapes give.
    """

    def __init__(self, name: str, region: str) -> None:
        self.name = name
        self.region = region
        self.role = role_of(name)
        self.values = _values(name, region, self.role)
        self.replaced = _replaced(name, region, self.role, self.values["TrainingImage"])

    def request(self, kind: Kind, **more: Any) -> dict[str, Any]:
        """A request that makes one of a kind, given what it needs is there."""
        shape = MODEL.operation_model(f"{kind.verb}{kind.noun}").input_shape
        wanted = self.replaced.get(kind.name, {})
        filled = {
            name: self.filling(shape.members[name], name)
            for name in shape.required_members
            if name not in wanted
        }
        return {**filled, **wanted, **more}

    def filling(self, shape: Any, name: str) -> Any:
        """The smallest value of a shape."""
        if name in self.values:
            return self.values[name]
        if shape.type_name == "structure":
            members = {m: self.filling(shape.members[m], m) for m in shape.required_members}
            if "EndpointInput" in shape.members:
                members["EndpointInput"] = self.filling(
                    shape.members["EndpointInput"], "EndpointInput"
                )
            return members
        if shape.type_name == "list":
            return [self.filling(shape.member, name)] * max(1, shape.metadata.get("min", 1))
        if shape.type_name == "map":
            return {self.filling(shape.key, "key"): self.filling(shape.value, "value")}
        if shape.type_name in ("integer", "long", "float", "double"):
            return max(1, shape.metadata.get("min", 1))
        if shape.type_name == "boolean":
            return False
        if shape.type_name == "timestamp":
            return 1_800_000_000
        return self._text(shape, name)

    def _text(self, shape: Any, name: str) -> str:
        if shape.enum:
            return str(shape.enum[0])
        pattern = shape.metadata.get("pattern", "")
        if "s3://" in pattern or "|s3)" in pattern:
            return "s3://bucket/key"
        if ":role" in pattern:
            return self.role
        if pattern.startswith("arn"):
            kind = name.removesuffix("Arn").lower()
            return f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:{kind}/{self.name}"
        if r"\d{1,4}.\d{1,4}" in pattern or "[0-9]+\\.[0-9]+" in pattern:
            return "1.0.0"
        return self.name.ljust(shape.metadata.get("min", 0), "x")


def _values(name: str, region: str, role: str) -> dict[str, Any]:
    return {
        "RoleArn": role,
        "ExecutionRoleArn": role,
        "ExecutionRole": role,
        "S3Uri": "s3://bucket/key",
        "S3OutputPath": "s3://bucket/out",
        "S3OutputLocation": "s3://bucket/out",
        "ArtifactStoreUri": "s3://bucket/mlflow",
        "BaseImage": f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/studio:1",
        "TrainingImage": f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/nobody:1",
        "GitConfig": {"RepositoryUrl": "https://example.com/labs.git"},
        "RepositoryUrl": "https://example.com/labs.git",
        "InstanceType": "ml.m5.xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 5,
        "EndpointName": name,
        "ModelName": name,
        "WorkteamArn": f"arn:aws:sagemaker:{region}:{ACCOUNT}:workteam/private-crowd/{name}",
        "StudioLifecycleConfigContent": "IyEvYmluL2Jhc2gK",  # #!/bin/bash
        "StudioLifecycleConfigAppType": "JupyterLab",
        "SchedulerConfig": {"FairShare": "Enabled"},
        "ClientRequestToken": name.ljust(40, "0"),
        "SourceUri": "s3://bucket/source",
        "LocalPath": "/opt/ml/processing/endpointdata",
        "TargetVersion": 1,
    }


def _replaced(name: str, region: str, role: str, image: str) -> dict[str, dict[str, Any]]:
    container = {"PrimaryContainer": {"Image": image}, "ExecutionRoleArn": role}
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    definition = {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": image,
                "TrainingInputMode": "File",
            },
            "RoleArn": role,
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
    }
    endpoint = f"arn:aws:sagemaker:{region}:{ACCOUNT}:endpoint/{name}"
    features = [
        {"FeatureName": "id", "FeatureType": "String"},
        {"FeatureName": "at", "FeatureType": "String"},
    ]
    return {
        "model": container,
        "endpoint-config": {"ProductionVariants": [{**variant, "InstanceType": "ml.m5.large"}]},
        "endpoint": {"EndpointConfigName": name},
        "training-job": {
            "AlgorithmSpecification": {
                "TrainingImage": image,
                "TrainingInputMode": "File",
            },
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        "tuning-job": definition,
        "pipeline": {"PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": []})},
        "pipeline-execution": {"PipelineName": name},
        "model-package": {
            "ModelPackageGroupName": name,
            "InferenceSpecification": {"Containers": [{"Image": "image"}]},
        },
        "model-card": {"Content": "{}", "ModelCardStatus": "Draft"},
        "hub": {"HubName": name},
        "hub-content": {"HubName": name, "HubContentVersion": "1.0.0"},
        "monitoring-schedule": {
            "MonitoringScheduleConfig": {
                "MonitoringJobDefinitionName": name,
                "MonitoringType": "DataQuality",
            }
        },
        "experiment": {"ExperimentName": name},
        "trial": {"ExperimentName": name},
        "artifact": {"ArtifactName": name},
        "feature-group": {
            "FeatureDefinitions": features,
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
                    "ExecutionRole": role,
                }
            ]
        },
        "training-plan": {"TrainingPlanOfferingId": "tpo-local-1d"},
        "ai-benchmark-job": {
            "AIWorkloadConfigIdentifier": name,
            "BenchmarkTarget": {"Endpoint": {"Identifier": name}},
        },
        "ai-recommendation-job": {
            "AIWorkloadConfigIdentifier": name,
            "ModelSource": {"S3": {"S3Uri": "s3://bucket/model"}},
            "OutputConfig": {"S3OutputLocation": "s3://bucket/out"},
        },
        "compilation-job": {"InputConfig": {"S3Uri": "s3://bucket/model", "Framework": "XGBOOST"}},
        "optimization-job": {
            "OptimizationConfigs": [{"ModelQuantizationConfig": {"Image": "image"}}],
        },
        "inference-router": {
            "RoutingTargets": [{"Name": "all", "Destinations": [{"ResourceArn": endpoint}]}]
        },
        "job": {"JobConfigSchemaVersion": "1.0.0", "JobConfigDocument": "{}"},
        "training-session": {
            "ModelConfig": {
                "BaseModelArn": f"arn:aws:sagemaker:{region}:aws:hub-content/hub/Model/llm/1.0.0"
            }
        },
        "inference-component": {
            "VariantName": "AllTraffic",
            "Specification": {"ModelName": name},
            "RuntimeConfig": {"CopyCount": 1},
        },
        "workteam": {
            "MemberDefinitions": [{"OidcMemberDefinition": {"Groups": ["labelers"]}}],
        },
        "partner-app": {"Name": "ml101", "Tier": "small"},
        "image-version": {"ImageName": name},
        "space": {
            "OwnershipSettings": {"OwnerUserProfileName": name},
            "SpaceSharingSettings": {"SharingType": "Private"},
            "SpaceSettings": {"AppType": "JupyterLab"},
        },
        "app": {"SpaceName": name, "AppType": "JupyterLab", "AppName": "default"},
        "domain": {"DefaultUserSettings": {"ExecutionRole": role}, "AuthMode": "IAM"},
        "notebook-instance": {"InstanceType": "ml.t3.medium"},
    }

"""Where a SageMaker type's template differs from the API's request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.kinds import KINDS

# Ref answers the ARN for the older types, the primary identifier for the others
# (CloudFormation user guide, "Return values" of each type).
REF_IS_ARN = {
    "notebook-instance",
    "notebook-lifecycle-config",
    "model",
    "endpoint-config",
    "endpoint",
}

# Kinds without a type; a test holds this against the schemas that cfn-lint ships.
WITHOUT_TYPE = {
    "ai-benchmark-job",
    "ai-recommendation-job",
    "automl-job",
    "compilation-job",
    "flow-definition",
    "hub-content",
    "inference-router",
    "job",
    "labeling-job",
    "model-card-export-job",
    "optimization-job",
    "pipeline-execution",
    "recommendations-job",
    "training-job",
    "training-plan",
    "training-session",
    "transform-job",
    "trial",
    "tuning-job",
}

TYPES: dict[str, Kind] = {
    f"AWS::SageMaker::{kind.noun}": kind for kind in KINDS if kind.name not in WITHOUT_TYPE
}

Properties = dict[str, Any]


def _image(properties: Properties) -> Properties:
    return {
        name.removeprefix("Image") if name != "ImageName" else name: value
        for name, value in properties.items()
    }


def _image_version(properties: Properties) -> Properties:
    alias = properties.get("Alias")
    return {**properties, "Aliases": [alias]} if alias else properties


def _model_card(properties: Properties) -> Properties:
    content = properties.get("Content")
    return {**properties, "Content": json.dumps(content)} if content is not None else properties


def _pipeline(properties: Properties) -> Properties:
    definition = properties.get("PipelineDefinition")
    if definition is None:
        return properties
    rest = {k: v for k, v in properties.items() if k != "PipelineDefinition"}
    body = definition.get("PipelineDefinitionBody")
    if body is not None:
        return {**rest, "PipelineDefinition": body if isinstance(body, str) else json.dumps(body)}
    place = definition["PipelineDefinitionS3Location"]
    return {
        **rest,
        "PipelineDefinitionS3Location": {
            "Bucket": place["Bucket"],
            "ObjectKey": place["Key"],
            **({"VersionId": place["Version"]} if "Version" in place else {}),
        },
    }


_REQUESTS: dict[str, Callable[[Properties], Properties]] = {
    "AWS::SageMaker::Image": _image,
    "AWS::SageMaker::ImageVersion": _image_version,
    "AWS::SageMaker::ModelCard": _model_card,
    "AWS::SageMaker::Pipeline": _pipeline,
}


def as_request(resource_type: str, properties: Properties) -> Properties:
    """A template's properties as the API's request has them."""
    convert = _REQUESTS.get(resource_type)
    return convert(properties) if convert else dict(properties)

"""Pipelines and executions. An execution runs none of its steps: it ends Failed and says so."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.errors import invalid
from rehearsal.sagemaker.kind import NOT_EXECUTED
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules


class PipelineRules(Rules):
    """A pipeline holds a JSON definition, inline or from S3."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        definition = _definition(plane, region, params)
        if definition is None:
            raise invalid("Either PipelineDefinition or PipelineDefinitionS3Location is required.")
        return {"PipelineDefinition": definition, "CreatedBy": {}}

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        definition = _definition(plane, resource.region, params)
        if definition is not None:
            resource.fields["PipelineDefinition"] = definition

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"LastExecutionTime": resource.fields.get("LastRunTime")}


def _definition(plane: ControlPlane, region: str, params: dict[str, Any]) -> str | None:
    text: str | None = params.get("PipelineDefinition")
    place = params.get("PipelineDefinitionS3Location")
    if text is None and place is not None:
        s3 = plane.clients("s3", region)
        try:
            found = s3.get_object(Bucket=place["Bucket"], Key=place["ObjectKey"])
        except ClientError as error:
            raise invalid(f"The pipeline definition could not be read: {error}") from error
        text = found["Body"].read().decode()
    if text is not None:
        try:
            json.loads(text)
        except ValueError as error:
            raise invalid(f"Invalid pipeline definition: {error}") from error
    return text


class PipelineExecutionRules(Rules):
    """An execution belongs to its pipeline, and keeps the definition it began with."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        pipeline = plane.need("pipeline", region, params["PipelineName"])
        if pipeline.status != "Active":
            raise invalid(f"Pipeline [{pipeline.name}] is {pipeline.status}.")
        pipeline.fields["LastRunTime"] = plane.clock.now()
        # The ARN needs the name where the request may have said the pipeline's ARN.
        return {
            "PipelineName": pipeline.name,
            "PipelineArn": pipeline.arn,
            "RoleArn": params.get("RoleArn", pipeline.fields["RoleArn"]),
            "CreatedBy": {},
            "definition": pipeline.fields["PipelineDefinition"],
        }

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.private["definition"] = resource.fields.pop("definition")

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        wanted = dict(params)
        pipeline = plane.need("pipeline", region, wanted.pop("PipelineName"))
        return {**wanted, "PipelineArn": pipeline.arn}


def _execution(plane: ControlPlane, region: str, params: dict[str, Any]) -> Resource:
    return plane.need("pipeline-execution", region, params["PipelineExecutionArn"])


def list_steps(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListPipelineExecutionSteps: the first step, which is the one that could not be executed."""
    execution = _execution(plane, region, params)
    steps = json.loads(execution.private["definition"]).get("Steps", [])
    if not steps or execution.status == "Stopped":
        return {"PipelineExecutionSteps": []}
    failed = execution.status == "Failed"
    step = {
        "StepName": steps[0].get("Name", "step"),
        "StepStatus": "Failed" if failed else "Executing",
        "StartTime": execution.created,
        "AttemptCount": 1,
        "EndTime": execution.modified if failed else None,
        "FailureReason": NOT_EXECUTED if failed else None,
    }
    return {"PipelineExecutionSteps": [step]}


def list_parameters(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListPipelineParametersForExecution: the request's values over the definition's defaults."""
    execution = _execution(plane, region, params)
    declared = json.loads(execution.private["definition"]).get("Parameters", [])
    values = {p["Name"]: p["DefaultValue"] for p in declared if "DefaultValue" in p}
    values |= {p["Name"]: p["Value"] for p in execution.fields.get("PipelineParameters", [])}
    return {
        "PipelineParameters": [
            {"Name": name, "Value": str(value)} for name, value in sorted(values.items())
        ]
    }


def describe_definition(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """DescribePipelineDefinitionForExecution."""
    execution = _execution(plane, region, params)
    return {
        "PipelineDefinition": execution.private["definition"],
        "CreationTime": execution.created,
    }


def retry(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """RetryPipelineExecution: a failed or stopped one executes again, to the same end."""
    execution = _execution(plane, region, params)
    if execution.status not in ("Failed", "Stopped"):
        raise invalid(f"The pipeline execution is in status {execution.status}.")
    kind = execution.kind
    execution.fields.pop("FailureReason", None)
    plane.set_status(execution, kind.creating)
    plane.later(execution, kind.fails, kind.create_seconds or 0, reason=NOT_EXECUTED)
    return {"PipelineExecutionArn": execution.arn}


RULES: dict[str, Rules] = {
    "pipeline": PipelineRules(),
    "pipeline-execution": PipelineExecutionRules(),
}

OPERATIONS: dict[str, Handler] = {
    "DescribePipelineDefinitionForExecution": describe_definition,
    "ListPipelineExecutionSteps": list_steps,
    "ListPipelineParametersForExecution": list_parameters,
    "RetryPipelineExecution": retry,
}

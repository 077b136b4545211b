"""Model monitoring. No monitoring job ever runs here: executions stay empty."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules

# MonitoringType -> the kind of its job definitions.
_DEFINITIONS = {
    "DataQuality": "data-quality-job-definition",
    "ModelQuality": "model-quality-job-definition",
    "ModelBias": "model-bias-job-definition",
    "ModelExplainability": "model-explainability-job-definition",
}


class JobDefinitionRules(Rules):
    """A definition watches an endpoint that exists, or batch transform data."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        for endpoint in _endpoints(params):
            plane.need("endpoint", region, endpoint)
        return {}

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        return {("endpoint" if name == "EndpointName" else name): v for name, v in params.items()}

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.fields["endpoint"] = next(iter(_endpoints(resource.fields)), "")

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"EndpointName": resource.fields["endpoint"]}


def _endpoints(params: dict[str, Any]) -> list[str]:
    return [
        str(value)
        for name in params
        if name.endswith("JobInput")
        for value in values_at(params[name], "EndpointInput.EndpointName")
    ]


class MonitoringScheduleRules(Rules):
    """A schedule names its job definition, or brings one with it."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        config = params["MonitoringScheduleConfig"]
        name = config.get("MonitoringJobDefinitionName")
        if (name is None) == (config.get("MonitoringJobDefinition") is None):
            raise invalid(
                "Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName "
                "must be given."
            )
        sort = config.get("MonitoringType", "DataQuality")
        shown: dict[str, Any] = {"MonitoringType": sort, "MonitoringJobDefinitionName": name}
        endpoints = list(
            values_at(config, "MonitoringJobDefinition.MonitoringInputs.EndpointInput.EndpointName")
        )
        if name is not None:
            definition = plane.need(_DEFINITIONS[sort], region, name)
            endpoints = [definition.fields["endpoint"]]
        if endpoints and endpoints[0]:
            shown["EndpointName"] = endpoints[0]
        return shown


def list_executions(_plane: ControlPlane, _region: str, _params: dict[str, Any]) -> dict[str, Any]:
    """ListMonitoringExecutions: none, since no schedule starts a job here."""
    return {"MonitoringExecutionSummaries": []}


RULES: dict[str, Rules] = {
    **dict.fromkeys(_DEFINITIONS.values(), JobDefinitionRules()),
    "monitoring-schedule": MonitoringScheduleRules(),
}

OPERATIONS: dict[str, Handler] = {
    "ListMonitoringExecutions": list_executions,
}

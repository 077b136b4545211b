"""Inference components, and shadow experiments on an endpoint."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.jobs.work import Work
from rehearsal.sagemaker.endpoints import (
    Servers,
    not_before,
    start_servers,
    stop_servers,
    when_due,
)
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Outcome, Resource
from rehearsal.sagemaker.rules import Rules


class InferenceComponentRules(Rules):
    """A component's container runs on an endpoint that is in service."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        endpoint = plane.need("endpoint", region, params["EndpointName"])
        if endpoint.status != "InService":
            raise invalid(f'Endpoint "{endpoint.arn}" is not InService ({endpoint.status}).')
        variants = [v["VariantName"] for v in endpoint.fields["ProductionVariants"]]
        variant = params.get("VariantName", variants[0])
        if variant not in variants:
            raise invalid(f'Could not find variant {variant} of endpoint "{endpoint.arn}".')
        _model(plane, region, params)
        copies = params.get("RuntimeConfig", {}).get("CopyCount", 1)
        return {
            "EndpointArn": endpoint.arn,
            "VariantName": variant,
            "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies},
        }

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.private["servers"] = {}
        _deploy(plane, resource)

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        when_due(plane, resource, lambda: self._settle(plane, resource, outcome))

    def _settle(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        new: Servers = resource.fields.pop("servers", {})
        resource.fields.pop("ProductionVariants", None)
        old: Servers = resource.private["servers"]
        if outcome.status == "InService" or not old:
            resource.private["servers"] = new
            stop_servers(old)
            plane.set_status(resource, outcome.status, outcome.reason)
            return
        plane.set_status(resource, "InService", outcome.reason)  # a failed update changes nothing

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        if resource.status != "InService":
            raise invalid(f'Cannot update in-progress inference component "{resource.arn}".')

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        copies = params.get("RuntimeConfig", {}).get("CopyCount")
        if copies is not None:
            resource.fields["RuntimeConfig"] = {
                "DesiredCopyCount": copies,
                "CurrentCopyCount": copies,
            }
        plane.set_status(resource, "Updating")
        _deploy(plane, resource)

    def deleting(self, plane: ControlPlane, resource: Resource) -> None:
        super().deleting(plane, resource)
        stop_servers(resource.private["servers"])
        resource.private["servers"] = {}

    def summary(self, resource: Resource) -> dict[str, Any]:
        return {"VariantName": resource.fields["VariantName"]}


def _deploy(plane: ControlPlane, component: Resource) -> None:
    not_before(plane, component)
    variant = {"VariantName": component.fields["VariantName"], "InitialInstanceCount": 1}
    model = _model(plane, component.region, component.fields)
    endpoint = plane.need("endpoint", component.region, component.fields["EndpointName"])
    component.activity = Work(
        component.name,
        lambda stopping: start_servers(plane, endpoint, [(variant, model)], stopping),
        stopped="Failed",
    )
    plane.watch(component)


def _model(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """What DescribeModel would say of the component's container."""
    specification = params.get("Specification") or (params.get("Specifications") or [{}])[0]
    name = specification.get("ModelName")
    if name is not None:
        return plane.need("model", region, name).described()
    container = specification.get("Container")
    if container is None:
        base = specification.get("BaseInferenceComponentName")
        if base is None:
            raise invalid("Specification needs ModelName, Container or a base component.")
        return _model(plane, region, plane.need("inference-component", region, base).fields)
    return {
        "PrimaryContainer": {
            "Image": container.get("Image", ""),
            "ModelDataUrl": container.get("ArtifactUrl"),
            "Environment": container.get("Environment", {}),
        }
    }


def update_runtime_config(
    plane: ControlPlane, region: str, params: dict[str, Any]
) -> dict[str, Any]:
    """UpdateInferenceComponentRuntimeConfig: the copies are counted, one container serves."""
    component = plane.need("inference-component", region, params["InferenceComponentName"])
    if component.status != "InService":
        raise invalid(f'Cannot update in-progress inference component "{component.arn}".')
    copies = params["DesiredRuntimeConfig"]["CopyCount"]
    component.fields["RuntimeConfig"] = {"DesiredCopyCount": copies, "CurrentCopyCount": copies}
    plane.touch(component)
    return {"InferenceComponentArn": component.arn}


class InferenceExperimentRules(Rules):
    """A shadow test: its states only; no request is copied to the shadow variant."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        # Describe does not show the endpoint's name at its top: kept for what is worked out.
        return {"EndpointName": params["EndpointName"], "ModelVariants": params["ModelVariants"]}

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        endpoint = plane.find("endpoint", resource.region, resource.fields["EndpointName"])
        status = {"Running": "InService", "Completed": "Deleted", "Cancelled": "Deleted"}
        shown = status.get(resource.status, "Creating")
        return {
            "EndpointMetadata": {
                "EndpointName": resource.fields["EndpointName"],
                "EndpointStatus": endpoint.status if endpoint else None,
            },
            "ModelVariants": [
                {**variant, "Status": shown} for variant in resource.fields["ModelVariants"]
            ],
        }

    def stop(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        super().stop(plane, resource, params)
        wanted = params.get("DesiredState", "Completed")
        plane.later(resource, wanted, resource.kind.stop_seconds)


RULES: dict[str, Rules] = {
    "inference-component": InferenceComponentRules(),
    "inference-experiment": InferenceExperimentRules(),
}

OPERATIONS: dict[str, Handler] = {
    "UpdateInferenceComponentRuntimeConfig": update_runtime_config,
}

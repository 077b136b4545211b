"""Endpoints, with a real server per variant."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rehearsal.errors import invalid
from rehearsal.jobs import serving
from rehearsal.jobs.work import JobFailure, Work
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Outcome, Resource
from rehearsal.sagemaker.rules import Rules

_deployments = itertools.count(1)
_SCALE_SECONDS = 120.0
# What AWS takes at least to find an instance, whatever becomes of the container on it.
_LEAST_SECONDS = 120.0

# What DescribeEndpoint says in the words of the endpoint's configuration.
_OF_THE_CONFIG = ("AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig")

Servers = dict[str, serving.ModelServer]
# Each variant with what DescribeModel says of its model, or None when it has none.
Variants = list[tuple[dict[str, Any], dict[str, Any] | None]]


class EndpointRules(Rules):
    """An endpoint starts its containers, and is in service when all answer /ping."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        _variants(plane, region, params["EndpointConfigName"])
        return {}

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.private["servers"] = {}
        resource.private["config"] = resource.fields["EndpointConfigName"]
        self._deploy(plane, resource)

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        if resource.status != "InService":
            raise invalid(f'Cannot update in-progress endpoint "{resource.arn}".')
        _variants(plane, resource.region, params["EndpointConfigName"])
        plane.admit("endpoint", resource.region, params)

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        resource.fields.pop("FailureReason", None)
        plane.set_status(resource, "Updating")
        self._deploy(plane, resource)

    def _deploy(self, plane: ControlPlane, endpoint: Resource) -> None:
        not_before(plane, endpoint)
        name = endpoint.fields["EndpointConfigName"]
        config = plane.need("endpoint-config", endpoint.region, name)
        for field in _OF_THE_CONFIG:
            endpoint.fields.pop(field, None)
            if field in config.fields:
                endpoint.fields[field] = config.fields[field]
        variants = _variants(plane, endpoint.region, endpoint.fields["EndpointConfigName"])
        endpoint.activity = Work(
            endpoint.name,
            lambda stopping: start_servers(plane, endpoint, variants, stopping),
            stopped="Failed",
        )
        plane.watch(endpoint)

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        when_due(plane, resource, lambda: self._settle(plane, resource, outcome))

    def _settle(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        new: Servers = resource.fields.pop("servers", {})
        old: Servers = resource.private["servers"]
        if outcome.status == "InService":
            resource.private["servers"] = new
            resource.private["config"] = resource.fields["EndpointConfigName"]
            stop_servers(old)
        elif old:  # a failed update: what was in service stays in service
            resource.fields["EndpointConfigName"] = resource.private["config"]
            plane.set_status(resource, "InService", outcome.reason)
            return
        plane.set_status(resource, outcome.status, outcome.reason)

    def deleting(self, plane: ControlPlane, resource: Resource) -> None:
        # As work of its own: the endpoint is gone when its containers are, and their last
        # words are in the logs before somebody sweeps those.
        servers: Servers = resource.private["servers"]
        resource.private["servers"] = {}
        if servers:
            resource.activity = Work(resource.name, lambda _stopping: _stop_all(servers))


def _variants(plane: ControlPlane, region: str, config_name: str) -> Variants:
    """A configuration's variants, each with what DescribeModel says of its model."""
    config = plane.need("endpoint-config", region, config_name)
    return [
        (variant, plane.need("model", region, variant["ModelName"]).described())
        if "ModelName" in variant
        else (variant, None)  # its models come as inference components
        for variant in config.fields["ProductionVariants"]
    ]


def not_before(plane: ControlPlane, resource: Resource) -> None:
    """Note from when on a deployment that begins now may be over."""
    resource.private["not_before"] = plane.clock.after(_LEAST_SECONDS)


def when_due(plane: ControlPlane, resource: Resource, settle: Callable[[], None]) -> None:
    """Settle a deployment whose containers have answered or failed, once AWS could have."""
    plane.at(resource, resource.private["not_before"], resource.status, settle)


def _stop_all(servers: Servers) -> Outcome:
    for server in servers.values():
        server.stop()
    return Outcome("Deleted")


def start_servers(
    plane: ControlPlane,
    endpoint: Resource,
    variants: Variants,
    stopping: threading.Event,
) -> Outcome:
    """Start a container for each variant and wait until all answer; none is left on failure."""
    servers: Servers = {}
    with ExitStack() as undo:
        for variant, model in variants:
            base = plane.machine.path(
                "endpoints", endpoint.region, f"{endpoint.name}-{next(_deployments)}"
            )
            undo.callback(shutil.rmtree, base, ignore_errors=True)
            if model is None:
                continue
            if "InitialInstanceCount" not in variant and "ServerlessConfig" not in variant:
                raise JobFailure(f"variant {variant['VariantName']} has no instances")
            server = serving.start(
                model,
                endpoint.region,
                plane.machine,
                base=base,
                group=f"/aws/sagemaker/Endpoints/{endpoint.name}",
                stream=f"{variant['VariantName']}/local-{next(_deployments)}",
            )
            undo.callback(server.stop)
            servers[variant["VariantName"]] = server
        for server in servers.values():
            server.wait_until_ready(stopping)
        undo.pop_all()
    shown = [
        {
            "VariantName": variant["VariantName"],
            "CurrentWeight": variant.get("InitialVariantWeight", 1.0),
            "DesiredWeight": variant.get("InitialVariantWeight", 1.0),
            "CurrentInstanceCount": variant.get("InitialInstanceCount"),
            "DesiredInstanceCount": variant.get("InitialInstanceCount"),
        }
        for variant, _ in variants
    ]
    return Outcome("InService", fields={"servers": servers, "ProductionVariants": shown})


def stop_servers(servers: Servers) -> None:
    """End containers, in the background."""
    # On a thread: ending a process takes up to seconds, and the caller holds the lock.
    threading.Thread(target=_stop_all, args=(servers,), daemon=True).start()


def update_weights(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateEndpointWeightsAndCapacities: the weights count; one container serves a variant."""
    endpoint = plane.need("endpoint", region, params["EndpointName"])
    if endpoint.status != "InService":
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    shown = {v["VariantName"]: v for v in endpoint.fields["ProductionVariants"]}
    for wanted in params["DesiredWeightsAndCapacities"]:
        if wanted["VariantName"] not in shown:
            raise invalid(
                f'Could not find variant {wanted["VariantName"]} of endpoint "{endpoint.arn}".'
            )
    plane.admit("endpoint", region, params)
    for wanted in params["DesiredWeightsAndCapacities"]:
        variant = shown[wanted["VariantName"]]
        if "DesiredWeight" in wanted:
            variant["CurrentWeight"] = variant["DesiredWeight"] = wanted["DesiredWeight"]
        if "DesiredInstanceCount" in wanted:
            count = wanted["DesiredInstanceCount"]
            variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"] = count
    plane.set_status(endpoint, "Updating")
    plane.later(endpoint, "InService", _SCALE_SECONDS)
    return {"EndpointArn": endpoint.arn}


RULES: dict[str, Rules] = {
    "endpoint": EndpointRules(),
}

OPERATIONS: dict[str, Handler] = {"UpdateEndpointWeightsAndCapacities": update_weights}

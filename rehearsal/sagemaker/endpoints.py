"""Models, endpoint configurations and endpoints, with a real server per variant."""

from __future__ import annotations

import itertools
import shutil
import threading
from contextlib import ExitStack
from typing import Any

from rehearsal.errors import invalid
from rehearsal.jobs import serving
from rehearsal.jobs.work import JobFailure, Work
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Outcome, Resource
from rehearsal.sagemaker.rules import Rules

_deployments = itertools.count(1)

Servers = dict[str, serving.ModelServer]


class EndpointConfigRules(Rules):
    """A configuration names models that exist, and stays while an endpoint uses it."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        for variant in params["ProductionVariants"]:
            if "ModelName" in variant:
                plane.need("model", region, variant["ModelName"])
        return {}

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        for endpoint in plane.all("endpoint", resource.region):
            # While an update goes on, the configuration it comes from is in use too.
            used = (endpoint.fields["EndpointConfigName"], endpoint.private["config"])
            if resource.name in used and endpoint.status != "Deleting":
                raise invalid(
                    f'Cannot delete endpoint configuration "{resource.arn}": '
                    f"endpoint {endpoint.name} uses it."
                )


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

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        resource.fields.pop("FailureReason", None)
        plane.set_status(resource, "Updating")
        self._deploy(plane, resource)

    def _deploy(self, plane: ControlPlane, endpoint: Resource) -> None:
        variants = _variants(plane, endpoint.region, endpoint.fields["EndpointConfigName"])
        endpoint.activity = Work(
            endpoint.name,
            lambda stopping: _start_servers(plane, endpoint, variants, stopping),
            stopped="Failed",
        )
        plane.watch(endpoint)

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        new: Servers = resource.fields.pop("servers", {})
        old: Servers = resource.private["servers"]
        if outcome.status == "InService":
            resource.private["servers"] = new
            resource.private["config"] = resource.fields["EndpointConfigName"]
            _stop_servers(old)
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


def _variants(
    plane: ControlPlane, region: str, config_name: str
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A configuration's variants, each with what DescribeModel says of its model."""
    config = plane.need("endpoint-config", region, config_name)
    return [
        (variant, plane.need("model", region, variant["ModelName"]).described())
        for variant in config.fields["ProductionVariants"]
    ]


def _stop_all(servers: Servers) -> Outcome:
    for server in servers.values():
        server.stop()
    return Outcome("Deleted")


def _start_servers(
    plane: ControlPlane,
    endpoint: Resource,
    variants: list[tuple[dict[str, Any], dict[str, Any]]],
    stopping: threading.Event,
) -> Outcome:
    servers: Servers = {}
    with ExitStack() as undo:
        for variant, model in variants:
            base = plane.machine.path(
                "endpoints", endpoint.region, f"{endpoint.name}-{next(_deployments)}"
            )
            undo.callback(shutil.rmtree, base, ignore_errors=True)
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


def _stop_servers(servers: Servers) -> None:
    # On a thread: ending a process takes up to seconds, and the caller holds the lock.
    threading.Thread(target=_stop_all, args=(servers,), daemon=True).start()


RULES: dict[str, Rules] = {
    "endpoint-config": EndpointConfigRules(),
    "endpoint": EndpointRules(),
}

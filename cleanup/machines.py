"""What the things that bill by the hour run on, for their price.

A listing says it of apps and notebook instances. Of the others it does not, so that each
takes one or two Describe calls: for people who want to know what they pay, never for waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cleanup.calls import FAILURES, Caller
from cleanup.resources import Key, Resource
from workshop.machine import Machine

# None: it could not be seen. (): it has none of its own, what it starts is counted by itself.
Machines = tuple[Machine, ...] | None
Describe = Callable[[str, Mapping[str, Any]], Any]

# Studio's apps by their type; what is missing has prices by other units (Canvas by session).
_APPS = {"JupyterLab": "studio-jupyterlab", "CodeEditor": "studio-codeeditor"}
# These start jobs, and are not billed themselves.
_STARTERS = {"tuning-job", "pipeline-execution", "monitoring-schedule", "inference-component"}


def find_machines(resources: Iterable[Resource], caller: Caller) -> dict[Key, Machines]:
    """What each resource that bills by the hour runs on, by its key."""
    billing = [resource for resource in resources if resource.bills == "hour"]
    found = caller.together(lambda resource: _machines(resource, caller), billing)
    return {resource.key: machines for resource, machines in zip(billing, found, strict=True)}


def _machines(resource: Resource, caller: Caller) -> Machines:
    if resource.kind in _STARTERS:
        return ()
    if resource.kind == "notebook-instance":
        return _one("notebook", resource.instance_type)
    if resource.kind == "app":
        return _one(_APPS.get(dict(resource.ids)["AppType"], ""), resource.instance_type)
    reader = READERS.get(resource.kind)
    if reader is None:
        return None

    def describe(operation: str, parameters: Mapping[str, Any]) -> Any:
        return caller.read("sagemaker", resource.region, operation, parameters)

    try:
        return reader(resource.row.ids_sent(resource.ids), describe)
    # A KeyError: it runs on something that has another shape than the readers know.
    except (*FAILURES, KeyError):
        return None


def _one(usage: str, instance_type: str, count: int = 1) -> Machines:
    return (Machine(usage, instance_type, count),) if usage and instance_type else None


def _endpoint(ids: Mapping[str, str], describe: Describe) -> Machines:
    """Every variant's instances as they are now."""
    endpoint = describe("describe_endpoint", ids)
    name = {"EndpointConfigName": endpoint["EndpointConfigName"]}
    config = describe("describe_endpoint_config", name)
    now = {variant["VariantName"]: variant for variant in _variants(endpoint)}
    return _all(_variant(v, now.get(v["VariantName"], {})) for v in _variants(config))


def _variants(found: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (*found.get("ProductionVariants", ()), *found.get("ShadowProductionVariants", ()))


def _variant(configured: Mapping[str, Any], now: Mapping[str, Any]) -> Machines:
    """A variant's instances; a serverless one is billed by the hour only for concurrency that
    was provisioned, by its memory, for which there is no price."""
    serverless = now.get("CurrentServerlessConfig") or configured.get("ServerlessConfig")
    if serverless is not None:
        return None if serverless.get("ProvisionedConcurrency") else ()
    count = now.get("CurrentInstanceCount")
    if count is None:
        count = configured.get("InitialInstanceCount", 1)
    # One with InstancePools has no InstanceType: SageMaker chooses.
    return _one("hosting", configured.get("InstanceType", ""), count) if count else ()


def _all(parts: Iterable[Machines]) -> Machines:
    """The machines of all parts; None when those of one could not be seen."""
    found: list[Machine] = []
    for part in parts:
        if part is None:
            return None
        found += part
    return tuple(found)


def _training(usage: str) -> Callable[[Mapping[str, str], Describe], Machines]:
    def read(ids: Mapping[str, str], describe: Describe) -> Machines:
        resources = describe("describe_training_job", ids)["ResourceConfig"]
        groups = resources.get("InstanceGroups") or [resources]
        return _all(_chosen(usage, group) for group in groups)

    return read


def _chosen(usage: str, resources: Mapping[str, Any]) -> Machines:
    """A job's instances: those that SageMaker has selected among InstancePreferences, else
    those that were asked for."""
    prefix = "Selected" if "SelectedInstanceType" in resources else ""
    return _one(usage, resources[f"{prefix}InstanceType"], resources[f"{prefix}InstanceCount"])


def _processing(ids: Mapping[str, str], describe: Describe) -> Machines:
    resources = describe("describe_processing_job", ids)["ProcessingResources"]
    return _chosen("processing", resources["ClusterConfig"])


def _transform(ids: Mapping[str, str], describe: Describe) -> Machines:
    return _chosen("transform", describe("describe_transform_job", ids)["TransformResources"])


def _cluster(ids: Mapping[str, str], describe: Describe) -> Machines:
    """The instances of all groups; one with InstanceRequirements names no type of its own."""
    cluster = describe("describe_cluster", ids)
    groups = (*cluster.get("InstanceGroups", ()), *cluster.get("RestrictedInstanceGroups", ()))
    return _all(_one("cluster", group["InstanceType"], group["CurrentCount"]) for group in groups)


READERS: Mapping[str, Callable[[Mapping[str, str], Describe], Machines]] = {
    "endpoint": _endpoint,
    "training-job": _training("training"),
    "warm-pool": _training("training-warm-pool"),
    "processing-job": _processing,
    "transform-job": _transform,
    "cluster": _cluster,
}

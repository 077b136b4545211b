"""InvokeEndpoint: a request to the server of one of the endpoint's variants."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

from rehearsal.errors import ApiError
from rehearsal.jobs.serving import ModelServer
from rehearsal.sagemaker import surroundings
from rehearsal.world import World

# The shape BodyBlob of InvokeEndpoint.
_MOST_BYTES = 6_291_456


@dataclass(frozen=True, slots=True)
class Invocation:
    """The HTTP answer of InvokeEndpoint."""

    status: int
    body: bytes
    headers: list[tuple[str, str]]


def invoke(
    world: World, region: str, name: str, environ: dict[str, Any], body: bytes
) -> Invocation:
    """Forward the body to a variant, chosen by weight unless the request names one.

    Raises ValidationError for an unknown endpoint or one without a running server, and
    ModelError (424) when the container answers anything but 200.
    """
    if len(body) > _MOST_BYTES:
        # Code and words of aws/amazon-sagemaker-examples#245.
        raise ApiError("413", f"HTTP content length exceeded {_MOST_BYTES} bytes.", 413)
    component = environ.get("HTTP_X_AMZN_SAGEMAKER_INFERENCE_COMPONENT")
    if component:
        variant, server = _component(world, region, name, component)
    else:
        variant, server = _choose(
            world, region, name, environ.get("HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT")
        )
    dimensions = {"EndpointName": name, "VariantName": variant}
    started = time.perf_counter()
    headers = {"Content-Type": environ.get("CONTENT_TYPE") or "application/octet-stream"}
    if environ.get("HTTP_ACCEPT"):
        headers["Accept"] = environ["HTTP_ACCEPT"]
    try:
        reply = server.invoke(body, headers)
    except OSError as error:
        _publish(world, region, dimensions, 500, started)
        raise ApiError("ModelError", f"No answer from {variant}: {error}", 424) from error
    _publish(world, region, dimensions, reply.status, started)
    if component:
        _publish(world, region, {"InferenceComponentName": component}, reply.status, started)
    if reply.status != 200:
        said = reply.body.decode("utf-8", "replace")[:4096]
        raise ApiError(
            "ModelError",
            f'Received client error ({reply.status}) from {variant} with message "{said}". '
            f"See /aws/sagemaker/Endpoints/{name} in CloudWatch Logs.",
            424,
            {"OriginalStatusCode": reply.status, "OriginalMessage": said},
        )
    return Invocation(
        200,
        reply.body,
        [("Content-Type", reply.content_type), ("x-Amzn-Invoked-Production-Variant", variant)],
    )


def _publish(
    world: World, region: str, dimensions: dict[str, str], status: int, started: float
) -> None:
    """The metrics of one invocation: how many, how long (microseconds), which error."""
    values = {
        "Invocations": (1.0, "None"),
        "Invocation4XXErrors": (float(400 <= status < 500), "None"),
        "Invocation5XXErrors": (float(status >= 500), "None"),
        "ModelLatency": ((time.perf_counter() - started) * 1e6, "Microseconds"),
    }
    with world.lock:
        surroundings.count_invocation(region, dimensions, world.clock.now(), values)


def _component(world: World, region: str, endpoint: str, name: str) -> tuple[str, ModelServer]:
    """The variant and the server of an inference component."""
    with world.lock:
        world.sagemaker.tick()
        component = world.sagemaker.find("inference-component", region, name)
        if component is None or component.fields["EndpointName"] != endpoint:
            raise ApiError(
                "ValidationError", f"Inference component {name} of {endpoint} not found."
            )
        servers: dict[str, ModelServer] = component.private["servers"]
        if not servers or component.status == "Deleting":
            raise ApiError(
                "ValidationError",
                f"Inference component {name} is not in service (status: {component.status}).",
            )
        return next(iter(servers.items()))


def _choose(world: World, region: str, name: str, wanted: str | None) -> tuple[str, ModelServer]:
    with world.lock:
        world.sagemaker.tick()
        endpoint = world.sagemaker.find("endpoint", region, name)
        if endpoint is None:
            raise ApiError(
                "ValidationError",
                f"Endpoint {name} of account {world.sagemaker.account} not found.",
            )
        servers: dict[str, ModelServer] = endpoint.private["servers"]
        if not servers or endpoint.status == "Deleting":
            raise ApiError(
                "ValidationError",
                f"Endpoint {name} is not in service (status: {endpoint.status}).",
            )
        if wanted is not None:
            if wanted not in servers:
                raise ApiError("ValidationError", f"Variant {wanted} of endpoint {name} not found.")
            return wanted, servers[wanted]
        shown = endpoint.fields["ProductionVariants"]
        weights = [variant["CurrentWeight"] for variant in shown]
        chosen = random.choices(shown, weights if any(weights) else None)[0]["VariantName"]
        return chosen, servers[chosen]

"""Models and endpoint configurations: what an endpoint is made from."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules

_ON_INSTANCES = ("InstanceType", "InstancePools")


class ModelRules(Rules):
    """A model is one container or an inference pipeline of several (CreateModel; the wording
    of the refusal is ours)."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if bool(params.get("PrimaryContainer")) == bool(params.get("Containers")):
            raise invalid("Exactly one of PrimaryContainer and Containers must be given.")
        return {}


class EndpointConfigRules(Rules):
    """A configuration names models that exist, and stays while an endpoint uses it.

    That variant names are unique is enforced by AWS (mlflow/mlflow#6486); that there is one
    variant of each sort beside a shadow is in CreateEndpointConfig. The wording is ours.
    """

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        production = params["ProductionVariants"]
        shadow = params.get("ShadowProductionVariants") or []
        if shadow and (len(production), len(shadow)) != (1, 1):
            raise invalid(
                "With ShadowProductionVariants, you can only specify one variant for "
                "ProductionVariants and one variant for ShadowProductionVariants."
            )
        names = Counter(variant["VariantName"] for variant in (*production, *shadow))
        twice = sorted(name for name, times in names.items() if times > 1)
        if twice:
            raise invalid(f"Variant names must be unique: {', '.join(twice)}.")
        for variant in (*production, *shadow):
            _check_variant(plane, region, variant, params.get("ExecutionRoleArn"))
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


def _check_variant(
    plane: ControlPlane, region: str, variant: dict[str, Any], role: str | None
) -> None:
    """Refuse a variant that nothing could serve, in our own words.

    One without a model is for inference components: it has instances, and the configuration a
    role of its own. That AWS demands the role is inferred: no model brings one.
    """
    name = variant["VariantName"]
    on_instances = any(variant.get(member) for member in _ON_INSTANCES)
    if variant.get("ModelName"):
        plane.need("model", region, variant["ModelName"])
        if not on_instances and not variant.get("ServerlessConfig"):
            raise invalid(f"Variant {name} needs an InstanceType or a ServerlessConfig.")
    elif not on_instances or not role:
        raise invalid(
            f"Variant {name} without a ModelName needs an InstanceType, and the endpoint "
            "configuration an ExecutionRoleArn."
        )


RULES: dict[str, Rules] = {"model": ModelRules(), "endpoint-config": EndpointConfigRules()}

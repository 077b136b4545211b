"""Quotas that bind: a request beyond one of them gets ResourceLimitExceeded.

What is in use is counted from the plane's own state, at once; AWS's own count is not always
that prompt. A quota whose value is not known is not enforced: no limit is ever invented.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from rehearsal.errors import ApiError
from rehearsal.quotas import catalog, claims
from rehearsal.quotas.applied import NO_LIMIT
from rehearsal.quotas.claims import Claim, Fields
from rehearsal.sagemaker.kinds import BY_NAME
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource

Value = Callable[[str, str], float | None]

# Kinds that hold nothing once they have ended; all others count until they are gone, a failed
# domain too (aws/amazon-sagemaker-examples#1564).
_RELEASED_AT_THE_END = frozenset(
    {
        "app",
        "automl-job",
        "compilation-job",
        "labeling-job",
        "pipeline-execution",
        "processing-job",
        "training-job",
        "transform-job",
    }
)
_ENDED = frozenset({"COMPLETED", "FAILED", "STOPPED", "SUCCEEDED", "DELETED"})
_NOT_RUNNING_NOTEBOOK = frozenset({"Stopped", "Failed", "Deleting"})
_ENDED_ENDPOINT = frozenset({"Failed", "OutOfService", "Deleting"})

# AWS's words for the unit. Seen in refusals: Instances (everywhere), Apps
# (jupyterlab/jupyterlab#8759), NotebookInstances (aws-cloudformation/rain#468), Domains.
# The others are built like these and not confirmed.
_WORDS = {
    "automl-job": "AutoMLJobs",
    "compilation-job": "CompilationJobs",
    "image": "Images",
    "labeling-job": "LabelingJobs",
    "model-package": "ModelPackages",
    "model-package-group": "ModelPackageGroups",
    "monitoring-schedule": "MonitoringSchedules",
    "pipeline": "Pipelines",
    "pipeline-execution": "PipelineExecutions",
    "project": "Projects",
}
_UNITS = {
    **{claims.ONE_EACH[kind]: word for kind, word in _WORDS.items()},
    claims.DOMAINS: "Domains",
    claims.USER_PROFILES: "UserProfiles",
    claims.SPACES: "Spaces",
    claims.SPACES_GB: "Gigabytes",
    claims.APPS: "Apps",
    claims.NOTEBOOKS: "NotebookInstances",
    claims.NOTEBOOKS_GB: "Gigabytes",
    claims.SERVERLESS: "Endpoints",
    claims.SERVERLESS_CONCURRENCY: "Invocations",
    claims.MLFLOW_SERVERS: "TrackingServers",
    **dict.fromkeys(claims.MLFLOW_SIZES.values(), "TrackingServers"),
}


class Limits:
    """The plane's admission: `plane.admit = Limits(plane, value)`.

    `value` gives a quota's applied value in a region, None when it is not known.
    """

    def __init__(self, plane: ControlPlane, value: Value) -> None:
        self._plane = plane
        self._value = value
        self._roll = _Roll(plane)

    def __call__(self, kind: str, region: str, params: dict[str, Any]) -> None:
        """Raise ResourceLimitExceeded when the request passes a quota.

        `params` are the request and the ids its rules added. For a resource that exists
        already (an update, a start) the demand is what it would hold beyond what it holds.
        """
        existing = self._existing(kind, region, params)
        wanted = self._wanted(kind, region, params, existing)
        for code, total in claims.PER_REQUEST.get(kind, {}).items():
            self._refuse_beyond(region, code, 0, wanted[total])
        demand = wanted - (Counter() if existing is None else self._held(existing))
        limited = {code for code in demand if self._is_limited(region, code)}
        if not limited:
            return
        in_use: Claim = Counter()
        # A tuning job holds nothing itself: its training jobs do.
        counted = "training-job" if kind == "tuning-job" else kind
        for resource in self._roll.present(counted, region):
            in_use.update(self._held(resource))
        # The quota of a type before the total: which AWS names first is not documented.
        for code in sorted(limited, key=lambda code: (not _is_of_type(code), code)):
            self._refuse_beyond(region, code, in_use[code], demand[code])

    def _is_limited(self, region: str, code: str) -> bool:
        limit = self._value(region, code)
        return limit is not None and limit < NO_LIMIT

    def _refuse_beyond(self, region: str, code: str, in_use: int, delta: int) -> None:
        limit = self._value(region, code)
        if limit is not None and delta > 0 and in_use + delta > limit:
            raise exceeded(code, limit, in_use, delta)

    # -- what is there ----------------------------------------------------------------

    def _existing(self, kind: str, region: str, params: Fields) -> Resource | None:
        ids = BY_NAME[kind].id_fields
        return self._plane.find(kind, region, *(params.get(name) for name in ids))

    def _wanted(
        self, kind: str, region: str, params: dict[str, Any], existing: Resource | None
    ) -> Claim:
        if kind == "endpoint":
            return self._endpoint_wanted(region, params, existing)
        fields = params if existing is None else {**existing.fields, **params}
        claim = claims.CLAIMS.get(kind)
        return Counter() if claim is None else claim(fields)

    def _held(self, resource: Resource) -> Claim:
        """What a resource holds in its status."""
        kind, status = resource.kind.name, resource.status
        if kind == "endpoint":
            return Counter() if status in _ENDED_ENDPOINT else self._endpoint_held(resource)
        if kind == "notebook-instance":
            running = status not in _NOT_RUNNING_NOTEBOOK
            return claims.notebook_instance(resource.fields, running=running)
        if _has_ended(resource):
            return (
                claims.warm_pool(resource.fields) if _pool(resource) == "Available" else Counter()
            )
        claim = claims.CLAIMS.get(kind)
        return Counter() if claim is None else claim(resource.fields)

    # -- endpoints --------------------------------------------------------------------

    def _variants(self, region: str, config: str) -> list[Fields]:
        found = self._plane.find("endpoint-config", region, config)
        if found is None:
            return []
        fields = found.fields
        return [*fields.get("ProductionVariants", []), *fields.get("ShadowProductionVariants", [])]

    def _endpoint_held(self, endpoint: Resource) -> Claim:
        variants = self._variants(endpoint.region, endpoint.fields["EndpointConfigName"])
        counts = _live_counts(endpoint)
        if endpoint.status != "InService":  # what is shown may still be the old configuration's
            initial = {v["VariantName"]: v.get("InitialInstanceCount", 1) for v in variants}
            counts = {name: max(counts.get(name, 0), count) for name, count in initial.items()}
        return claims.endpoint(variants, counts)

    def _endpoint_wanted(
        self, region: str, params: dict[str, Any], existing: Resource | None
    ) -> Claim:
        if "EndpointConfigName" in params:
            return claims.endpoint(self._variants(region, params["EndpointConfigName"]), {})
        if existing is None:
            return Counter()
        asked = {
            variant["VariantName"]: variant["DesiredInstanceCount"]
            for variant in params.get("DesiredWeightsAndCapacities", [])
            if "DesiredInstanceCount" in variant
        }
        variants = self._variants(region, existing.fields["EndpointConfigName"])
        return claims.endpoint(variants, {**_live_counts(existing), **asked})


class _Roll:
    """The resources that may hold something, so that a thousand ended jobs cost no time."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._last: Counter[tuple[str, str]] = Counter()  # the newest serial seen
        self._kept: dict[tuple[str, str], list[Resource]] = {}

    def present(self, kind: str, region: str) -> list[Resource]:
        """All of a kind in a region but those that have ended for good or are gone."""
        place = (kind, region)
        last = self._last[place]
        new = [r for r in self._plane.all(kind, region) if r.serial > last]
        self._last[place] = max((r.serial for r in new), default=last)
        candidates = [*self._kept.get(place, []), *new]
        kept = [
            resource
            for resource in candidates
            if not _is_over(resource) and self._plane.find(kind, region, *resource.key) is resource
        ]
        self._kept[place] = kept
        return kept


def _has_ended(resource: Resource) -> bool:
    return resource.kind.name in _RELEASED_AT_THE_END and resource.status.upper() in _ENDED


def _pool(resource: Resource) -> str:
    """The status of the instances that a training job keeps warm, "" without any."""
    status: str = (resource.fields.get("WarmPoolStatus") or {}).get("Status", "")
    return status


def _is_over(resource: Resource) -> bool:
    """Whether it will never hold anything again."""
    if not _has_ended(resource):
        return False
    keeps_warm = resource.fields.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
    return not keeps_warm or _pool(resource) in ("Terminated", "Reused")


def _live_counts(endpoint: Resource) -> dict[str, int]:
    """The instances of the variants as they are or are to be, whichever is more."""
    return {
        variant["VariantName"]: max(
            variant.get("CurrentInstanceCount") or 0, variant.get("DesiredInstanceCount") or 0
        )
        for variant in endpoint.fields.get("ProductionVariants", [])
        if variant.get("CurrentInstanceCount") is not None
    }


def _is_of_type(code: str) -> bool:
    return bool(catalog.by_code()[code].instance_type)


def exceeded(code: str, limit: float, in_use: int, delta: int) -> ApiError:
    """ResourceLimitExceeded, HTTP 400, in AWS's wording (for CreateTrainingJob, CreateEndpoint
    and others in many public issues, for example awsdocs/amazon-sagemaker-developer-guide#70;
    the last two sentences are those of refusals since 2023)."""
    quota = catalog.by_code()[code]
    unit = _UNITS.get(code) or ("Apps" if "Apps running on" in quota.name else "Instances")
    return ApiError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{quota.name}' is {limit:g} {unit}, with current "
        f"utilization of {in_use} {unit} and a request delta of {delta} {unit}. Please use AWS "
        "Service Quotas to request an increase for this quota. If AWS Service Quotas is not "
        "available, contact AWS support to request an increase for this quota.",
    )

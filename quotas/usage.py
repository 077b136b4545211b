"""What others already use of the quotas, counted live with List and Describe operations.

Resources that carry this workshop's names are not counted: its own need includes them, so a
workshop that is deployed already still fits. (CloudWatch's AWS/Usage figures lag by minutes
and cannot tell whose a resource is.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quotas import catalog
from quotas.demand import Demand, Kind
from workshop import names
from workshop.aws import error_code
from workshop.model import JobUse
from workshop.volumes import SPACE_GB

Count = Callable[[Any, str], Counter[str]]


@dataclass(frozen=True, slots=True)
class InUse:
    """Units in use by quota code; `failures` holds why a kind could not be counted."""

    units: dict[str, int]
    failures: dict[Kind, Exception]


@dataclass(frozen=True, slots=True)
class _Jobs:
    """How running jobs of a use are listed, and where their instances are described."""

    use: JobUse
    list_operation: str
    list_key: str
    name_key: str
    describe_operation: str
    resources: tuple[str, ...]


_JOBS = (
    _Jobs(
        "training",
        "list_training_jobs",
        "TrainingJobSummaries",
        "TrainingJobName",
        "describe_training_job",
        ("ResourceConfig",),
    ),
    _Jobs(
        "processing",
        "list_processing_jobs",
        "ProcessingJobSummaries",
        "ProcessingJobName",
        "describe_processing_job",
        ("ProcessingResources", "ClusterConfig"),
    ),
    _Jobs(
        "transform",
        "list_transform_jobs",
        "TransformJobSummaries",
        "TransformJobName",
        "describe_transform_job",
        ("TransformResources",),
    ),
)


def count_in_use(sagemaker: Any, workshop: str, demands: Sequence[Demand]) -> InUse:
    """Count what others than `workshop` use of the quotas of `demands`, in a client's region.

    A kind that cannot be counted is left out of `units`, never 0.
    """
    units: dict[str, int] = {}
    failures: dict[Kind, Exception] = {}
    by_kind: dict[Kind, list[str]] = {}
    for demand in demands:
        by_kind.setdefault(demand.kind, []).append(demand.quota.code)
    for kind, codes in by_kind.items():
        try:
            counted = _COUNTS[kind](sagemaker, workshop)
        except (ClientError, BotoCoreError) as error:
            failures[kind] = error
            continue
        units |= {code: counted[code] for code in codes if code}
    return InUse(units, failures)


def _list(sagemaker: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    for page in sagemaker.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def _is_ours(workshop: str, *candidates: str | None) -> bool:
    return any(name and names.owner_by_name(workshop, name) for name in candidates)


def _domains(sagemaker: Any, workshop: str) -> Counter[str]:
    """A failed domain counts too (aws/amazon-sagemaker-examples#1564)."""
    found = _list(sagemaker, "list_domains", "Domains")
    others = [d for d in found if d["DomainName"] != names.domain_name(workshop)]
    return Counter({catalog.DOMAINS: len(others)})


def _user_profiles(sagemaker: Any, workshop: str) -> Counter[str]:
    found = _list(sagemaker, "list_user_profiles", "UserProfiles")
    others = [p for p in found if not _is_ours(workshop, p["UserProfileName"])]
    return Counter({catalog.USER_PROFILES: len(others)})


def _spaces(sagemaker: Any, workshop: str) -> Counter[str]:
    units: Counter[str] = Counter()
    for space in _list(sagemaker, "list_spaces", "Spaces"):
        if _is_ours(workshop, space["SpaceName"]):
            continue
        units[catalog.SPACES] += 1
        units[catalog.SPACES_GB] += _gigabytes(space.get("SpaceSettingsSummary", {}))
    return units


def _gigabytes(settings: Mapping[str, Any]) -> int:
    """The volume of a space: one whose app keeps files on a volume of its own has 5 GB at
    least (CreateSpace, EbsVolumeSizeInGb), whether the listing tells its size or not."""
    storage = settings.get("SpaceStorageSettings", {}).get("EbsStorageSettings", {})
    default = SPACE_GB if settings.get("AppType") in ("JupyterLab", "CodeEditor") else 0
    return int(storage.get("EbsVolumeSizeInGb", default))


def _apps(sagemaker: Any, workshop: str) -> Counter[str]:
    """Deleted apps stay listed for about a day."""
    units: Counter[str] = Counter()
    for app in _list(sagemaker, "list_apps", "Apps"):
        if app["Status"] in ("Deleted", "Failed"):
            continue
        if _is_ours(workshop, app.get("SpaceName"), app.get("UserProfileName")):
            continue
        units[catalog.RUNNING_APPS] += 1
        instance_type = app.get("ResourceSpec", {}).get("InstanceType", "")
        if app["AppType"] == "JupyterLab":
            units[catalog.type_quota("studio", instance_type).code] += 1
    return units


def _notebook_instances(sagemaker: Any, workshop: str) -> Counter[str]:
    """All count towards the total; a stopped one holds no instance of its type (inferred)."""
    units: Counter[str] = Counter()
    for notebook in _list(sagemaker, "list_notebook_instances", "NotebookInstances"):
        if _is_ours(workshop, notebook["NotebookInstanceName"]):
            continue
        units[catalog.NOTEBOOK_INSTANCES] += 1
        if notebook["NotebookInstanceStatus"] not in ("Stopped", "Failed"):
            units[catalog.type_quota("notebook", notebook["InstanceType"]).code] += 1
        with _passing_over_gone():
            described = sagemaker.describe_notebook_instance(
                NotebookInstanceName=notebook["NotebookInstanceName"]
            )
            units[catalog.NOTEBOOKS_GB] += described["VolumeSizeInGB"]
    return units


def _endpoints(sagemaker: Any, workshop: str) -> Counter[str]:
    units: Counter[str] = Counter()
    for endpoint in _list(sagemaker, "list_endpoints", "Endpoints"):
        name = endpoint["EndpointName"]
        if _is_ours(workshop, name):
            continue
        with _passing_over_gone():
            live = sagemaker.describe_endpoint(EndpointName=name)
            config = sagemaker.describe_endpoint_config(
                EndpointConfigName=live["EndpointConfigName"]
            )
            units += _held_by_endpoint(live, config)
    return units


def _held_by_endpoint(live: Mapping[str, Any], config: Mapping[str, Any]) -> Counter[str]:
    """A variant with a list of types takes its instances of each type's quota: which one AWS
    chose is not told, and the others must be free for it to grow."""
    units: Counter[str] = Counter()
    shown = [*live.get("ProductionVariants", []), *live.get("ShadowProductionVariants", [])]
    counts = {variant["VariantName"]: variant for variant in shown}
    for variant in (
        *config["ProductionVariants"],
        *config.get("ShadowProductionVariants", []),
    ):
        types = [pool["InstanceType"] for pool in variant.get("InstancePools", [])]
        types = types or [variant["InstanceType"]] if "InstanceType" in variant else types
        if not types:  # serverless has quotas of its own
            continue
        now = counts.get(variant["VariantName"], {})
        held = max(
            now.get("CurrentInstanceCount", 0),
            now.get("DesiredInstanceCount", 0),
            0 if "CurrentInstanceCount" in now else variant.get("InitialInstanceCount", 1),
        )
        units[catalog.TOTALS["endpoint"]] += held
        for instance_type in types:
            units[catalog.type_quota("endpoint", instance_type).code] += held
    return units


def _running_jobs(jobs: _Jobs) -> Count:
    def count(sagemaker: Any, workshop: str) -> Counter[str]:
        units: Counter[str] = Counter()
        for status in ("InProgress", "Stopping"):
            found = _list(sagemaker, jobs.list_operation, jobs.list_key, StatusEquals=status)
            for summary in found:
                name = summary[jobs.name_key]
                if _is_ours(workshop, name):
                    continue
                with _passing_over_gone():
                    described = getattr(sagemaker, jobs.describe_operation)(**{jobs.name_key: name})
                    if described.get("EnableManagedSpotTraining"):  # has quotas of its own
                        continue
                    for instance_type, held in _instances(described, jobs.resources):
                        _add(units, jobs.use, instance_type, held)
        return units

    return count


def _instances(described: Mapping[str, Any], path: Sequence[str]) -> Iterator[tuple[str, int]]:
    """A job has one type, several groups of types, or the one AWS selected for it."""
    for key in path:
        described = described.get(key, {})
    groups = described.get("InstanceGroups") or [described]
    if "SelectedInstanceType" not in described and described.get("InstancePreferences"):
        groups = described["InstancePreferences"][:1]  # AWS takes the first that it has
    for group in groups:
        instance_type = group.get("SelectedInstanceType") or group.get("InstanceType")
        if instance_type:  # a serverless job has none
            yield instance_type, group.get("SelectedInstanceCount") or group.get("InstanceCount", 1)


def _add(units: Counter[str], use: JobUse, instance_type: str, held: int) -> None:
    units[catalog.TOTALS[use]] += held
    units[catalog.type_quota(use, instance_type).code] += held


@contextmanager
def _passing_over_gone() -> Iterator[None]:
    """Pass over what ended between the listing and the look; then it uses nothing."""
    try:
        yield
    except ClientError as error:
        if not _is_gone(error):
            raise


def _is_gone(error: ClientError) -> bool:
    return error_code(error) in ("ResourceNotFound", "ResourceNotFoundException") or (
        error_code(error) == "ValidationException" and "Could not find" in str(error)
    )


def _nothing(_sagemaker: Any, _workshop: str) -> Counter[str]:
    """What caps a single job is never in use: other jobs take nothing of it."""
    return Counter()


_COUNTS: dict[Kind, Count] = {
    "single job": _nothing,
    "domains": _domains,
    "user profiles": _user_profiles,
    "spaces": _spaces,
    "apps": _apps,
    "notebook instances": _notebook_instances,
    "endpoint": _endpoints,
    **{jobs.use: _running_jobs(jobs) for jobs in _JOBS},
}

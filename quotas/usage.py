"""What others already use of the quotas, counted live with List and Describe operations.

Resources that carry the names of this workshop's attendees in the region are not counted: its
own need includes them, so a workshop that is deployed already still fits. (CloudWatch's AWS/Usage
figures lag by minutes and cannot tell whose a resource is.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from quotas import catalog
from quotas.demand import Demand, Kind
from quotas.hosting import count_endpoints
from quotas.tally import Ours, Tally, passing_over_gone
from workshop import names
from workshop.errors import UnverifiedError
from workshop.model import JobUse

Count = Callable[[Any, Ours, Tally], None]


@dataclass(frozen=True, slots=True)
class InUse:
    """Units in use by quota code; `failures` holds why a kind could not be counted, or not
    all of it."""

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


def count_in_use(
    sagemaker: Any, workshop: str, attendees: Collection[str], demands: Sequence[Demand]
) -> InUse:
    """Count what others use of the quotas of `demands`, in a client's region.

    Others are all but the shared resources of `workshop` and those of its `attendees` (ids).
    What cannot be counted is left out of `units`, never 0.
    """
    units: dict[str, int] = {}
    failures: dict[Kind, Exception] = {}
    by_kind: dict[Kind, set[str]] = {}
    for demand in demands:
        by_kind.setdefault(demand.kind, set()).add(demand.quota.code)
    ours = Ours(workshop, frozenset(attendees))
    for kind, codes in by_kind.items():
        tally = Tally(frozenset(codes - {""}))
        try:
            _COUNTS[kind](sagemaker, ours, tally)
        except (ClientError, BotoCoreError) as error:
            failures[kind] = error
            continue
        units |= tally.known()
        if tally.unclear:
            failures[kind] = next(iter(tally.unclear.values()))
    return InUse(units, failures)


def _list(sagemaker: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    for page in sagemaker.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def _domains(sagemaker: Any, ours: Ours, tally: Tally) -> None:
    """A failed domain counts too (aws/amazon-sagemaker-examples#1564)."""
    for domain in _list(sagemaker, "list_domains", "Domains"):
        if domain["DomainName"] != names.domain_name(ours.workshop):
            tally.add(catalog.DOMAINS)


def _user_profiles(sagemaker: Any, ours: Ours, tally: Tally) -> None:
    for profile in _list(sagemaker, "list_user_profiles", "UserProfiles"):
        if not ours.has(profile["UserProfileName"]):
            tally.add(catalog.USER_PROFILES)


def _spaces(sagemaker: Any, ours: Ours, tally: Tally) -> None:
    for space in _list(sagemaker, "list_spaces", "Spaces"):
        if ours.has(space["SpaceName"]):
            continue
        settings = space.get("SpaceSettingsSummary", {})
        # Only these apps keep files on a volume of their own.
        on_volume = settings.get("AppType") in ("JupyterLab", "CodeEditor")
        with passing_over_gone():
            size = _gigabytes(settings)
            if size is None and on_volume:
                described = sagemaker.describe_space(
                    DomainId=space["DomainId"], SpaceName=space["SpaceName"]
                )
                size = _gigabytes(described.get("SpaceSettings", {}))
            tally.add(catalog.SPACES)
            tally.add(catalog.SPACES_GB, size or 0)
            if size is None and on_volume:
                tally.blur([catalog.SPACES_GB], _not_told(space["SpaceName"], "size"))


def _gigabytes(settings: Mapping[str, Any]) -> int | None:
    """The volume of a space; None when it is not told: the domain's default may be any size."""
    storage = settings.get("SpaceStorageSettings", {}).get("EbsStorageSettings", {})
    size: int | None = storage.get("EbsVolumeSizeInGb")
    return size


def _apps(sagemaker: Any, ours: Ours, tally: Tally) -> None:
    """Deleted apps stay listed for about a day."""
    for app in _list(sagemaker, "list_apps", "Apps"):
        if app["Status"] in ("Deleted", "Failed"):
            continue
        if ours.has(app.get("SpaceName"), app.get("UserProfileName")):
            continue
        with passing_over_gone():
            instance_type = ""
            if app["AppType"] == "JupyterLab":
                instance_type = _type_of_app(sagemaker, app)
                if not instance_type:
                    error = _not_told(app["AppName"], "instance type")
                    tally.blur_all_but({catalog.RUNNING_APPS}, error)
            tally.add(catalog.RUNNING_APPS)
            if instance_type:
                tally.add(catalog.type_quota("studio", instance_type).code)


def _type_of_app(sagemaker: Any, app: Mapping[str, Any]) -> str:
    """The instance type of an app; "" when neither the listing nor DescribeApp tells it."""
    listed: str = app.get("ResourceSpec", {}).get("InstanceType", "")
    if listed:
        return listed
    keys = ("DomainId", "SpaceName", "UserProfileName", "AppType", "AppName")
    described = sagemaker.describe_app(**{key: app[key] for key in keys if key in app})
    found: str = described.get("ResourceSpec", {}).get("InstanceType", "")
    return found


def _not_told(name: str, what: str) -> UnverifiedError:
    return UnverifiedError(
        f"the {what} of {name} is not known",
        "neither its listing nor its description tells it",
        "look at it in the SageMaker console, or delete it when nobody needs it",
    )


def _notebook_instances(sagemaker: Any, ours: Ours, tally: Tally) -> None:
    """All count towards the total; a stopped one holds no instance of its type (inferred)."""
    for notebook in _list(sagemaker, "list_notebook_instances", "NotebookInstances"):
        name = notebook["NotebookInstanceName"]
        if ours.has(name):
            continue
        with passing_over_gone():
            described = sagemaker.describe_notebook_instance(NotebookInstanceName=name)
            tally.add(catalog.NOTEBOOKS_GB, described["VolumeSizeInGB"])
            tally.add(catalog.NOTEBOOK_INSTANCES)
            if notebook["NotebookInstanceStatus"] not in ("Stopped", "Failed"):
                tally.add(catalog.type_quota("notebook", notebook["InstanceType"]).code)


def _running_jobs(jobs: _Jobs) -> Count:
    def count(sagemaker: Any, ours: Ours, tally: Tally) -> None:
        for status in ("InProgress", "Stopping"):
            found = _list(sagemaker, jobs.list_operation, jobs.list_key, StatusEquals=status)
            for summary in found:
                name = summary[jobs.name_key]
                if ours.has(name):
                    continue
                with passing_over_gone():
                    described = getattr(sagemaker, jobs.describe_operation)(**{jobs.name_key: name})
                    if described.get("EnableManagedSpotTraining"):  # has quotas of its own
                        continue
                    for instance_type, held in _instances(described, jobs.resources):
                        tally.add(catalog.TOTALS[jobs.use], held)
                        tally.add(catalog.type_quota(jobs.use, instance_type).code, held)

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


def _nothing(_sagemaker: Any, _ours: Ours, _tally: Tally) -> None:
    """What caps a single job is never in use: other jobs take nothing of it."""


_COUNTS: dict[Kind, Count] = {
    "single job": _nothing,
    "domains": _domains,
    "user profiles": _user_profiles,
    "spaces": _spaces,
    "apps": _apps,
    "notebook instances": _notebook_instances,
    "endpoint": count_endpoints,
    **{jobs.use: _running_jobs(jobs) for jobs in _JOBS},
}

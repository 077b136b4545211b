"""Lists: pages of ten, tokens that survive deletions, every filter and sort order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rehearsal.sagemaker.kinds import KINDS, Kind
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.resource import Resource
from rehearsal.world import service_model
from tests.unit.rehearsal.bench import ROLE, Bench
from tests.unit.rehearsal.samples import NAME, Samples, filling

MODEL = service_model("sagemaker")
NAMES = [f"ml101-ann-{number:02}" for number in range(25)]
_ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
_FRAME = {"NextToken", "MaxResults", "SortBy", "SortOrder"}


def make_models(bench: Bench, names: list[str] = NAMES) -> None:
    for name in names:
        bench.model(name)
        bench.clock.step(1)


def pages(bench: Bench, **params: Any) -> list[list[str]]:
    found = []
    while True:
        answer = bench.call("ListModels", **params)
        found.append([row["ModelName"] for row in answer["Models"]])
        if "NextToken" not in answer:
            return found
        params["NextToken"] = answer["NextToken"]


def test_a_list_comes_in_pages_of_ten(bench: Bench) -> None:
    make_models(bench)
    assert [len(page) for page in pages(bench)] == [10, 10, 5]


def test_a_list_that_ends_with_a_page_has_no_further_one(bench: Bench) -> None:
    make_models(bench, NAMES[:20])
    assert [len(page) for page in pages(bench)] == [10, 10]


def test_max_results_makes_the_pages(bench: Bench) -> None:
    make_models(bench)
    assert [len(page) for page in pages(bench, MaxResults=20)] == [20, 5]


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("by", ["Name", "CreationTime"])
def test_pages_together_are_the_sorted_whole(bench: Bench, by: str, order: str) -> None:
    make_models(bench)
    found = [name for page in pages(bench, SortBy=by, SortOrder=order) for name in page]
    assert found == sorted(NAMES, reverse=order == "Descending")


def test_models_are_listed_newest_first_unless_asked_otherwise(bench: Bench) -> None:
    make_models(bench, NAMES[:3])
    assert pages(bench) == [[NAMES[2], NAMES[1], NAMES[0]]]


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
def test_deleting_between_two_pages_neither_skips_nor_repeats_any(bench: Bench, order: str) -> None:
    make_models(bench)
    found: list[str] = []
    params: dict[str, Any] = {"SortOrder": order}
    while True:
        answer = bench.call("ListModels", **params)
        page = [row["ModelName"] for row in answer["Models"]]
        found += page
        for name in page:  # the last one too, which the token names
            bench.call("DeleteModel", ModelName=name)
        if "NextToken" not in answer:
            break
        params["NextToken"] = answer["NextToken"]
    assert sorted(found) == NAMES


def test_a_token_that_is_none_is_refused(bench: Bench) -> None:
    assert bench.refusal("ListModels", NextToken="nonsense").code == "ValidationException"


def test_names_are_filtered_by_what_they_contain(bench: Bench) -> None:
    make_models(bench)
    assert pages(bench, NameContains="ann-07") == [["ml101-ann-07"]]


def test_creation_times_are_filtered_on_both_sides(bench: Bench) -> None:
    start = bench.clock.now()
    make_models(bench, NAMES[:5])
    between = {"CreationTimeAfter": start + 0.5, "CreationTimeBefore": start + 2.5}
    assert pages(bench, **between, SortOrder="Ascending") == [NAMES[1:3]]


def test_status_is_filtered(bench: Bench) -> None:
    bench.notebook("ml101-ann")
    bench.step(120)
    bench.notebook("ml101-bob")
    listed = bench.call("ListNotebookInstances", StatusEquals="Pending")["NotebookInstances"]
    assert [row["NotebookInstanceName"] for row in listed] == ["ml101-bob"]


def test_apps_are_filtered_by_domain_and_space(bench: Bench) -> None:
    domain = bench.studio()
    bench.profile(domain, "ml101-bob")
    bench.space(domain, "ml101-bob", "ml101-bob")
    bench.app(domain)
    bench.app(domain, "ml101-bob")
    of_bob = bench.call("ListApps", DomainIdEquals=domain, SpaceNameEquals="ml101-bob")["Apps"]
    assert [row["SpaceName"] for row in of_bob] == ["ml101-bob"]
    assert bench.call("ListApps", DomainIdEquals="d-elsewhere")["Apps"] == []


def test_code_repositories_are_filtered_by_member(bench: Bench) -> None:
    url = "https://example.com/labs.git"
    bench.notebook("ml101-ann", AdditionalCodeRepositories=[url])
    bench.notebook("ml101-bob")
    listed = bench.call("ListNotebookInstances", AdditionalCodeRepositoryEquals=url)
    assert [r["NotebookInstanceName"] for r in listed["NotebookInstances"]] == ["ml101-ann"]


def filters() -> list[tuple[Kind, str]]:
    return [
        (kind, name)
        for kind in KINDS
        for name, shape in MODEL.operation_model(
            f"List{kind.list_noun}"
        ).input_shape.members.items()
        if name not in _FRAME and (shape.type_name != "string" or len(shape.enum) != 1)
    ]


every_filter = pytest.mark.parametrize(
    ("kind", "name"), filters(), ids=lambda value: value if isinstance(value, str) else value.name
)


class Listed:
    """A kind of which there is one, and its list."""

    def __init__(self, bench: Bench, kind: Kind) -> None:
        self.bench, self.kind, self.samples = bench, kind, Samples(bench, _MORE)
        for need in _BEFORE.get(kind.name, ()):
            self.samples.make(need)
        self.samples.make(kind.name)
        bench.settle()
        bench.step()
        if kind.name in ("trial", "trial-component"):
            self.samples.make("trial")
            self.samples.make("trial-component")
            pair = {"TrialName": NAME, "TrialComponentName": NAME}
            bench.call("AssociateTrialComponent", **pair)
        self.operation = f"List{kind.list_noun}"
        self.shape = MODEL.operation_model(self.operation).input_shape
        members = self.shape.members
        self.frame = {n: filling(members[n], n) for n in self.shape.required_members}
        if kind.name == "model-package":
            self.frame["ModelPackageType"] = "Both"

    def rows(self, **filters: Any) -> list[Any]:
        answer = self.bench.call(self.operation, **{**self.frame, **filters})
        return next(value for value in answer.values() if isinstance(value, list))

    @property
    def resource(self) -> Resource:
        return next(r for r in self.bench.plane.every() if r.kind is self.kind)


@every_filter
def test_every_filter_that_botocore_knows_excludes_what_does_not_match(
    bench: Bench, kind: Kind, name: str
) -> None:
    listed = Listed(bench, kind)
    assert listed.rows(), "nothing is there to be excluded"
    other = excluding(bench, listed.samples, listed.shape.members[name], name)
    assert listed.rows(**{name: other}) == []


@every_filter
def test_every_filter_that_botocore_knows_keeps_what_matches(
    bench: Bench, kind: Kind, name: str
) -> None:
    listed = Listed(bench, kind)
    value = including(listed, listed.shape.members[name], name)
    if (kind.name, name) in _NOTHING_TO_KEEP:
        assert value is None
        return
    assert value is not None, "the sample has no value to filter by"
    assert len(listed.rows(**{name: value})) == 1


def including(listed: Listed, shape: Any, name: str) -> Any:
    """A value of a filter that the sample matches, or None when it has none."""
    kind, resource = listed.kind, listed.resource
    if name in _KEEPS:
        return _KEEPS[name]
    if name in _NAMED:
        return NAME
    if shape.type_name == "timestamp":
        far = 10 * 365 * 86400.0
        return listed.bench.clock.now() + (-far if name.endswith("After") else far)
    base = name
    for ending in ("Equals", "Contains", "Prefix"):
        base = base.removesuffix(ending)
    if base in ("Status", kind.status_field):
        return resource.status
    if base in ("Name", kind.name_field):
        return resource.name
    path = kind.filters.get(base) or kind.in_list.get(base) or base
    return next(values_at({**resource.fields, **listed.rows()[0]}, path), None)


_KEEPS = {
    "Filters": [{"Name": "Status", "Value": "Scheduled"}],
    "DefaultCodeRepositoryContains": "labs",
    "MaxSchemaVersion": "9.9.9",
    "ModelPackageType": "Both",
    "SourceUri": "s3://bucket/source",
}
# Filters by what the smallest request does not have.
_NOTHING_TO_KEEP = {
    ("app", "UserProfileNameEquals"),  # it is a space's
    ("pipeline", "ManagedBy"),
    ("pipeline-execution", "PipelineVersionAlias"),
    ("training-job", "WarmPoolStatusEquals"),  # test_platforms.py
    ("trial-component", "SourceArn"),
}
_URL = "https://example.com/labs.git"
_PLAN = f"{_ARN}:training-plan/{NAME}"
_CLUSTER = {"InstanceCount": 1, "InstanceGroupName": "workers", "InstanceType": "ml.m5.xlarge"}
# What lists can be filtered by, and the smallest request does not have.
_MORE: dict[str, dict[str, Any]] = {
    "cluster": {"InstanceGroups": [{**_CLUSTER, "ExecutionRole": ROLE, "TrainingPlanArn": _PLAN}]},
    "feature-group": {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://bucket/features"}}},
    "mlflow-app": {"AccountDefaultStatus": "ENABLED", "DefaultDomainIdList": ["d-0123456789ab"]},
    "notebook-instance": {
        "LifecycleConfigName": NAME,
        "DefaultCodeRepository": _URL,
        "AdditionalCodeRepositories": [_URL],
    },
    "recommendations-job": {
        "InputConfig": {
            "ModelName": NAME,
            "ModelPackageVersionArn": f"{_ARN}:model-package/{NAME}/1",
        }
    },
    "training-job": {
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
            "TrainingPlanArn": _PLAN,
        }
    },
}
_BEFORE = {
    "cluster": ("training-plan",),
    "notebook-instance": ("notebook-lifecycle-config",),
    "training-job": ("training-plan",),
}


def excluding(bench: Bench, samples: Samples, shape: Any, name: str) -> Any:
    """A value of a filter that nothing on the bench matches."""
    if name in _NAMED:  # it must exist, and nothing belongs to it
        return samples.another(_NAMED[name])
    if name == "Filters":
        return [{"Name": "Status", "Value": "Expired"}]
    if shape.type_name == "timestamp":
        far = 10 * 365 * 86400.0
        return bench.clock.now() + (far if name.endswith("After") else -far)
    if shape.type_name in ("integer", "long"):
        return 99
    if shape.enum:
        return next(choice for choice in reversed(shape.enum) if choice not in _IN_USE)
    pattern = shape.metadata.get("pattern", "")
    return next(text for text in _NOWHERE if re.fullmatch(pattern or ".*", text))


_NOWHERE = (
    "d-nothing-like-it",
    "0.0.0",
    *(f"{_ARN}:{what}" for what in ("cluster/000000000000", "model-package/x", "training-plan/x")),
)


# Filters that name a resource of another kind.
_NAMED = {
    "ExperimentName": "experiment",
    "HubName": "hub",
    "ImageName": "image",
    "ModelCardName": "model-card",
    "ModelPackageGroupName": "model-package-group",
    "PipelineName": "pipeline",
    "TrialComponentName": "trial-component",
    "TrialName": "trial",
}
_IN_USE = {
    *("Pending", "InService", "InProgress", "Creating", "Failed", "JupyterLab", "Created"),
    *(
        "Available",
        "Both",
        "DataQuality",
        "Active",
        "ENABLED",
        "PendingManualApproval",
        "SameAccount",
    ),
}

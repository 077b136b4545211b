"""Lists: pages of ten, tokens that survive deletions, every filter and sort order."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.sagemaker.kinds import KINDS, Kind
from rehearsal.world import service_model
from tests.unit.rehearsal.bench import Bench

MODEL = service_model("sagemaker")
NAMES = [f"ml101-ann-{number:02}" for number in range(25)]
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
        for name in MODEL.operation_model(f"List{kind.plural}").input_shape.members
        if name not in _FRAME
    ]


@pytest.mark.parametrize(
    ("kind", "name"), filters(), ids=lambda value: value if isinstance(value, str) else value.name
)
def test_every_filter_that_botocore_knows_excludes_what_does_not_match(
    bench: Bench, kind: Kind, name: str
) -> None:
    make_one_of_each(bench)
    shape = MODEL.operation_model(f"List{kind.plural}").input_shape.members[name]
    if shape.type_name == "timestamp":
        far = 10 * 365 * 86400.0
        value: Any = bench.clock.now() + (far if name.endswith("After") else -far)
    elif shape.enum:
        value = next(choice for choice in reversed(shape.enum) if choice not in _IN_USE)
    else:
        value = "arn:aws:sagemaker:eu-west-1:123456789012:training-plan/none"
        value = value if name.endswith("ArnEquals") else "d-nothing-like-it"
    operation = f"List{kind.plural}"
    member = next(k for k, v in bench.call(operation).items() if isinstance(v, list))
    assert bench.call(operation)[member], "nothing is there to be excluded"
    assert bench.call(operation, **{name: value})[member] == []


_IN_USE = {"Pending", "InService", "InProgress", "Creating", "Failed", "JupyterLab"}


def make_one_of_each(bench: Bench) -> None:
    domain = bench.studio()
    bench.app(domain)
    bench.call(
        "CreateStudioLifecycleConfig",
        StudioLifecycleConfigName="boot",
        StudioLifecycleConfigContent="dHJ1ZQ==",
        StudioLifecycleConfigAppType="JupyterLab",
    )
    bench.call("CreateNotebookInstanceLifecycleConfig", NotebookInstanceLifecycleConfigName="boot")
    bench.notebook()
    bench.endpoint()
    bench.training_job()
    bench.processing_job()
    bench.transform_job(bench.model())

"""The local AWS records what labs ask for at the same time, by attendee and lab."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from modules.declarations import Module, Need, load_module
from rehearsal.http import Request
from rehearsal.needs import Needs, Peak, differences
from rehearsal.pages import Pages
from rehearsal.quotas.limits import Limits
from tests.unit.rehearsal.bench import REGION, Bench

LAB = load_module("iris-xgboost")


def tags(attendee: str = "ann", module: str = "lab") -> list[dict[str, str]]:
    values = {"workshop:name": "ml101", "workshop:attendee": attendee, "workshop:module": module}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def peaks(bench: Bench) -> list[Peak]:
    return bench.world.needs.peaks()


def end(bench: Bench, name: str) -> None:
    job = bench.found("training-job", name)
    job.activity, job.status = None, "Completed"


def test_jobs_at_the_same_time_add_up_and_those_one_after_the_other_do_not(bench: Bench) -> None:
    bench.training_job("one", Tags=tags())
    end(bench, "one")
    bench.training_job("two", Tags=tags())
    bench.training_job("three", Tags=tags())
    end(bench, "two")
    bench.training_job("four", Tags=tags())

    assert peaks(bench) == [Peak("ml101-ann", "lab", "training", "ml.m5.large", 2)]


def test_attendees_and_labs_are_told_apart(bench: Bench) -> None:
    bench.training_job("one", Tags=tags())
    bench.training_job("two", Tags=tags("bob"))
    bench.training_job("three", Tags=tags(module="other"))

    assert [(peak.attendee, peak.module, peak.count) for peak in peaks(bench)] == [
        ("ml101-ann", "lab", 1),
        ("ml101-ann", "other", 1),
        ("ml101-bob", "lab", 1),
    ]


def test_without_tags_the_name_says_whose_it_is(bench: Bench) -> None:
    bench.training_job("ml101-ann-train")
    bench.training_job("somebody")

    assert [(peak.attendee, peak.module) for peak in peaks(bench)] == [("", ""), ("ml101-ann", "")]


def test_every_kind_of_job_counts_for_its_own_use(bench: Bench) -> None:
    bench.training_job()
    bench.processing_job()
    bench.transform_job(bench.model())
    bench.endpoint()

    assert [(peak.use, peak.count) for peak in peaks(bench)] == [
        ("endpoint", 1),
        ("processing", 1),
        ("training", 1),
        ("transform", 1),
    ]


def test_an_endpoint_counts_until_it_is_gone_and_grows_with_an_update(bench: Bench) -> None:
    name, _ = bench.endpoint()
    bench.call(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )

    assert [peak.count for peak in peaks(bench)] == [3]


def test_a_second_endpoint_after_the_first_is_deleted_is_no_more_than_one(bench: Bench) -> None:
    name, _ = bench.endpoint()
    bench.call("DeleteEndpoint", EndpointName=name)
    bench.endpoint("ml101-ann-next")

    assert [peak.count for peak in peaks(bench)] == [1]


def test_what_a_quota_refuses_was_never_had(bench: Bench) -> None:
    none_at_all = Needs(bench.plane, Limits(bench.plane, lambda _region, _code: 0.0))
    bench.plane.admit = none_at_all

    bench.refusal("CreateTrainingJob", **_training())

    assert none_at_all.peaks() == []


def _training() -> dict[str, Any]:
    return {
        "TrainingJobName": "ml101-ann-train",
        "RoleArn": "arn:aws:iam::123456789012:role/ml101-ann",
        "AlgorithmSpecification": {
            "TrainingImage": f"123456789012.dkr.ecr.{REGION}.amazonaws.com/nobody:1",
            "TrainingInputMode": "File",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def test_the_page_tells_the_peaks(bench: Bench) -> None:
    bench.training_job("ml101-ann-train", Tags=tags())
    request = Request({"PATH_INFO": "/_local/needs", "REQUEST_METHOD": "GET"})

    answer = json.loads(Pages(bench.world).answer(request).body)

    assert [Peak(**row) for row in answer["needs"]] == peaks(bench)


def seen(module: Module, attendee: str = "ml101-ann") -> list[Peak]:
    """What a lab has that asks for exactly what it declares."""
    return [
        Peak(attendee, module.name, need.use, need.instance_type, need.count)
        for need in module.needs
    ]


def test_a_lab_that_asks_for_what_it_declares_differs_in_nothing() -> None:
    assert differences(seen(LAB), [LAB], ["ml101-ann"]) == []


def test_a_lab_that_asks_for_more_is_told() -> None:
    (first, *rest) = seen(LAB)

    (told,) = differences([replace(first, count=2), *rest], [LAB], ["ml101-ann"])

    assert told == (
        "iris-xgboost: ml101-ann had 2 ml.m5.xlarge for training at once, module.yaml declares 1"
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Need("processing", "ml.m5.large", 1), "had 0 ml.m5.large for processing"),
        (None, "had 1 ml.m5.xlarge for training at once, module.yaml declares 0"),
    ],
)
def test_a_declaration_that_says_too_much_or_too_little_is_told(
    change: Need | None, told: str
) -> None:
    needs = (*LAB.needs, change) if change else LAB.needs[1:]

    (difference,) = differences(seen(LAB), [replace(LAB, needs=needs)], ["ml101-ann"])

    assert told in difference


def test_who_did_not_end_their_labs_is_not_looked_at() -> None:
    assert differences(seen(LAB), [LAB], []) == []
    assert len(differences(seen(LAB), [LAB], ["ml101-bob"])) == len(LAB.needs)

"""From when to when things billed, by what SageMaker says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cleanup.calls import Caller
from cleanup.lifetimes import Lifetimes, Run
from cleanup.resources import Resource
from workshop.machine import Machine

REGION = "us-east-1"
MADE, BEGAN, ENDED = (datetime(2030, 3, 4, hour, tzinfo=UTC) for hour in (9, 10, 11))
M5 = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
TWO = (Machine("training", "ml.m5.large", 2),)
POOL = (Machine("training-warm-pool", "ml.m5.large", 2),)


class SageMaker:
    """Answers Describe calls by operation, and counts them."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self._answers = answers
        self.calls: Counter[str] = Counter()

    def __getattr__(self, operation: str) -> Any:
        def answer(**_: str) -> Mapping[str, Any]:
            self.calls[operation] += 1
            return self._answers[operation]

        return answer


def resource(kind: str, status: str) -> Resource:
    return Resource(kind, REGION, "x", (("Name", "x"),), status, "ann", "name", created=MADE)


def runs(kind: str, status: str, **answers: Mapping[str, Any]) -> list[Run]:
    caller = Caller(lambda _service, _region: SageMaker(answers))
    return Lifetimes(caller).find([resource(kind, status)])


def training(status: str = "Completed", **more: Any) -> list[Run]:
    job = {"ResourceConfig": M5, "CreationTime": MADE, "TrainingJobStatus": status, **more}
    return runs("training-job", status, describe_training_job=job)


def told(found: list[Run]) -> list[tuple[Any, ...]]:
    return [(run.machines, run.began, run.ended, run.billable_seconds) for run in found]


def test_a_training_job_that_has_ended_bills_what_its_record_says() -> None:
    found = training(TrainingStartTime=BEGAN, TrainingEndTime=ENDED, BillableTimeInSeconds=1200)

    assert told(found) == [(TWO, BEGAN, ENDED, 1200)]


def test_a_job_that_runs_bills_since_it_started_and_not_since_it_was_made() -> None:
    found = training("InProgress", TrainingStartTime=BEGAN)

    assert told(found) == [(TWO, BEGAN, None, None)]


def test_a_job_that_waits_for_its_instances_or_never_got_them_bills_nothing() -> None:
    assert training("InProgress") == []
    assert training("Failed", TrainingEndTime=ENDED) == []


def test_processing_and_transform_jobs_bill_from_their_start_to_their_end() -> None:
    processing = {"ProcessingResources": {"ClusterConfig": M5}}
    times = {"ProcessingStartTime": BEGAN, "ProcessingEndTime": ENDED}
    found = runs("processing-job", "Failed", describe_processing_job={**processing, **times})
    assert told(found) == [((Machine("processing", "ml.m5.large", 2),), BEGAN, ENDED, None)]

    times = {"TransformStartTime": BEGAN, "TransformEndTime": ENDED}
    found = runs(
        "transform-job", "Stopped", describe_transform_job={"TransformResources": M5, **times}
    )
    assert told(found) == [((Machine("transform", "ml.m5.large", 2),), BEGAN, ENDED, None)]


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_a_job_that_ended_and_does_not_say_when_is_unknown_and_does_not_bill_on(
    status: str,
) -> None:
    job = {"ProcessingResources": {"ClusterConfig": M5}, "ProcessingStartTime": BEGAN}
    answer = {**job, "ProcessingJobStatus": status}

    found = runs("processing-job", status, describe_processing_job=answer)

    assert told(found) == [((Machine("processing", "ml.m5.large", 2),), None, None, None)]


def test_an_instance_that_may_have_been_stopped_in_between_perhaps_billed_less() -> None:
    def machine(status: str, modified: datetime) -> Run:
        instance: dict[str, Any] = {"InstanceType": "ml.t3.medium", "VolumeSizeInGB": 5}
        instance |= {"CreationTime": MADE, "LastModifiedTime": modified}
        volume, found = runs("notebook-instance", status, describe_notebook_instance=instance)
        assert not volume.perhaps_less
        return found

    assert not machine("InService", MADE + timedelta(minutes=4)).perhaps_less
    assert machine("InService", ENDED).perhaps_less
    assert machine("Stopped", ENDED).perhaps_less


def test_a_stopped_instance_that_does_not_say_since_when_is_unknown() -> None:
    instance = {"InstanceType": "ml.t3.medium", "VolumeSizeInGB": 5, "CreationTime": MADE}

    _, machine = runs("notebook-instance", "Stopped", describe_notebook_instance=instance)

    assert machine.began is None


def test_a_warm_pool_bills_after_its_job_until_it_ends() -> None:
    times: dict[str, Any] = {
        "TrainingStartTime": BEGAN,
        "TrainingEndTime": ENDED,
        "BillableTimeInSeconds": 9,
    }
    over = {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 60}

    assert told(training(**times, WarmPoolStatus={"Status": "Available"}))[1] == (
        *(POOL, ENDED, None, None),
    )
    assert told(training(**times, WarmPoolStatus=over))[1] == (POOL, ENDED, ENDED, 60)
    assert told(training(**times, WarmPoolStatus={"Status": "Reused"}))[1] == (
        *(POOL, None, None, None),
    )
    running = training("InProgress", TrainingStartTime=BEGAN, WarmPoolStatus={"Status": "InUse"})
    assert len(running) == 1


def test_a_space_has_a_volume_and_a_notebook_instance_a_machine_too() -> None:
    storage = {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 7}}}
    space = {"CreationTime": MADE, "SpaceSettings": storage}
    instance = {"InstanceType": "ml.t3.medium", "VolumeSizeInGB": 5, "CreationTime": MADE}
    instance["LastModifiedTime"] = ENDED
    volume = ((Machine("notebook-volume", "gp2", 5),), MADE, None, None)
    machine = (Machine("notebook", "ml.t3.medium"),)

    assert told(runs("space", "InService", describe_space=space)) == [
        ((Machine("studio-volume", "gp3", 7),), MADE, None, None)
    ]
    running = runs("notebook-instance", "InService", describe_notebook_instance=instance)
    assert told(running) == [volume, (machine, MADE, None, None)]
    stopped = runs("notebook-instance", "Stopped", describe_notebook_instance=instance)
    assert told(stopped) == [volume, (machine, MADE, ENDED, None)]


def test_what_cannot_be_described_is_unknown() -> None:
    assert told(runs("training-job", "Completed")) == [(None, None, None, None)]
    assert told(runs("space", "InService", describe_space={})) == [(None, None, None, None)]


def test_what_never_bills_is_not_read() -> None:
    assert runs("model", "") == []


def test_a_job_that_has_ended_is_read_once_and_one_that_runs_again_and_again() -> None:
    job = {"ResourceConfig": M5, "TrainingStartTime": BEGAN, "TrainingJobStatus": "InProgress"}
    over = {
        **job,
        "TrainingJobStatus": "Completed",
        "TrainingEndTime": ENDED,
        "BillableTimeInSeconds": 9,
    }
    for answer, calls in ((over, 1), (job, 3)):
        sagemaker = SageMaker({"describe_training_job": answer})

        def clients(_service: str, _region: str, made: SageMaker = sagemaker) -> SageMaker:
            return made

        lifetimes = Lifetimes(Caller(clients))
        found = [lifetimes.find([resource("training-job", "Completed")]) for _ in range(3)]

        assert found[0] == found[1] == found[2]
        assert sagemaker.calls["describe_training_job"] == calls

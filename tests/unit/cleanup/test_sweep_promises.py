"""What a sweep promises: two looks, ownership seen again, an end, a record of it all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cleanup.audit import Actor, AuditLog
from cleanup.sweep import Sweep
from tests.unit.cleanup.fake_aws import FakeAws, refusal
from tests.unit.cleanup.sweeps import SCOPE, changes, failures, make_sweep, run


def test_clean_takes_two_looks_at_everything(aws: FakeAws) -> None:
    result = run(aws)

    assert result.clean
    assert result.looks == 2
    assert [operation for operation, _ in aws.calls].count("list_clusters") == 2


def test_the_last_look_comes_a_while_after_the_last_change(aws: FakeAws) -> None:
    aws.add("model", "ml101-ann-m")

    run(aws, settle_seconds=70.0)

    deleted = aws.calls.index(("delete_model", "ml101-ann-m"))
    assert ("list_clusters", "us-east-1") in aws.calls[deleted:]
    assert aws.clock.time == 70.0


def test_what_shows_up_between_the_two_looks_is_swept_too(aws: FakeAws) -> None:
    def a_late_one(seconds: float) -> None:
        if not aws.clock.sleeps:
            aws.add("endpoint", "ml101-ann-late", "InService")
        aws.clock.sleep(seconds)

    assert Sweep(SCOPE, aws.clients, now=aws.clock.now, sleep=a_late_one).run().clean
    assert aws.names() == []


ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/ml101-ann-e"


@pytest.mark.parametrize(
    "tags", [{"workshop:keep": "yes"}, {"workshop:name": "other"}], ids=["kept", "another's"]
)
def test_what_is_tagged_between_the_plan_and_the_call_is_left(
    aws: FakeAws, tags: dict[str, str]
) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService", EndpointArn=ARN)
    sweep = make_sweep(aws)
    plan = sweep.plan()
    aws.tags["us-east-1"] = {ARN: tags}

    result = sweep.run(plan)

    assert changes(aws) == []
    assert aws.names() == ["ml101-ann-e"]
    assert result.clean  # it is not ours, or it is held: either is no failure


def test_where_ownership_cannot_be_looked_at_again_nothing_is_called(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService", EndpointArn=ARN)
    sweep = make_sweep(aws)
    plan = sweep.plan()
    aws.instead["get_resources"] = lambda _: refusal("AccessDeniedException", "GetResources")

    result = sweep.run(plan)

    assert changes(aws) == []
    assert not result.clean
    assert "AccessDenied" in failures(result)["ml101-ann-e"]


def test_ownership_is_looked_at_in_hundreds(aws: FakeAws) -> None:
    for number in range(250):
        aws.add("model", f"ml101-ann-{number}", ModelArn=f"{ARN}{number}")
    sweep = make_sweep(aws)
    plan = sweep.plan()
    aws.calls.clear()

    sweep.run(plan)

    looks = [operation for operation, _ in aws.calls].count("get_resources")
    assert looks == 3 + 2 * 2  # three batches, and the tags of the two looks at the end


def test_what_comes_back_is_deleted_again_until_that_is_no_use(aws: FakeAws) -> None:
    made = datetime(2026, 3, 2, 9, tzinfo=UTC)
    aws.seconds = 0

    def put_back(seconds: float) -> None:
        aws.clock.sleep(seconds)
        if not aws.names():
            later = made + timedelta(seconds=aws.clock.time)
            aws.add("app", "default", "InService", **canvas, CreationTime=later)

    canvas = {"DomainId": "d", "UserProfileName": "ml101-ann", "AppType": "Canvas"}
    aws.add("app", "default", "InService", **canvas, CreationTime=made)

    result = Sweep(SCOPE, aws.clients, now=aws.clock.now, sleep=put_back).run()

    assert [(r.name, times) for r, times in result.returned] == [("default", 3)]
    assert "came back 3 times" in failures(result)["default"]
    assert changes(aws).count(("delete_app", "default")) == 3


def test_a_list_that_lags_is_not_taken_for_a_return(aws: FakeAws) -> None:
    made = datetime(2026, 3, 2, 9, tzinfo=UTC)
    aws.add("model", "ml101-ann-m", CreationTime=made)
    aws.seconds = 0
    # The call is accepted, and yet the model is listed for a while.
    aws.linger = 5.0

    result = run(aws)

    assert result.clean
    assert result.returned == []


def test_a_sweep_ends_however_much_comes_anew(aws: FakeAws) -> None:
    def another(seconds: float) -> None:
        aws.clock.sleep(seconds)
        if seconds >= 0.1:  # what the pace of calls waits for is shorter
            aws.add("endpoint", f"ml101-ann-{len(aws.clock.sleeps)}", "InService")

    another(1.0)
    result = Sweep(SCOPE, aws.clients, now=aws.clock.now, sleep=another, limit_seconds=300).run()

    assert not result.clean
    assert all("run the sweep again" in reason for reason in failures(result).values())
    assert aws.clock.time < 400


def test_every_change_is_in_the_audit_log_before_and_after_it(aws: FakeAws, tmp_path: Path) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService", EndpointArn=ARN)
    aws.add("model", "ml101-bob-m")
    aws.instead["delete_model"] = lambda _: refusal("AccessDenied", "DeleteModel", "no")
    actor = Actor("arn:aws:iam::123456789012:user/ines", "123456789012", "ml101")

    with AuditLog(tmp_path / "logs" / "a.jsonl", actor) as log:
        run(aws, audit=log)

    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    told = [(line["call"], line["name"], line["result"]) for line in lines]
    assert sorted(told) == [
        ("sagemaker:delete_endpoint", "ml101-ann-e", "accepted"),
        ("sagemaker:delete_endpoint", "ml101-ann-e", "sent"),
        ("sagemaker:delete_model", "ml101-bob-m", "refused"),
        ("sagemaker:delete_model", "ml101-bob-m", "sent"),
    ]
    (first, *_) = [line for line in lines if line["name"] == "ml101-ann-e"]
    assert first["who"] == actor.arn
    assert first["why"] == "name prefix"
    assert first["arn"] == ARN
    assert first["result"] == "sent"
    assert all(datetime.fromisoformat(line["at"]).tzinfo for line in lines)


def test_a_sweep_that_changes_nothing_leaves_no_audit_log(aws: FakeAws, tmp_path: Path) -> None:
    with AuditLog(tmp_path / "a.jsonl", Actor("arn", "1", "ml101")) as log:
        run(aws, audit=log)
    assert not log.written
    assert not log.path.exists()


def test_a_refused_call_is_made_again_in_growing_pauses(aws: FakeAws) -> None:
    aws.add("model", "ml101-ann-m")
    aws.add("endpoint", "ml101-bob-e", "Creating")  # keeps the sweep waiting
    aws.instead["delete_model"] = lambda _: refusal("ResourceInUse", "DeleteModel", "in use")

    run(aws, deadline_seconds=1000)

    assert 8 < changes(aws).count(("delete_model", "ml101-ann-m")) < 30


def test_a_kind_that_a_region_does_not_offer_is_empty_there_not_unknown(aws: FakeAws) -> None:
    aws.instead["list_clusters"] = lambda _: refusal("UnknownOperationException", "ListClusters")
    assert run(aws).clean


def test_a_second_look_changes_nothing_that_was_not_in_the_plan(aws: FakeAws) -> None:
    sweep = make_sweep(aws)
    plan = sweep.plan()
    aws.add("endpoint", "ml101-ann-late", "InService")

    result = sweep.run(plan, look_only=True)

    assert changes(aws) == []
    assert not result.clean
    assert "not in the plan" in failures(result)["ml101-ann-late"]


def test_an_app_without_an_arn_is_left_when_it_was_tagged_since_the_plan(aws: FakeAws) -> None:
    aws.add("app", "default", "InService", DomainId="d-1", SpaceName="ml101-ann", AppType="X")
    sweep = make_sweep(aws, replace(SCOPE, account="123456789012"))
    plan = sweep.plan()
    arn = "arn:aws:sagemaker:us-east-1:123456789012:app/d-1/ml101-ann/x/default"
    aws.tags["us-east-1"] = {arn: {"workshop:keep": ""}}

    assert sweep.run(plan).clean
    assert changes(aws) == []


def test_what_was_set_aside_and_then_ended_by_itself_does_not_remain(aws: FakeAws) -> None:
    job = aws.add("training-job", "ml101-ann-j", "InProgress")
    aws.add("endpoint", "ml101-ann-e", "Deleting")  # keeps the sweep waiting
    aws.things["us-east-1"][-1].becomes, aws.things["us-east-1"][-1].at = None, 60.0
    aws.instead["stop_training_job"] = lambda _: refusal("AccessDenied", "StopTrainingJob", "no")
    job.becomes, job.at = "Completed", 30.0

    assert run(aws).clean


def test_patience_begins_anew_with_every_status(aws: FakeAws) -> None:
    app = aws.add("notebook-instance", "ml101-ann-own", "Pending")
    app.becomes, app.at = "InService", 1500.0
    aws.seconds = 900.0  # to stop, and again to delete: 3,300 s in all

    assert run(aws).clean


def test_a_refused_delete_after_an_accepted_stop_is_made_again_in_growing_pauses(
    aws: FakeAws,
) -> None:
    aws.add("notebook-instance", "ml101-ann-own", "InService")
    aws.add("endpoint", "ml101-bob-e", "Creating")  # keeps the sweep waiting
    aws.instead["delete_notebook_instance"] = lambda _: refusal("ResourceInUse", "x", "in use")

    run(aws, deadline_seconds=600)

    assert changes(aws).count(("delete_notebook_instance", "ml101-ann-own")) < 25


def test_what_was_left_because_its_tags_changed_is_in_the_audit_log(
    aws: FakeAws, tmp_path: Path
) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService", EndpointArn=ARN)
    with AuditLog(tmp_path / "a.jsonl", Actor("arn", "1", "ml101")) as log:
        sweep = make_sweep(aws, audit=log)
        plan = sweep.plan()
        aws.tags["us-east-1"] = {ARN: {"workshop:keep": ""}}
        sweep.run(plan)
    (line,) = [json.loads(text) for text in log.path.read_text().splitlines()]
    assert (line["result"], line["detail"]) == ("lost", "is now tagged workshop:keep")

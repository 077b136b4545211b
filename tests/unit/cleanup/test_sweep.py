"""The sweep engine against a small AWS in memory; time passes only in its sleeps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cleanup.audit import Actor, AuditLog
from cleanup.calls import Caller
from cleanup.kinds import KINDS
from cleanup.resources import Scope
from cleanup.scan import Scanner
from cleanup.steps import Policy
from cleanup.sweep import Sweep, SweepResult
from tests.unit.cleanup.fake_aws import Clock, FakeAws, refusal

SCOPE = Scope("ml101", frozenset({"ann", "bob"}), ("us-east-1",))
CHANGES = ("stop_", "delete_")


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws(Clock())


def make_sweep(aws: FakeAws, scope: Scope = SCOPE, **options: Any) -> Sweep:
    return Sweep(scope, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep, **options)


def run(aws: FakeAws, scope: Scope = SCOPE, **options: Any) -> SweepResult:
    return make_sweep(aws, scope, **options).run()


def changes(aws: FakeAws) -> list[tuple[str, str]]:
    return [call for call in aws.calls if call[0].startswith(CHANGES)]


def failures(result: SweepResult) -> dict[str, str]:
    return {left.resource.name: left.reason for left in result.remaining}


def add_served_model(aws: FakeAws, attendee: str) -> None:
    aws.add("endpoint", f"ml101-{attendee}-e", "InService")
    aws.add("endpoint-config", f"ml101-{attendee}-c")
    aws.add("model", f"ml101-{attendee}-m")


def test_an_endpoint_its_config_and_its_model_go_in_this_order(aws: FakeAws) -> None:
    add_served_model(aws, "ann")

    result = run(aws)

    assert aws.names() == []
    assert result.clean
    assert changes(aws) == [
        ("delete_endpoint", "ml101-ann-e"),
        ("delete_endpoint_config", "ml101-ann-c"),
        ("delete_model", "ml101-ann-m"),
    ]


def test_a_neighbours_things_stay(aws: FakeAws) -> None:
    for name in ("ml1011-ann-e", "ml101-zoe-e", "demo"):
        aws.add("endpoint", name, "InService")

    result = run(aws)

    assert changes(aws) == []
    assert [u.name for u in result.unattributed] == ["ml101-zoe-e"]


def test_only_the_attendees_asked_for_are_swept(aws: FakeAws) -> None:
    add_served_model(aws, "ann")
    add_served_model(aws, "bob")

    run(aws, replace(SCOPE, only=frozenset({"ann"})))

    assert aws.names() == ["ml101-bob-c", "ml101-bob-e", "ml101-bob-m"]


def test_what_is_being_created_is_waited_for_and_then_deleted(aws: FakeAws) -> None:
    endpoint = aws.add("endpoint", "ml101-ann-e", "Creating")
    endpoint.becomes, endpoint.at = "InService", 120.0

    assert run(aws).clean
    assert changes(aws) == [("delete_endpoint", "ml101-ann-e")]
    assert aws.clock.time >= 120


def test_a_notebook_instance_of_an_attendees_own_is_stopped_then_deleted(aws: FakeAws) -> None:
    aws.add("notebook-instance", "ml101-ann-own", "InService")
    aws.add("notebook-instance", "ml101-ann", "InService")

    result = run(aws)

    assert Counter(changes(aws)) == Counter(
        [
            ("stop_notebook_instance", "ml101-ann-own"),
            ("stop_notebook_instance", "ml101-ann"),
            ("delete_notebook_instance", "ml101-ann-own"),
        ]
    )
    assert [resource.name for resource, _ in result.kept] == ["ml101-ann"]


def test_a_job_is_stopped_and_its_record_stays_without_being_a_failure(aws: FakeAws) -> None:
    aws.add("training-job", "ml101-ann-j", "InProgress")

    assert run(aws).clean
    assert aws.names() == ["ml101-ann-j"]


def test_an_app_that_is_only_listed_as_deleted_is_gone(aws: FakeAws) -> None:
    aws.add(
        "app", "default", "Deleted", DomainId="d-1", SpaceName="ml101-ann", AppType="JupyterLab"
    )

    assert run(aws).clean
    assert changes(aws) == []


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ResourceNotFound", "DeleteEndpoint"),
        refusal("ValidationException", "DeleteEndpoint", 'Could not find endpoint "x".'),
        refusal("ValidationException", "DeleteEndpoint", "RecordNotFound"),
        refusal("ValidationException", "DeleteApp", "App has already been deleted"),
    ],
)
def test_gone_in_any_of_its_shapes_is_no_failure(aws: FakeAws, answer: Exception) -> None:
    endpoint = aws.add("endpoint", "ml101-ann-e", "InService")

    def somebody_was_faster(_name: str) -> Exception:
        endpoint.at = aws.clock.time  # the next listing does not show it
        return answer

    aws.instead["delete_endpoint"] = somebody_was_faster
    assert run(aws).clean


def test_a_refusal_that_merely_sounds_like_gone_is_a_failure(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService")
    aws.instead["delete_endpoint"] = lambda _: refusal(
        "AccessDeniedException", "DeleteEndpoint", "the role does not exist"
    )
    assert "role does not exist" in failures(run(aws))["ml101-ann-e"]


def test_a_refusal_is_reported_at_once_and_the_others_go_on(aws: FakeAws) -> None:
    add_served_model(aws, "ann")
    add_served_model(aws, "bob")
    aws.instead["delete_endpoint"] = lambda name: (
        refusal("AccessDeniedException", "DeleteEndpoint", "no") if "ann" in name else None
    )

    result = run(aws)

    assert list(failures(result)) == ["ml101-ann-e"]
    assert "AccessDeniedException" in failures(result)["ml101-ann-e"]
    assert not result.clean
    # What the endpoint needs stays with it, and only that.
    assert aws.names() == ["ml101-ann-c", "ml101-ann-e", "ml101-ann-m"]
    assert {resource.name for resource, _ in result.kept} == {"ml101-ann-c", "ml101-ann-m"}
    assert changes(aws).count(("delete_endpoint", "ml101-ann-e")) == 1
    assert aws.clock.time < 60


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ResourceInUse", "DeleteEndpoint", "in use"),
        refusal("ValidationException", "DeleteEndpoint", "Cannot update in-progress endpoint"),
    ],
)
def test_not_yet_is_asked_again_until_it_is_yes(aws: FakeAws, answer: Exception) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService")
    aws.instead["delete_endpoint"] = lambda _: answer if aws.clock.time < 60 else None

    assert run(aws).clean
    tries = changes(aws).count(("delete_endpoint", "ml101-ann-e"))
    assert 2 < tries < 20  # in growing intervals, not twice a second


def test_what_is_stuck_is_set_aside_and_everything_else_is_done(aws: FakeAws) -> None:
    add_served_model(aws, "bob")
    aws.add("endpoint", "ml101-ann-e", "Creating")
    aws.add("model", "ml101-ann-m")

    result = run(aws, deadline_seconds=600)

    assert list(failures(result)) == ["ml101-ann-e"]
    assert failures(result)["ml101-ann-e"].startswith("still Creating after 6")
    assert aws.names() == ["ml101-ann-e", "ml101-ann-m"]
    assert aws.clock.time < 700


def test_what_is_blocked_does_not_age(aws: FakeAws) -> None:
    add_served_model(aws, "ann")
    aws.seconds = 500  # the endpoint needs nearly the whole deadline

    assert run(aws, deadline_seconds=510).clean
    assert aws.names() == []


def test_an_unknown_status_is_neither_deleted_nor_called_clean(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-e", "Levitating")

    result = run(aws)

    assert changes(aws) == []
    assert "Levitating" in failures(result)["ml101-ann-e"]
    assert not result.clean


def test_a_listing_that_is_refused_makes_the_result_unverified(aws: FakeAws) -> None:
    add_served_model(aws, "ann")
    aws.add("training-job", "ml101-ann-j", "InProgress")
    aws.instead["list_models"] = lambda _: refusal("AccessDeniedException", "ListModels")

    result = run(aws)

    assert not result.verified
    assert not result.clean
    assert [(b.kind, b.region) for b in result.blind] == [("model", "us-east-1")]
    assert ("stop_training_job", "ml101-ann-j") in changes(aws)


def test_a_refused_tag_listing_makes_the_result_unverified(aws: FakeAws) -> None:
    aws.instead["get_resources"] = lambda _: refusal("AccessDeniedException", "GetResources")
    assert [b.kind for b in run(aws).blind] == ["tags"]


def test_a_kind_that_this_boto3_does_not_know_is_unknown_not_empty(aws: FakeAws) -> None:
    aws.missing.add("list_spaces")
    (hole,) = run(aws).blind
    assert hole.kind == "space"
    assert "list_spaces" in hole.reason


def test_what_an_endpoint_that_cannot_be_seen_may_need_is_not_deleted(aws: FakeAws) -> None:
    add_served_model(aws, "ann")
    aws.missing.add("list_endpoints")

    result = run(aws)

    assert changes(aws) == []
    assert not result.verified
    assert {resource.name for resource, _ in result.kept} == {"ml101-ann-c", "ml101-ann-m"}


def test_a_call_that_this_boto3_does_not_know_is_a_failure_not_a_crash(aws: FakeAws) -> None:
    aws.add("model", "ml101-ann-m")
    aws.missing.add("delete_model")
    assert list(failures(run(aws))) == ["ml101-ann-m"]


def test_pages_read_before_a_listing_failed_still_count(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService")
    aws.instead["list_endpoints"] = lambda _: refusal("InternalFailure", "ListEndpoints")

    result = run(aws)

    assert changes(aws) == [("delete_endpoint", "ml101-ann-e")]
    assert not result.verified


def test_a_listing_that_fails_in_passing_does_not_let_what_it_hides_be_overtaken(
    aws: FakeAws,
) -> None:
    add_served_model(aws, "ann")
    failing: Callable[[str], Exception | None] = lambda _: (  # noqa: E731
        refusal("InternalFailure", "ListEndpoints") if 0 < aws.clock.time < 3 else None
    )
    aws.instead["list_endpoints"] = failing

    assert run(aws).clean
    assert [name for _, name in changes(aws)] == ["ml101-ann-e", "ml101-ann-c", "ml101-ann-m"]


def test_a_sweep_that_was_killed_is_simply_run_again(aws: FakeAws) -> None:
    add_served_model(aws, "ann")

    class KilledError(Exception):
        pass

    def die(_seconds: float) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        Sweep(SCOPE, aws.clients, now=aws.clock.now, sleep=die).run()
    aws.clock.time += 1

    assert run(aws).clean
    assert aws.names() == []
    assert changes(aws).count(("delete_endpoint", "ml101-ann-e")) == 1


def test_a_plan_reads_and_changes_nothing(aws: FakeAws) -> None:
    add_served_model(aws, "ann")

    plan = make_sweep(aws).plan()

    assert len(plan.decision.remaining) == 3
    assert changes(aws) == []
    assert aws.clock.sleeps == []


def test_a_look_lists_each_kind_once_whatever_the_number_of_resources(aws: FakeAws) -> None:
    for number in range(40):
        aws.add("endpoint", f"ml101-ann-{number}", "InService")

    make_sweep(aws).plan()

    listings = [operation for operation, _ in aws.calls]
    expected = [kind.list_op for kind in KINDS if not kind.parent for _ in kind.variants]
    # What carries the workshop's tag, and what is to be kept.
    assert sorted(listings) == sorted([*expected, "get_resources", "get_resources"])


def test_a_poll_lists_only_the_kinds_that_still_move(aws: FakeAws) -> None:
    for number in range(40):
        aws.add("endpoint", f"ml101-ann-{number}", "InService")
    aws.seconds = 60

    result = run(aws)

    polls = result.statistics.polls
    assert polls > 3
    lists = Counter(operation for operation, _ in aws.calls)
    assert lists["list_endpoints"] == polls + 3  # the first look and the two at the end
    assert lists["list_models"] == 3
    # Ownership is looked at before the batch, which has no ARNs here: no further call.
    assert lists["get_resources"] == 2 * 3


def test_every_region_is_swept_and_a_refusal_in_one_does_not_stop_the_other(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService")
    aws.add("endpoint", "ml101-bob-e", "InService", region="eu-west-1")
    aws.instead["list_endpoints"] = lambda region: (
        refusal("AccessDeniedException", "ListEndpoints") if region == "us-east-1" else None
    )

    result = run(aws, replace(SCOPE, regions=("us-east-1", "eu-west-1")))

    assert aws.names() == []
    assert [(b.kind, b.region) for b in result.blind] == [("endpoint", "us-east-1")]


def test_the_whole_environment_goes_domain_last_when_nothing_is_kept(aws: FakeAws) -> None:
    aws.add("domain", "ml101-shared", "InService", DomainId="d-1")
    aws.add("space", "ml101-ann", "InService", DomainId="d-1")
    aws.add("space", "jane", "InService", DomainId="d-1")  # somebody added it to our domain
    aws.add("app", "default", "InService", DomainId="d-1", SpaceName="jane", AppType="JupyterLab")

    assert run(aws, policy=Policy(keep_managed=False)).clean
    assert aws.names() == []
    assert changes(aws)[0] == ("delete_app", "default")
    assert changes(aws)[-1] == ("delete_domain", "ml101-shared")


def test_a_tag_alone_makes_it_ours(aws: FakeAws) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/free-style"
    aws.add("endpoint", "free-style", "InService", EndpointArn=arn)
    aws.tags["us-east-1"] = {arn: {"workshop:name": "ml101", "workshop:attendee": "ann"}}

    assert run(aws).clean
    assert aws.names() == []


def test_progress_tells_of_calls_failures_and_what_is_stuck(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService")
    aws.add("endpoint", "ml101-bob-e", "Creating")
    aws.add("model", "ml101-bob-m")
    aws.add("training-job", "ml101-ann-j", "InProgress")
    aws.instead["stop_training_job"] = lambda _: refusal("AccessDenied", "StopTrainingJob", "no")
    said: list[str] = []

    run(aws, progress=lambda what, state, why: said.append(f"{state} {what.name} {why}".strip()))

    assert said[:2] == [
        "refused ml101-ann-j stop_training_job: AccessDenied: no",
        "delete ml101-ann-e",
    ]
    assert said[2].startswith("set aside ml101-bob-e still Creating after 18")
    assert len(said) == 3


def test_a_scan_is_sorted_so_that_two_runs_can_be_compared(aws: FakeAws) -> None:
    add_served_model(aws, "bob")
    add_served_model(aws, "ann")

    found = Scanner(SCOPE, Caller(aws.clients)).look()

    assert found.complete
    assert list(found.resources) == sorted(found.resources, key=lambda r: r.key)


@pytest.mark.parametrize(("status", "bills"), [("InService", "hour"), ("Stopped", "month")])
def test_a_stopped_notebook_instance_still_bills_for_its_volume(
    aws: FakeAws, status: str, bills: str
) -> None:
    aws.add("notebook-instance", "ml101-ann", status)
    (notebook,) = Scanner(SCOPE, Caller(aws.clients)).look().resources
    assert notebook.bills == bills


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

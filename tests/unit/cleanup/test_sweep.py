"""The sweep engine against a small AWS in memory; time passes only in its sleeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from cleanup.calls import Caller
from cleanup.kinds import BY_NAME, KINDS
from cleanup.scan import Scanner
from cleanup.steps import Policy
from cleanup.sweep import Sweep
from tests.unit.cleanup.fake_aws import FakeAws, refusal
from tests.unit.cleanup.sweeps import SCOPE, add_served_model, changes, failures, make_sweep, run


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


def test_a_poll_of_a_sweep_of_one_kind_asks_for_no_tags(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-e", "InService")
    aws.seconds = 60

    result = run(aws, kinds=[BY_NAME["endpoint"]])

    assert result.clean
    assert result.statistics.polls > 3
    lists = Counter(operation for operation, _ in aws.calls)
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


def test_with_keys_nothing_else_is_touched_nor_in_the_way(aws: FakeAws) -> None:
    aws.add("endpoint", "ml101-ann-used", "InService")
    aws.add("inference-component", "ml101-ann-used-c", "InService", EndpointName="ml101-ann-used")
    aws.add("endpoint", "ml101-ann-idle", "InService")
    (idle,) = (r for r in make_sweep(aws).plan().scan.resources if r.name == "ml101-ann-idle")

    result = run(aws, keys={idle.key: idle.created})

    assert result.clean
    assert changes(aws) == [("delete_endpoint", "ml101-ann-idle")]


def test_what_is_only_to_be_stopped_is_not_deleted_after_that(aws: FakeAws) -> None:
    aws.add("notebook-instance", "ml101-ann-mine", "InService")
    aws.add("endpoint", "ml101-ann-e", "InService")

    result = run(aws, policy=Policy(stop_only=True))

    assert result.clean
    assert changes(aws) == [
        ("stop_notebook_instance", "ml101-ann-mine"),
        ("delete_endpoint", "ml101-ann-e"),
    ]
    assert [(r.name, why) for r, why in result.kept] == [("ml101-ann-mine", "stopped, not deleted")]

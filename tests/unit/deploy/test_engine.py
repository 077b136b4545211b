"""The deployment engine against a small CloudFormation in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.assembly import Asset, StackArtifact
from deploy.engine import Deployment, Event, Result
from deploy.look import PATIENCE_SECONDS
from deploy.plan import Action, Step, make_plan
from tests.unit.deploy.assemblies import make_artifact
from tests.unit.deploy.fake_cloudformation import Clock, FakeCloudFormation, refusal
from workshop.aws import Clients

PEOPLE = ("ann", "bob", "cat")


@pytest.fixture
def aws() -> FakeCloudFormation:
    return FakeCloudFormation(Clock())


def workshop(folder: Path, people: tuple[str, ...] = PEOPLE) -> list[StackArtifact]:
    shared = make_artifact(folder, "ml101-shared")
    return [shared, *(make_artifact(folder, f"ml101-{p}", "ml101-shared") for p in people)]


def deploy_stacks(steps: list[Step], clients: Clients, **options: Any) -> list[Result]:
    return Deployment(steps, clients, **options).run()


def deploy(
    aws: FakeCloudFormation, artifacts: list[StackArtifact], **options: Any
) -> dict[str, Result]:
    steps = make_plan(artifacts, aws.clients)
    results = deploy_stacks(steps, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep, **options)
    assert [r.stack for r in results] == [a.name for a in artifacts]
    return {result.stack: result for result in results}


def statuses(aws: FakeCloudFormation) -> dict[str, str]:
    aws.pass_time()
    return {name: stack.status for (_, name), stack in sorted(aws.stacks.items())}


def test_the_shared_stack_is_complete_before_any_attendees_begins(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    begun: dict[str, float] = {}

    def note(event: Event) -> None:
        if not event.done:
            begun.setdefault(event.stack, aws.clock.time)

    results = deploy(aws, workshop(tmp_path), progress=note)

    assert all(result.ok for result in results.values())
    assert aws.changes()[0] == ("create_stack", "ml101-shared")
    assert all(begun[f"ml101-{p}"] >= aws.seconds for p in PEOPLE)
    assert set(statuses(aws).values()) == {"CREATE_COMPLETE"}


@pytest.mark.parametrize("parallel", [1, 3, 20])
def test_no_more_stacks_are_open_at_once_than_allowed(
    aws: FakeCloudFormation, tmp_path: Path, parallel: int
) -> None:
    people = tuple(f"a{number:02}" for number in range(12))

    results = deploy(aws, workshop(tmp_path, people), parallel=parallel)

    assert all(result.ok for result in results.values())
    assert aws.most_open == min(parallel, len(people))


def test_one_failed_attendee_neither_stops_nor_rolls_back_the_others(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.outcome["ml101-bob"] = ("ROLLBACK_COMPLETE", "name taken")

    results = deploy(aws, workshop(tmp_path))

    assert {name for name, result in results.items() if not result.ok} == {"ml101-bob"}
    # The first failure of this operation, not what followed from it, nor an older one.
    assert results["ml101-bob"].reason == "AWS::S3::Bucket Bucket: name taken"
    assert statuses(aws)["ml101-cat"] == "CREATE_COMPLETE"
    assert ("delete_stack", "ml101-ann") not in aws.changes()


def test_a_refused_call_fails_only_its_stack(aws: FakeCloudFormation, tmp_path: Path) -> None:
    aws.refuse["create_stack", "ml101-ann"] = refusal("CreateStack", "quota of stacks")

    results = deploy(aws, workshop(tmp_path))

    assert results["ml101-ann"].reason == "quota of stacks"
    assert results["ml101-bob"].ok


def test_without_the_shared_stack_no_attendee_is_attempted(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.outcome["ml101-shared"] = ("ROLLBACK_COMPLETE", "no address left")

    results = deploy(aws, workshop(tmp_path))

    assert aws.changes() == [("create_stack", "ml101-shared")]
    assert {results[f"ml101-{p}"].reason for p in PEOPLE} == {"not attempted: ml101-shared failed"}


def test_a_failed_shared_stack_stops_only_its_own_region(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.refuse["create_stack", "ml101-shared"] = refusal("CreateStack", "no")
    away = replace(make_artifact(tmp_path, "ml101-dan", "ml101-shared"), region="eu-west-1")
    aws.add("ml101-shared", "CREATE_COMPLETE", "eu-west-1", body='{"made": "ml101-shared"}')
    there = replace(make_artifact(tmp_path, "ml101-shared"), region="eu-west-1")
    steps = make_plan([*workshop(tmp_path), there, away], aws.clients)

    results = deploy_stacks(steps, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep)

    assert {r.region for r in results if r.ok} == {"eu-west-1"}
    assert {r.region for r in results if not r.ok} == {"us-east-1"}


def test_run_again_it_does_only_what_is_missing(aws: FakeCloudFormation, tmp_path: Path) -> None:
    aws.outcome["ml101-bob"] = ("ROLLBACK_COMPLETE", "name taken")
    artifacts = workshop(tmp_path)
    deploy(aws, artifacts)
    aws.calls.clear()
    aws.outcome.clear()

    results = deploy(aws, artifacts)

    assert aws.changes() == [("delete_stack", "ml101-bob"), ("create_stack", "ml101-bob")]
    assert results["ml101-bob"] == replace(results["ml101-bob"], ok=True, action=Action.CREATE)
    assert {r.action for n, r in results.items() if n != "ml101-bob"} == {Action.KEEP}
    assert set(statuses(aws).values()) == {"CREATE_COMPLETE"}


def test_an_operation_of_an_earlier_run_is_waited_for_then_judged_anew(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    def moving(name: str, status: str, becomes: str | None) -> None:
        aws.add(name, status, becomes=becomes, at=30.0)

    aws.add(
        "ml101-shared",
        "CREATE_IN_PROGRESS",
        body='{"made": "ml101-shared"}',
        becomes="CREATE_COMPLETE",
        at=30.0,
    )
    moving("ml101-ann", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE")
    moving("ml101-bob", "DELETE_IN_PROGRESS", None)

    results = deploy(aws, workshop(tmp_path))

    assert all(result.ok for result in results.values())
    assert aws.changes().count(("create_stack", "ml101-ann")) == 1
    assert aws.changes().index(("delete_stack", "ml101-ann")) >= 0
    assert ("delete_stack", "ml101-bob") not in aws.changes()
    # Its template is what is wanted: no call that changes nothing.
    assert not {call for call in aws.changes() if call[1] == "ml101-shared"}
    assert results["ml101-shared"].action == Action.KEEP


def test_a_creation_of_an_earlier_run_with_another_template_is_updated_when_it_has_ended(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-ann", "CREATE_IN_PROGRESS", becomes="CREATE_COMPLETE", at=30.0)

    (artifact,) = [make_artifact(tmp_path, "ml101-ann")]
    results = deploy(aws, [artifact])

    assert aws.changes() == [("update_stack", "ml101-ann")]
    assert results["ml101-ann"].ok


def test_a_creation_that_nobody_answered_and_was_sent_again_is_no_failure(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    steps = make_plan([make_artifact(tmp_path, "ml101-ann")], aws.clients)
    body = '{"made": "ml101-ann"}'
    aws.add("ml101-ann", "CREATE_IN_PROGRESS", body=body, becomes="CREATE_COMPLETE", at=30.0)
    aws.refuse["create_stack", "ml101-ann"] = refusal(
        "CreateStack", "Stack [ml101-ann] already exists", "AlreadyExistsException"
    )

    (result,) = deploy_stacks(steps, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep)

    assert (result.ok, result.action) == (True, Action.KEEP)


def test_an_update_that_somebody_else_began_is_waited_for_then_judged(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-ann", "CREATE_COMPLETE")
    steps = make_plan([make_artifact(tmp_path, "ml101-ann")], aws.clients)
    there = aws.stacks["us-east-1", "ml101-ann"]
    there.status, there.becomes, there.at = "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", 30.0
    there.body = '{"made": "ml101-ann"}'
    aws.refuse["update_stack", "ml101-ann"] = refusal(
        "UpdateStack", "Stack:arn:x is in UPDATE_IN_PROGRESS state and can not be updated."
    )

    (result,) = deploy_stacks(steps, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep)

    assert (result.ok, result.action) == (True, Action.KEEP)


def test_a_rollback_that_failed_goes_on_and_then_the_stack_is_updated(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-ann", "UPDATE_ROLLBACK_FAILED")

    results = deploy(aws, [make_artifact(tmp_path, "ml101-ann")])

    assert results["ml101-ann"].ok
    assert aws.changes() == [("update_stack", "ml101-ann")]
    assert ("continue_update_rollback", "ml101-ann") in aws.calls


def test_a_rollback_that_fails_again_is_not_tried_for_ever(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-ann", "UPDATE_ROLLBACK_FAILED")
    aws.outcome["ml101-ann"] = ("UPDATE_ROLLBACK_FAILED", "still broken")

    results = deploy(aws, [make_artifact(tmp_path, "ml101-ann")])

    assert "it stays in UPDATE_ROLLBACK_FAILED" in results["ml101-ann"].reason
    assert aws.calls.count(("continue_update_rollback", "ml101-ann")) == 1


def test_a_listing_that_fails_is_tried_again_at_the_next_look(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    steps = make_plan(workshop(tmp_path), aws.clients)
    aws.refuse["describe_stacks", "us-east-1"] = refusal("DescribeStacks", "Rate exceeded", "T")

    def sleep(seconds: float) -> None:
        aws.clock.sleep(seconds)
        if aws.clock.time > PATIENCE_SECONDS / 2:
            aws.refuse.clear()

    told: list[str] = []
    results = deploy_stacks(
        steps,
        aws.clients,
        now=aws.clock.now,
        sleep=sleep,
        progress=lambda event: told.append(event.status),
    )

    assert all(result.ok for result in results)
    assert told.count("unknown") == 1


def test_a_region_that_cannot_be_listed_for_too_long_fails_and_the_others_go_on(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    elsewhere = make_artifact(tmp_path, "ml101-bob", region="eu-west-1")
    steps = make_plan([*workshop(tmp_path), elsewhere], aws.clients)
    aws.refuse["describe_stacks", "us-east-1"] = refusal("DescribeStacks", "Rate exceeded", "T")

    results = deploy_stacks(steps, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep)

    assert aws.clock.time >= PATIENCE_SECONDS
    by_region = {result.region: result for result in results if result.ok}
    assert set(by_region) == {"eu-west-1"}
    told = [result.reason for result in results if not result.ok]
    assert any("us-east-1 could not be listed: Rate exceeded" in reason for reason in told)


@pytest.mark.parametrize("where", [("describe_stacks", "us-east-1"), ("create_stack", "ml101-ann")])
def test_credentials_that_expire_end_the_run_at_once(
    aws: FakeCloudFormation, tmp_path: Path, where: tuple[str, str]
) -> None:
    steps = make_plan(workshop(tmp_path), aws.clients)
    aws.refuse[where] = refusal("X", "The security token is expired", "ExpiredToken")

    with pytest.raises(ClientError, match="expired"):
        deploy_stacks(steps, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep)

    assert aws.clock.time < PATIENCE_SECONDS


def test_an_interrupted_run_asks_for_nothing_more_and_knows_what_is_under_way(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    people = tuple(f"a{number:02}" for number in range(30))
    steps = make_plan([make_artifact(tmp_path, f"ml101-{p}") for p in people], aws.clients)
    deployment = Deployment(steps, aws.clients, parallel=5, now=aws.clock.now, sleep=interrupt)

    with pytest.raises(KeyboardInterrupt):
        deployment.run()

    assert deployment.under_way == [f"ml101-a0{number}" for number in range(5)]
    assert len(aws.changes()) == 5


def test_attendees_go_on_where_only_the_shared_stacks_change_is_refused(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.imports["ml101-shared-domain"] = ["ml101-zoe"]
    outputs = {"D": {"Value": "d-1", "Export": {"Name": "ml101-shared-domain"}}}
    aws.add("ml101-shared", "CREATE_COMPLETE", body=json.dumps({"Outputs": outputs}))

    results = deploy(aws, workshop(tmp_path))

    assert "still imported by ml101-zoe" in results["ml101-shared"].reason
    assert all(results[f"ml101-{p}"].ok for p in PEOPLE)
    assert {operation for operation, _ in aws.changes()} == {"create_stack"}


def test_reasons_are_for_people_and_causes_are_what_aws_said(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    said = (
        "The account-level service limit 'Domains' is 1 Domains, with current utilization of 1 "
        "Domains and a request delta of 1 Domains."
    )
    aws.outcome["ml101-bob"] = ("ROLLBACK_COMPLETE", said)

    results = deploy(aws, workshop(tmp_path), quota_codes={"Domains": "L-1234ABCD"})

    bob = results["ml101-bob"]
    assert bob.reason.startswith("quota: Domains (L-1234ABCD) is 1")
    assert bob.cause == f"AWS::S3::Bucket Bucket: {said}"


def test_no_updates_are_to_be_performed_means_up_to_date(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-shared", "CREATE_COMPLETE", body='{"made": "otherwise"}')
    aws.refuse["update_stack", "ml101-shared"] = refusal(
        "UpdateStack", "No updates are to be performed."
    )

    results = deploy(aws, workshop(tmp_path, ("ann",)))

    assert (results["ml101-shared"].ok, results["ml101-shared"].action) == (True, Action.KEEP)
    assert results["ml101-ann"].ok


def test_an_update_that_rolls_back_is_a_failure(aws: FakeCloudFormation, tmp_path: Path) -> None:
    aws.add("ml101-shared", "CREATE_COMPLETE", body='{"made": "otherwise"}')
    aws.outcome["ml101-shared"] = ("UPDATE_ROLLBACK_COMPLETE", "no")
    assert not deploy(aws, workshop(tmp_path, ()))["ml101-shared"].ok


def test_what_is_up_to_date_does_not_fail_with_the_shared_stack(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-shared", "CREATE_COMPLETE", body='{"made": "otherwise"}')
    aws.outcome["ml101-shared"] = ("UPDATE_ROLLBACK_COMPLETE", "no")
    tags = {"workshop:name": "ml101", "workshop:attendee": "ann"}
    aws.add("ml101-ann", "CREATE_COMPLETE", body='{"made": "ml101-ann"}', tags=tags)

    results = deploy(aws, workshop(tmp_path, ("ann", "bob")))

    assert (results["ml101-ann"].ok, results["ml101-ann"].action) == (True, Action.KEEP)
    assert results["ml101-bob"].reason == "not attempted: ml101-shared failed"


def test_a_stack_that_cannot_be_deleted_is_not_recreated_for_ever(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-ann", "ROLLBACK_COMPLETE")
    aws.outcome["ml101-ann"] = ("ROLLBACK_FAILED", "in use")

    results = deploy(aws, workshop(tmp_path, ("ann",)))

    assert not results["ml101-ann"].ok
    assert "ROLLBACK_FAILED" in results["ml101-ann"].reason
    assert aws.changes().count(("delete_stack", "ml101-ann")) == 1


def test_a_stack_that_somebody_deletes_meanwhile_is_a_failure_that_says_so(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    def delete_ann(seconds: float) -> None:
        aws.stacks.pop(("us-east-1", "ml101-ann"), None)
        aws.clock.sleep(seconds)

    steps = make_plan([make_artifact(tmp_path, "ml101-ann")], aws.clients)
    (result,) = deploy_stacks(steps, aws.clients, now=aws.clock.now, sleep=delete_ann)

    assert "somebody deleted it" in result.reason


@pytest.mark.parametrize("tags", [{}, {"workshop:name": "other"}])
def test_a_foreign_stack_of_our_name_is_refused_and_never_called(
    aws: FakeCloudFormation, tmp_path: Path, tags: dict[str, str]
) -> None:
    aws.add("ml101-ann", "CREATE_COMPLETE", tags=tags)

    results = deploy(aws, workshop(tmp_path))

    assert "does not carry our tag" in results["ml101-ann"].reason
    assert [call for call in aws.calls if call[1] == "ml101-ann"] == []
    assert results["ml101-bob"].ok


def test_a_foreign_shared_stack_keeps_attendees_from_being_attempted(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    aws.add("ml101-shared", "CREATE_COMPLETE", tags={})
    results = deploy(aws, workshop(tmp_path))
    assert not any(result.ok for result in results.values())
    assert aws.changes() == []


def listings(aws: FakeCloudFormation) -> int:
    return sum(operation == "describe_stacks" for operation, _ in aws.calls)


def test_the_number_of_listings_does_not_depend_on_the_number_of_stacks(tmp_path: Path) -> None:
    counts = []
    for number in (1, 15):
        aws = FakeCloudFormation(Clock())
        deploy(aws, workshop(tmp_path, tuple(f"a{n:02}" for n in range(number))))
        counts.append(listings(aws))
        assert {operation for operation, _ in aws.calls} == {"describe_stacks", "create_stack"}
    assert counts[0] == counts[1]


def test_a_large_template_goes_by_url_and_a_small_one_in_the_request(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    artifact = make_artifact(tmp_path, "ml101-shared")
    asset = Asset(artifact.template, "assets-1", "workshops/ml101/abc.json", "us-east-1")
    small = replace(artifact, template_asset=asset)
    deploy(aws, [small])
    assert aws.requests["create_stack", "ml101-shared"]["TemplateBody"] == small.body()

    aws = FakeCloudFormation(Clock())
    artifact.template.write_text("x" * 51_201)
    deploy(aws, [small])

    request = aws.requests["create_stack", "ml101-shared"]
    assert "TemplateBody" not in request
    url = "https://assets-1.s3.us-east-1.amazonaws.com/workshops/ml101/abc.json"
    assert request["TemplateURL"] == url


def test_tags_parameters_and_protection_reach_cloudformation(
    aws: FakeCloudFormation, tmp_path: Path
) -> None:
    deploy(aws, [make_artifact(tmp_path, "ml101-ann", parameters={"Size": "5"}, protected=True)])

    request = aws.requests["create_stack", "ml101-ann"]
    assert request["Tags"] == [
        {"Key": "workshop:attendee", "Value": "ann"},
        {"Key": "workshop:name", "Value": "ml101"},
    ]
    assert request["Parameters"] == [{"ParameterKey": "Size", "ParameterValue": "5"}]
    assert request["EnableTerminationProtection"] is True


def test_every_stack_is_reported_done_exactly_once(aws: FakeCloudFormation, tmp_path: Path) -> None:
    aws.outcome["ml101-bob"] = ("ROLLBACK_COMPLETE", "name taken")
    done: list[tuple[str, str]] = []

    deploy(
        aws,
        workshop(tmp_path),
        progress=lambda e: done.append((e.stack, e.status)) if e.done else None,
    )

    assert sorted(done) == [
        ("ml101-ann", "done"),
        ("ml101-bob", "failed"),
        ("ml101-cat", "done"),
        ("ml101-shared", "done"),
    ]

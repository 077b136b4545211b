"""`workshop check` looks at everything a deployment depends on."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modules.declarations import load_module
from quotas.demand import demand_in
from tests.factories import make_attendee, make_workshop
from tests.unit.quotas.fakes import Answer, FakeClient, refusal
from workshop.cli.findings import Finding, exit_code
from workshop.cli.probes import Report, check_workshop
from workshop.cli.repository import check_repository
from workshop.model import Repository, Workshop

ACCOUNT = "123456789012"
IDENTITY = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "UserId": "x"}
LAB = load_module("iris-xgboost")
NOTHING_IN_USE: dict[str, Answer] = {
    "list_domains": {"Domains": []},
    "list_user_profiles": {"UserProfiles": []},
    "list_spaces": {"Spaces": []},
    "list_apps": {"Apps": []},
    "list_endpoints": {"Endpoints": []},
    "list_training_jobs": {"TrainingJobSummaries": []},
    "list_transform_jobs": {"TransformJobSummaries": []},
}


def git(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("repository")
    git("init", "--quiet", "--initial-branch=main", folder)
    git("-C", folder, "commit", "--quiet", "--allow-empty", "--message=first")
    git("-C", folder, "tag", "v1.0")
    return Repository(str(folder), "main")


@pytest.fixture
def workshop(repository: Repository) -> Workshop:
    return make_workshop(["ann", "bob"], repository=repository)


def all_answers(workshop: Workshop, limit: int = 10) -> dict[str, dict[str, Answer]]:
    """What an account answers that carries the workshop."""
    demands = demand_in(workshop, workshop.regions[0], [LAB])
    quotas = [{"QuotaCode": demand.quota.code, "Value": float(limit)} for demand in demands]
    return {
        "sts": {"get_caller_identity": IDENTITY},
        "ssm": {"get_parameter": {"Parameter": {"Value": "30"}}},
        "cloudformation": {"describe_stacks": {"Stacks": []}},
        "s3": {"head_bucket": refusal("404", "HeadBucket")},
        "sagemaker": dict(NOTHING_IN_USE),
        "service-quotas": {"list_service_quotas": {"Quotas": quotas}},
    }


def check(workshop: Workshop, answers: dict[str, dict[str, Answer]]) -> Report:
    def clients(service: str, _region: str) -> Any:
        return FakeClient(service, answers[service])

    return check_workshop(workshop, workshop.regions, [LAB], clients)


def states(report: Report) -> Counter[str]:
    return Counter(finding.state for finding in report.findings)


def only(report: Report, state: str) -> Finding:
    (finding,) = [f for f in report.findings if f.state == state]
    return finding


def code_of(report: Report) -> int:
    return exit_code([f.state for f in report.findings] + [line.state for line in report.quotas])


def test_an_account_that_carries_the_workshop_is_all_ok(workshop: Workshop) -> None:
    report = check(workshop, all_answers(workshop))

    assert set(states(report)) == {"ok"}
    assert code_of(report) == 0
    assert {line.need for line in report.quotas} == {1, 2}


def test_a_quota_that_is_short_is_named_with_its_figures(workshop: Workshop) -> None:
    report = check(workshop, all_answers(workshop, limit=1))

    finding = only(report, "problem")
    assert finding.what == "us-east-1 cannot hold 2 attendees"
    assert "is 1, others use 0, this workshop needs 2; it carries 1" in finding.why
    assert "--desired-value 2" in finding.fix
    assert code_of(report) == 1


def no_limits(answers: dict[str, dict[str, Answer]]) -> None:
    answers["service-quotas"] = {}


def one_limit_less(answers: dict[str, dict[str, Answer]]) -> None:
    listed: Any = answers["service-quotas"]["list_service_quotas"]
    answers["service-quotas"] = {"list_service_quotas": {"Quotas": listed["Quotas"][1:]}}


def no_spaces(answers: dict[str, dict[str, Answer]]) -> None:
    del answers["sagemaker"]["list_spaces"]


def no_stacks(answers: dict[str, dict[str, Answer]]) -> None:
    answers["cloudformation"] = {}


@pytest.mark.parametrize("break_it", [no_limits, one_limit_less, no_spaces, no_stacks])
def test_what_cannot_be_read_makes_the_check_unverified(
    workshop: Workshop, break_it: Callable[[dict[str, dict[str, Answer]]], None]
) -> None:
    answers = all_answers(workshop)
    break_it(answers)

    report = check(workshop, answers)

    assert set(states(report)) == {"ok", "unknown"}
    assert code_of(report) == 3


def tagged(name: str) -> list[dict[str, str]]:
    return [{"Key": "workshop:name", "Value": name}]


@pytest.mark.parametrize(
    ("service", "answers", "subject", "what"),
    [
        (
            "ssm",
            {"get_parameter": refusal("ParameterNotFound", "GetParameter")},
            "CDK bootstrap",
            "not bootstrapped",
        ),
        ("ssm", {"get_parameter": {"Parameter": {"Value": "5"}}}, "CDK bootstrap", "version 5"),
        (
            "cloudformation",
            {"describe_stacks": {"Stacks": [{"StackName": "ml101-bob", "Tags": []}]}},
            "stack names",
            "taken: ml101-bob",
        ),
        (
            "s3",
            {"head_bucket": refusal("403", "HeadBucket")},
            "bucket name",
            "belongs to another account",
        ),
        (
            "s3",
            {"head_bucket": {}, "get_bucket_tagging": {"TagSet": tagged("other")}},
            "bucket name",
            "not this workshop's",
        ),
    ],
)
def test_what_would_stop_a_deployment_is_a_problem(
    workshop: Workshop, service: str, answers: dict[str, Answer], subject: str, what: str
) -> None:
    report = check(workshop, {**all_answers(workshop), service: answers})

    finding = only(report, "problem")
    assert finding.subject == subject
    assert what in finding.what
    assert finding.why
    assert finding.fix


def test_a_workshop_that_is_deployed_already_still_fits(workshop: Workshop) -> None:
    stacks = [
        {"StackName": name, "Tags": tagged("ml101")} for name in ("ml101-shared", "ml101-ann")
    ]
    answers = all_answers(workshop, limit=2)
    answers["cloudformation"] = {"describe_stacks": {"Stacks": stacks}}
    answers["s3"] = {"head_bucket": {}, "get_bucket_tagging": {"TagSet": tagged("ml101")}}
    answers["sagemaker"]["list_domains"] = {"Domains": [{"DomainName": "ml101-shared"}]}
    profiles = [{"UserProfileName": "ml101-ann"}, {"UserProfileName": "ml101-bob"}]
    answers["sagemaker"]["list_user_profiles"] = {"UserProfiles": profiles}

    assert set(states(check(workshop, answers))) == {"ok"}


def test_a_region_that_is_not_enabled_is_not_asked_further(repository: Repository) -> None:
    workshop = make_workshop(
        [make_attendee("ann", region="eu-south-1"), make_attendee("bob")], repository=repository
    )
    answers = all_answers(replace(workshop, regions=("us-east-1",)))
    refused = FakeClient("sts", {"get_caller_identity": refusal("InvalidClientTokenId", "Get")})

    def clients(service: str, region: str) -> Any:
        if (service, region) == ("sts", "eu-south-1"):
            return refused
        return FakeClient(service, answers[service])

    report = check_workshop(workshop, workshop.regions, [LAB], clients)

    assert only(report, "problem").what == "the account has not enabled eu-south-1"
    assert [f.subject for f in report.findings if f.region == "eu-south-1"] == ["region"]


def test_without_credentials_everything_of_aws_is_unknown(workshop: Workshop) -> None:
    answers = all_answers(workshop)
    answers["sts"] = {"get_caller_identity": refusal("ExpiredToken", "GetCallerIdentity")}

    report = check(workshop, answers)

    assert only(report, "unknown").subject == "credentials"
    assert report.quotas == ()
    assert code_of(report) == 3


@pytest.mark.parametrize(
    ("described", "state"),
    [
        ({"Status": "InService", "AuthMode": "IAM"}, "ok"),
        ({"Status": "InService", "AuthMode": "SSO"}, "problem"),
        (refusal("ResourceNotFound", "DescribeDomain"), "problem"),
    ],
)
def test_an_existing_domain_must_be_there_and_take_sign_in_links(
    workshop: Workshop, described: Answer, state: str
) -> None:
    existing = replace(workshop, domains={"us-east-1": "d-abc"})
    answers = all_answers(existing)
    answers["sagemaker"]["describe_domain"] = described

    report = check(existing, answers)

    assert [f.state for f in report.findings if f.subject == "existing domain"] == [state]


@pytest.mark.parametrize("ref", ["main", "v1.0"])
def test_a_branch_or_tag_that_is_there_is_found(repository: Repository, ref: str) -> None:
    assert check_repository(replace(repository, ref=ref)).state == "ok"


def test_a_commit_is_found_although_no_ref_names_it(repository: Repository) -> None:
    commit = git("-C", repository.url, "rev-parse", "HEAD")
    git("-C", repository.url, "commit", "--quiet", "--allow-empty", "--message=second")

    assert check_repository(replace(repository, ref=commit)).state == "ok"


@pytest.mark.parametrize("ref", ["nope", "0" * 40])
def test_a_ref_that_is_not_there_is_a_problem(repository: Repository, ref: str) -> None:
    finding = check_repository(replace(repository, ref=ref))

    assert finding.state == "problem"
    assert f"has no {ref}" in finding.what


def test_a_repository_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    finding = check_repository(Repository(str(tmp_path / "none"), "main"))

    assert finding.state == "problem"
    assert "without signing in" in finding.what


def test_a_host_that_does_not_answer_leaves_it_unknown() -> None:
    # Port 9 of the loopback: nobody listens.
    finding = check_repository(Repository("https://127.0.0.1:9/x.git", "main"))

    assert finding.state == "unknown"

"""`workshop check` looks at everything a deployment depends on, quotas aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.factories import make_attendee, make_workshop
from tests.functional.cli.checking.account import (
    LAB,
    NOW,
    about,
    all_answers,
    all_prices,
    look,
    only,
    tagged,
)
from tests.functional.cli.checking.conftest import git
from tests.unit.quotas.fakes import Answer, FakeClient, refusal
from workshop.cli.findings import exit_code
from workshop.cli.probes import Examination, examine
from workshop.cli.probes.account import home_region
from workshop.cli.repository import check_repository
from workshop.model import Repository, Workshop


def states(examined: Examination) -> Counter[str]:
    return Counter(finding.state for finding in examined.findings)


def code_of(examined: Examination) -> int:
    return exit_code(finding.state for finding in examined.findings)


def test_an_account_that_carries_the_workshop_is_all_ok(workshop: Workshop) -> None:
    examined = look(workshop)

    assert set(states(examined)) == {"ok"}
    assert code_of(examined) == 0
    assert examined.regions == ("us-east-1",)


@pytest.mark.parametrize(
    "service", ["ssm", "cloudformation", "iam", "lambda", "logs", "ec2", "service-quotas"]
)
def test_a_service_that_refuses_leaves_the_rest_to_be_looked_at(
    workshop: Workshop, service: str
) -> None:
    usual = look(workshop)

    examined = look(workshop, {**all_answers(), service: {}})

    unknown = {f.subject for f in examined.findings if f.state == "unknown"}
    assert unknown
    assert code_of(examined) == 3
    assert set(states(examined)) == {"ok", "unknown"}
    # Whether names are free cannot be told where the own stacks are not known.
    lost = {f.subject for f in usual.findings} - {f.subject for f in examined.findings}
    assert all(subject.endswith(" names") for subject in lost)
    assert (service == "cloudformation") == bool(lost)


def test_what_is_refused_names_the_right_that_is_missing(workshop: Workshop) -> None:
    denied = refusal(
        "AccessDenied", "ListRoles", "User: ann is not authorized to perform: iam:ListRoles"
    )
    answers = all_answers()
    answers["iam"]["list_roles"] = denied

    finding = only(look(workshop, answers), "unknown")

    assert finding.subject == "role names"
    assert "iam:ListRoles" in finding.what
    assert "iam:ListRoles" in finding.fix


def cdk_bucket_gone(**_asked: Any) -> Any:
    raise refusal("404", "HeadBucket")


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
        ("s3", {"head_bucket": cdk_bucket_gone}, "CDK bootstrap", "is gone"),
        (
            "cloudformation",
            {"describe_stacks": {"Stacks": [{"StackName": "ml101-bob", "Tags": []}]}},
            "stack names",
            "taken: ml101-bob",
        ),
        (
            "s3",
            {
                "head_bucket": lambda **asked: _refused_unless_cdk(asked["Bucket"]),
            },
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
    examined = look(workshop, {**all_answers(), service: answers})

    finding = only(examined, "problem")
    assert finding.subject == subject
    assert what in finding.what
    assert finding.why
    assert finding.fix
    assert code_of(examined) == 1


def _refused_unless_cdk(bucket: str) -> dict[str, Any]:
    if bucket.startswith("cdk-"):
        return {}
    raise refusal("403", "HeadBucket")


def test_a_workshop_that_is_deployed_already_still_fits(workshop: Workshop) -> None:
    stacks = [
        {"StackName": name, "Tags": tagged("ml101")}
        for name in ("ml101-shared", "ml101-ann", "ml101-bob")
    ]
    answers = all_answers()
    answers["cloudformation"] = {"describe_stacks": {"Stacks": stacks}}
    answers["s3"] = {"head_bucket": {}, "get_bucket_tagging": {"TagSet": tagged("ml101")}}
    domain = {"DomainName": "ml101-shared", "DomainId": "d-1"}
    answers["sagemaker"]["list_domains"] = {"Domains": [domain]}
    answers["service-quotas"]["get_service_quota"] = {"Quota": {"Value": 1.0}}
    answers["ec2"]["describe_vpcs"] = {"Vpcs": [{"VpcId": "vpc-1", "Tags": tagged("ml101")}]}
    roles = [{"RoleName": name} for name in ("ml101-ann", "ml101-bob")]
    answers["iam"]["list_roles"] = {"Roles": roles}

    assert set(states(look(workshop, answers))) == {"ok"}


def test_a_region_that_is_not_enabled_is_not_asked_further(repository: Repository) -> None:
    workshop = make_workshop(
        [make_attendee("ann", region="eu-south-1"), make_attendee("bob")], repository=repository
    )
    answers = all_answers()
    refused = FakeClient("sts", {"get_caller_identity": refusal("InvalidClientTokenId", "Get")})

    def clients(service: str, region: str) -> Any:
        if (service, region) == ("sts", "eu-south-1"):
            return refused
        return FakeClient(service, answers[service])

    prices = all_prices(workshop)
    examined = examine(workshop, workshop.regions, [LAB], clients, prices=prices, now=NOW)

    assert only(examined, "problem").what == "the account has not enabled eu-south-1"
    assert [f.subject for f in examined.findings if f.region == "eu-south-1"] == ["region"]
    assert examined.regions == ("us-east-1",)


def test_a_workshop_s_only_region_that_is_not_enabled_is_not_blamed_on_the_credentials(
    repository: Repository,
) -> None:
    workshop = make_workshop([make_attendee("ann", region="eu-south-1")], repository=repository)
    answers = all_answers()
    refused = FakeClient("sts", {"get_caller_identity": refusal("InvalidClientTokenId", "Get")})

    def clients(service: str, region: str) -> Any:
        if (service, region) == ("sts", "eu-south-1"):
            return refused
        assert region in ("eu-south-1", "us-east-1")
        return FakeClient(service, answers[service])

    prices = all_prices(workshop)
    examined = examine(workshop, workshop.regions, [LAB], clients, prices=prices, now=NOW)

    assert only(examined, "problem").what == "the account has not enabled eu-south-1"
    assert about(examined, "credentials").state == "ok"
    assert examined.regions == ()


@pytest.mark.parametrize(
    ("region", "home"),
    [
        ("eu-south-1", "us-east-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("us-gov-east-1", "us-gov-west-1"),
    ],
)
def test_every_partition_has_a_region_that_is_always_enabled(region: str, home: str) -> None:
    assert home_region(region) == home


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_without_credentials_everything_of_aws_is_unknown(workshop: Workshop, code: str) -> None:
    answers = {**all_answers(), "sts": {"get_caller_identity": refusal(code, "GetCallerIdentity")}}

    examined = look(workshop, answers)

    finding = only(examined, "unknown")
    assert finding.subject == "credentials"
    assert "sign in again" in finding.fix
    assert examined.regions == ()
    assert code_of(examined) == 3


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

"""Domains, VPCs and addresses: is there room for the workshop?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.factories import make_attendee, make_workshop
from tests.functional.cli.checking.account import about, all_answers, look, only, quota_value
from tests.unit.quotas.fakes import Answer, refusal
from workshop.model import Network, Repository, Workshop

REGION = "us-east-1"
NOT_APPLIED = refusal("NoSuchResourceException", "GetServiceQuota")
NO_VALUE: Answer = {"Quota": {"ErrorReason": {"ErrorCode": "DEPENDENCY_SERVICE_ERROR"}}}


def domains(count: int) -> Answer:
    found = [{"DomainName": f"other{n}", "DomainId": f"d-{n}"} for n in range(count)]
    return {"Domains": found}


@pytest.mark.parametrize(("exist", "state"), [(0, "ok"), (1, "ok"), (2, "problem")])
def test_a_domain_of_ones_own_needs_a_free_slot(workshop: Workshop, exist: int, state: str) -> None:
    answers = all_answers()
    answers["sagemaker"]["list_domains"] = domains(exist)
    answers["service-quotas"]["get_service_quota"] = quota_value(2)

    finding = about(look(workshop, answers), "domain slots")

    assert finding.state == state
    if state == "problem":
        assert "d-0, d-1" in finding.why
        assert "`domain: {us-east-1: d-...}`" in finding.fix
        assert "--desired-value 3" in finding.fix


def test_a_domain_quota_that_was_never_applied_is_unknown_and_not_the_default(
    workshop: Workshop,
) -> None:
    answers = all_answers()
    answers["service-quotas"]["get_service_quota"] = NOT_APPLIED

    assert about(look(workshop, answers), "domain slots").state == "unknown"


def test_notebook_instances_need_neither_domain_nor_vpc(repository: Repository) -> None:
    workshop = make_workshop([make_attendee("ann", "notebook")], repository=repository)
    answers = {**all_answers(), "ec2": {}}

    subjects = {finding.subject for finding in look(workshop, answers).findings}

    assert not subjects & {"domain slots", "VPC", "address room"}


@pytest.mark.parametrize(
    ("described", "what"),
    [
        ({"Status": "Failed", "AuthMode": "IAM"}, "Status is Failed"),
        ({"Status": "InService", "AuthMode": "SSO"}, "AuthMode is SSO"),
        (
            {"Status": "InService", "AuthMode": "IAM", "DomainName": "ml101-shared"},
            "made for itself",
        ),
        (refusal("ResourceNotFound", "DescribeDomain"), "there is no domain d-abc"),
    ],
)
def test_an_existing_domain_that_cannot_be_used_is_a_problem(
    workshop: Workshop, described: Answer, what: str
) -> None:
    answers = all_answers()
    answers["sagemaker"]["describe_domain"] = described

    finding = only(look(replace(workshop, domains={REGION: "d-abc"}), answers), "problem")

    assert finding.subject == "existing domain"
    assert what in finding.what


def vpcs(count: int) -> Answer:
    return {"Vpcs": [{"VpcId": f"vpc-{number}"} for number in range(count)]}


@pytest.mark.parametrize(
    ("exist", "quota", "state"),
    [
        (4, quota_value(5), "ok"),
        (5, quota_value(5), "problem"),
        (5, quota_value(10), "ok"),
        (4, NOT_APPLIED, "ok"),  # values can only be raised above the default of 5
        (5, NOT_APPLIED, "unknown"),
        (4, NO_VALUE, "ok"),
        (5, NO_VALUE, "unknown"),
    ],
)
def test_a_vpc_of_ones_own_needs_room_under_the_quota(
    workshop: Workshop, exist: int, quota: Answer, state: str
) -> None:
    def get_service_quota(ServiceCode: str, QuotaCode: str) -> Any:  # noqa: N803 - AWS's names
        if ServiceCode != "vpc":
            return quota_value(2)
        assert QuotaCode == "L-F678F1CE"
        if isinstance(quota, Exception):
            raise quota
        return quota

    answers = all_answers()
    answers["ec2"]["describe_vpcs"] = vpcs(exist)
    answers["service-quotas"]["get_service_quota"] = get_service_quota

    finding = about(look(workshop, answers), "VPC")

    assert finding.state == state
    if quota in (NOT_APPLIED, NO_VALUE):
        assert "AWS's default" in finding.what


def subnet(number: int, free: int, zone: str = "us-east-1a", vpc: str = "vpc-1") -> dict[str, Any]:
    return {
        "SubnetId": f"subnet-{number}",
        "VpcId": vpc,
        "AvailabilityZone": zone,
        "AvailableIpAddressCount": free,
    }


def with_network(workshop: Workshop) -> Workshop:
    return replace(
        workshop, networks={REGION: Network(vpc="vpc-1", subnets=("subnet-1", "subnet-2"))}
    )


@pytest.mark.parametrize(
    ("subnets", "state", "told"),
    [
        ([subnet(1, 1), subnet(2, 1, "us-east-1b")], "ok", "in 2 zones; 2 are needed"),
        ([subnet(1, 1), subnet(2, 0, "us-east-1b")], "problem", "1 addresses are free"),
        ([subnet(1, 9), subnet(2, 9)], "ok", "all of them in us-east-1a"),
        ([subnet(1, 9), subnet(2, 9, vpc="vpc-2")], "problem", "not in vpc-1: subnet-2"),
    ],
)
def test_given_subnets_must_lie_in_the_vpc_and_have_an_address_for_everybody(
    workshop: Workshop, subnets: list[dict[str, Any]], state: str, told: str
) -> None:
    answers = all_answers()
    answers["ec2"] = {
        "describe_vpcs": {"Vpcs": [{"VpcId": "vpc-1"}]},
        "describe_subnets": {"Subnets": subnets},
    }

    finding = about(look(with_network(workshop), answers), "address room")

    assert finding.state == state
    assert told in finding.what


@pytest.mark.parametrize(
    ("operation", "code", "subject"),
    [
        ("describe_vpcs", "InvalidVpcID.NotFound", "VPC"),
        ("describe_subnets", "InvalidSubnetID.NotFound", "address room"),
    ],
)
def test_a_given_network_that_is_not_there_is_a_problem(
    workshop: Workshop, operation: str, code: str, subject: str
) -> None:
    answers = all_answers()
    answers["ec2"] = {
        "describe_vpcs": {"Vpcs": [{"VpcId": "vpc-1"}]},
        "describe_subnets": {"Subnets": [subnet(1, 9), subnet(2, 9, "us-east-1b")]},
        operation: refusal(code, operation),
    }

    assert only(look(with_network(workshop), answers), "problem").subject == subject


@pytest.mark.parametrize(
    ("access", "free", "state"),
    [
        ("PublicInternetOnly", 2, "ok"),
        ("PublicInternetOnly", 1, "problem"),
        ("VpcOnly", 4, "ok"),
        ("VpcOnly", 3, "problem"),
    ],
)
def test_an_existing_domain_needs_addresses_in_its_own_subnets(
    workshop: Workshop, access: str, free: int, state: str
) -> None:
    answers = all_answers()
    answers["sagemaker"]["describe_domain"] = {
        "DomainName": "theirs",
        "Status": "InService",
        "AuthMode": "IAM",
        "VpcId": "vpc-1",
        "SubnetIds": ["subnet-1"],
        "AppNetworkAccessType": access,
    }
    answers["ec2"] = {"describe_subnets": {"Subnets": [subnet(1, free)]}}

    examined = look(replace(workshop, domains={REGION: "d-abc"}), answers)

    assert about(examined, "address room").state == state

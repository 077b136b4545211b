"""Limits are listed whole or not at all; use is counted live, without our own."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from quotas import catalog
from quotas.catalog import TOTALS, type_quota
from quotas.demand import Demand, Kind
from quotas.limits import Pace, read_limits
from quotas.usage import InUse, count_in_use
from tests.unit.quotas.fakes import Answer, FakeClient, refusal


def quotas_client(*pages: Any) -> FakeClient:
    return FakeClient("service-quotas", {"list_service_quotas": {"pages": pages}})


def at_once() -> Pace:
    """A pace that never waits."""
    return Pace(10, lambda: 0.0, lambda _seconds: None)


def test_all_pages_are_read() -> None:
    pages = [{"Quotas": [{"QuotaCode": f"L-{n}", "Value": n}]} for n in range(3)]

    assert read_limits(quotas_client(*pages), at_once()).applied == {"L-0": 0, "L-1": 1, "L-2": 2}


def test_a_listing_that_breaks_off_gives_no_limits_at_all() -> None:
    page = {"Quotas": [{"QuotaCode": "L-1", "Value": 1}]}
    broken = quotas_client(page, refusal("TooManyRequests", "ListServiceQuotas"))

    with pytest.raises(ClientError):
        read_limits(broken, at_once())


def test_a_quota_that_aws_could_not_read_is_left_out() -> None:
    row = {"QuotaCode": "L-1", "Value": 0, "ErrorReason": {"ErrorCode": "DEPENDENCY_ACCESS_DENIED"}}

    found = read_limits(quotas_client({"Quotas": [row, {"QuotaCode": "L-2"}]}), at_once())

    assert found.applied == {}


def test_calls_begin_no_faster_than_the_pace() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    pace = Pace(10, lambda: now[0], sleep)
    for took in (0.04, 0.5, 0.0):
        pace.wait()
        now[0] += took

    assert slept == [0.06]


def count(answers: dict[str, Answer], kind: Kind, *codes: str) -> InUse:
    demands = [Demand(kind, catalog.Quota(code, code), 1, 1) for code in codes]
    return count_in_use(FakeClient("sagemaker", answers), "ml101", ["a", "ann"], demands)


def test_our_own_domain_is_not_counted_but_a_failed_one_of_others_is() -> None:
    domains = [{"DomainName": "ml101-shared"}, {"DomainName": "team", "Status": "Failed"}]

    found = count({"list_domains": {"Domains": domains}}, "domains", catalog.DOMAINS)

    assert found.units == {catalog.DOMAINS: 1}


def test_what_cannot_be_listed_is_unknown_and_says_why() -> None:
    found = count({}, "spaces", catalog.SPACES)

    assert found.units == {}
    assert "AccessDenied" in str(found.failures["spaces"])


def test_deleted_apps_and_our_own_are_not_counted() -> None:
    medium = {"InstanceType": "ml.t3.medium"}

    def app(space: str, status: str, kind: str = "JupyterLab") -> dict[str, Any]:
        return {"SpaceName": space, "Status": status, "AppType": kind, "ResourceSpec": medium}

    apps = [
        app("ml101-ann", "InService"),
        app("team-x", "Deleted"),
        app("team-x", "InService"),
        app("team-y", "Pending", "CodeEditor"),
    ]
    jupyter = type_quota("studio", "ml.t3.medium").code

    found = count({"list_apps": {"Apps": apps}}, "apps", catalog.RUNNING_APPS, jupyter)

    assert found.units == {catalog.RUNNING_APPS: 2, jupyter: 1}


def test_a_stopped_notebook_counts_towards_the_total_alone() -> None:
    notebooks = [
        {
            "NotebookInstanceName": name,
            "NotebookInstanceStatus": status,
            "InstanceType": "ml.t3.medium",
        }
        for name, status in (("ml101-ann", "InService"), ("x", "Stopped"), ("y", "InService"))
    ]
    by_type = type_quota("notebook", "ml.t3.medium").code

    found = count(
        {
            "list_notebook_instances": {"NotebookInstances": notebooks},
            "describe_notebook_instance": {"VolumeSizeInGB": 50},
        },
        "notebook instances",
        catalog.NOTEBOOK_INSTANCES,
        catalog.NOTEBOOKS_GB,
        by_type,
    )

    assert found.units == {
        catalog.NOTEBOOK_INSTANCES: 2,
        catalog.NOTEBOOKS_GB: 100,
        by_type: 1,
    }


def test_an_endpoint_counts_its_instances_and_serverless_ones_none() -> None:
    variants = [
        {"VariantName": "a", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1},
        {"VariantName": "b", "ServerlessConfig": {}},
    ]
    live = [{"VariantName": "a", "CurrentInstanceCount": 2, "DesiredInstanceCount": 3}]
    by_type = type_quota("endpoint", "ml.m5.large").code

    found = count(
        {
            "list_endpoints": {"Endpoints": [{"EndpointName": "x"}, {"EndpointName": "ml101-a-e"}]},
            "describe_endpoint": {"EndpointConfigName": "c", "ProductionVariants": live},
            "describe_endpoint_config": {"ProductionVariants": variants},
        },
        "endpoint",
        TOTALS["endpoint"],
        by_type,
    )

    assert found.units == {TOTALS["endpoint"]: 3, by_type: 3}


def test_an_endpoint_that_vanishes_between_list_and_describe_uses_nothing() -> None:
    gone = refusal("ValidationException", "DescribeEndpoint", "Could not find endpoint x")

    found = count(
        {"list_endpoints": {"Endpoints": [{"EndpointName": "x"}]}, "describe_endpoint": gone},
        "endpoint",
        TOTALS["endpoint"],
    )

    assert found.units == {TOTALS["endpoint"]: 0}


def test_running_jobs_count_their_instances_groups_included() -> None:
    groups = [
        {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
        {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
    ]

    def listed(StatusEquals: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        names = ["other", "ml101-ann-job"] if StatusEquals == "InProgress" else []
        return {"TrainingJobSummaries": [{"TrainingJobName": name} for name in names]}

    by_type = type_quota("training", "ml.m5.xlarge").code
    found = count(
        {
            "list_training_jobs": listed,
            "describe_training_job": {"ResourceConfig": {"InstanceGroups": groups}},
        },
        "training",
        TOTALS["training"],
        by_type,
    )

    assert found.units == {TOTALS["training"]: 3, by_type: 2}


def test_the_volume_of_a_space_is_described_where_the_listing_does_not_tell_it() -> None:
    sized = {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 20}}}
    spaces = [
        {"SpaceName": "ml101-ann", "SpaceSettingsSummary": sized},
        {"SpaceName": "one", "SpaceSettingsSummary": {"AppType": "JupyterLab", **sized}},
        {"DomainId": "d", "SpaceName": "two", "SpaceSettingsSummary": {"AppType": "CodeEditor"}},
        {"SpaceName": "three"},
    ]
    described = {"SpaceSettings": {"SpaceStorageSettings": sized["SpaceStorageSettings"]}}
    answers: dict[str, Answer] = {"list_spaces": {"Spaces": spaces}, "describe_space": described}

    found = count(answers, "spaces", catalog.SPACES, catalog.SPACES_GB)

    assert found.units == {catalog.SPACES: 3, catalog.SPACES_GB: 40}


def test_the_volume_of_a_space_whose_size_nobody_tells_is_unknown() -> None:
    spaces = [
        {"DomainId": "d", "SpaceName": "x", "SpaceSettingsSummary": {"AppType": "CodeEditor"}}
    ]
    answers: dict[str, Answer] = {"list_spaces": {"Spaces": spaces}, "describe_space": {}}

    found = count(answers, "spaces", catalog.SPACES, catalog.SPACES_GB)

    assert found.units == {catalog.SPACES: 1}
    assert "the size of x is not known" in str(found.failures["spaces"])


def test_an_app_whose_listing_has_no_type_is_described() -> None:
    apps = [{"DomainId": "d", "SpaceName": "x", "AppName": "default", "AppType": "JupyterLab"}]
    listed = {"Apps": [{**app, "Status": "InService"} for app in apps]}
    jupyter = type_quota("studio", "ml.t3.medium").code
    medium = {"ResourceSpec": {"InstanceType": "ml.t3.medium"}}

    told = count(
        {"list_apps": listed, "describe_app": medium}, "apps", catalog.RUNNING_APPS, jupyter
    )
    untold = count({"list_apps": listed, "describe_app": {}}, "apps", catalog.RUNNING_APPS, jupyter)

    assert told.units == {catalog.RUNNING_APPS: 1, jupyter: 1}
    assert untold.units == {catalog.RUNNING_APPS: 1}
    assert "instance type of default" in str(untold.failures["apps"])


def test_attendees_who_left_or_moved_use_like_others() -> None:
    profiles = [{"UserProfileName": f"ml101-{id}"} for id in ("ann", "gone")]

    found = count(
        {"list_user_profiles": {"UserProfiles": profiles}}, "user profiles", catalog.USER_PROFILES
    )

    assert found.units == {catalog.USER_PROFILES: 1}


def test_a_notebook_that_vanishes_between_list_and_describe_uses_nothing() -> None:
    notebook = {"NotebookInstanceName": "x", "NotebookInstanceStatus": "Deleting"}

    found = count(
        {
            "list_notebook_instances": {"NotebookInstances": [notebook]},
            "describe_notebook_instance": refusal("ValidationException", "D", "RecordNotFound"),
        },
        "notebook instances",
        catalog.NOTEBOOK_INSTANCES,
    )

    assert found.units == {catalog.NOTEBOOK_INSTANCES: 0}
    assert not found.failures


def test_an_endpoint_without_its_configuration_holds_its_instances_of_unknown_types() -> None:
    live = {
        "EndpointConfigName": "c",
        "ProductionVariants": [
            {"VariantName": "a", "CurrentInstanceCount": 2, "DesiredInstanceCount": 1},
            {"VariantName": "b", "CurrentServerlessConfig": {}},
        ],
    }
    large = type_quota("endpoint", "ml.m5.large").code
    answers: dict[str, Answer] = {
        "list_endpoints": {"Endpoints": [{"EndpointName": "x"}]},
        "describe_endpoint": live,
        "describe_endpoint_config": refusal("ValidationException", "D", "Could not find c"),
    }

    found = count(answers, "endpoint", TOTALS["endpoint"], large)
    being_made = count(
        {**answers, "describe_endpoint": {"EndpointConfigName": "c"}}, "endpoint", large
    )

    assert found.units == {TOTALS["endpoint"]: 2}
    assert "Could not find c" in str(found.failures["endpoint"])
    assert being_made.units == {}


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "Deleting"])
@pytest.mark.parametrize("listed", [True, False])
def test_an_endpoint_that_serves_no_more_holds_nothing(status: str, listed: bool) -> None:
    variant = {"VariantName": "a", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    row = {"EndpointName": "x", "EndpointStatus": status if listed else "InService"}

    found = count(
        {
            "list_endpoints": {"Endpoints": [row]},
            "describe_endpoint": {"EndpointConfigName": "c", "EndpointStatus": status},
            "describe_endpoint_config": {"ProductionVariants": [variant]},
        },
        "endpoint",
        TOTALS["endpoint"],
    )

    assert found.units == {TOTALS["endpoint"]: 0}


def test_training_on_spot_instances_takes_nothing_of_the_other_quotas() -> None:
    def listed(StatusEquals: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        found = [{"TrainingJobName": "spot"}] if StatusEquals == "InProgress" else []
        return {"TrainingJobSummaries": found}

    machine = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
    spot = {"EnableManagedSpotTraining": True, "ResourceConfig": machine}

    found = count(
        {"list_training_jobs": listed, "describe_training_job": spot},
        "training",
        TOTALS["training"],
    )

    assert found.units == {TOTALS["training"]: 0}


def test_shadow_variants_and_lists_of_types_take_their_instances_too() -> None:
    pools = [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.m5.xlarge"}]
    config = {
        "ProductionVariants": [
            {"VariantName": "a", "InstancePools": pools, "InitialInstanceCount": 2}
        ],
        "ShadowProductionVariants": [
            {"VariantName": "b", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    }
    large, xlarge = (type_quota("endpoint", name).code for name in ("ml.m5.large", "ml.m5.xlarge"))

    found = count(
        {
            "list_endpoints": {"Endpoints": [{"EndpointName": "x"}]},
            "describe_endpoint": {"EndpointConfigName": "c"},
            "describe_endpoint_config": config,
        },
        "endpoint",
        TOTALS["endpoint"],
        large,
        xlarge,
    )

    assert found.units == {TOTALS["endpoint"]: 3, large: 3, xlarge: 2}

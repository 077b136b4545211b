"""Domains, user profiles, spaces and apps: their states, and what is refused in which."""

from __future__ import annotations

import pytest

from rehearsal.sagemaker.plane import DELETED_STAYS_LISTED
from tests.unit.rehearsal.bench import Bench, EndlessActivity, base64_of
from tests.unit.rehearsal.networks import security_group

SPACE_APP = {"SpaceName": "ml101-ann", "AppType": "JupyterLab", "AppName": "default"}
SCRIPT_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:studio-lifecycle-config/boot"


def status(bench: Bench, operation: str, **ids: str) -> str:
    answer: str = bench.call(operation, **ids)["Status"]
    return answer


def test_a_domain_is_pending_until_its_time_has_come(bench: Bench) -> None:
    answer = bench.call(
        "CreateDomain",
        DomainName="ml101-shared",
        AuthMode="IAM",
        DefaultUserSettings={},
        **bench.network(),
    )
    bench.step(179)
    assert status(bench, "DescribeDomain", DomainId=answer["DomainId"]) == "Pending"
    bench.step(1)
    assert status(bench, "DescribeDomain", DomainId=answer["DomainId"]) == "InService"


def test_a_user_profile_is_refused_while_its_domain_is_pending(bench: Bench) -> None:
    answer = bench.call(
        "CreateDomain",
        DomainName="ml101-shared",
        AuthMode="IAM",
        DefaultUserSettings={},
        **bench.network(),
    )
    refused = bench.refusal(
        "CreateUserProfile", DomainId=answer["DomainId"], UserProfileName="ml101-ann"
    )
    assert refused.code == "ValidationException"
    assert "InService" in refused.message


def test_a_domain_name_is_taken_only_once_in_a_region(bench: Bench) -> None:
    bench.domain("ml101-shared")
    refused = bench.refusal(
        "CreateDomain",
        DomainName="ml101-shared",
        AuthMode="IAM",
        DefaultUserSettings={},
        **bench.network(),
    )
    assert refused.code == "ResourceInUse"


def test_a_domain_goes_only_after_its_apps_spaces_and_profiles(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    bench.step(60)
    for operation, ids in (
        ("DeleteApp", app),
        ("DeleteSpace", {"DomainId": domain, "SpaceName": "ml101-ann"}),
        ("DeleteUserProfile", {"DomainId": domain, "UserProfileName": "ml101-ann"}),
    ):
        assert bench.refusal("DeleteDomain", DomainId=domain).code == "ResourceInUse"
        bench.call(operation, **ids)
        # On its way is not gone.
        assert bench.refusal("DeleteDomain", DomainId=domain).code == "ResourceInUse"
        bench.step(60)
    bench.call("DeleteDomain", DomainId=domain)
    assert status(bench, "DescribeDomain", DomainId=domain) == "Deleting"
    bench.step(60)
    assert bench.refusal("DescribeDomain", DomainId=domain).code == "ResourceNotFound"


def test_a_space_with_an_app_stays(bench: Bench) -> None:
    domain = bench.studio()
    bench.app(domain)
    refused = bench.refusal("DeleteSpace", DomainId=domain, SpaceName="ml101-ann")
    assert (refused.code, "has apps" in refused.message) == ("ResourceInUse", True)


def test_a_profile_that_owns_a_space_stays(bench: Bench) -> None:
    domain = bench.studio()
    refused = bench.refusal("DeleteUserProfile", DomainId=domain, UserProfileName="ml101-ann")
    assert (refused.code, "owns spaces" in refused.message) == ("ResourceInUse", True)


def test_a_space_needs_its_owners_profile(bench: Bench) -> None:
    domain = bench.domain()
    refused = bench.refusal(
        "CreateSpace",
        DomainId=domain,
        SpaceName="ml101-ann",
        OwnershipSettings={"OwnerUserProfileName": "ml101-ann"},
    )
    # CreateSpace declares no ResourceNotFound.
    assert (refused.code, "does not exist" in refused.message) == ("ValidationException", True)


def test_a_space_is_unique_in_its_domain(bench: Bench) -> None:
    domain = bench.studio()
    assert bench.refusal("CreateSpace", DomainId=domain, SpaceName="ml101-ann").code == (
        "ResourceInUse"
    )


def test_an_app_in_a_space_is_described_without_a_user_profile_name(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    assert "UserProfileName" not in bench.call("DescribeApp", **app)
    wrong = {**app, "UserProfileName": "ml101-ann"}
    assert bench.refusal("DeleteApp", **wrong).code == "ResourceNotFound"
    listed = bench.call("ListApps", DomainIdEquals=domain)["Apps"]
    assert [(row.get("UserProfileName"), row["SpaceName"]) for row in listed] == [
        (None, "ml101-ann")
    ]


def test_an_app_belongs_to_a_profile_or_a_space_and_never_to_both(bench: Bench) -> None:
    domain = bench.studio()
    app = {"DomainId": domain, "AppType": "JupyterServer", "AppName": "default"}
    both = {**app, "SpaceName": "ml101-ann", "UserProfileName": "ml101-ann"}
    assert bench.refusal("CreateApp", **app).code == "ValidationException"
    assert bench.refusal("CreateApp", **both).code == "ValidationException"


def test_a_deleted_app_stays_listed_for_a_day_and_no_longer(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    bench.step(60)
    bench.call("DeleteApp", **app)
    bench.step(60)
    assert status(bench, "DescribeApp", **app) == "Deleted"
    bench.step(DELETED_STAYS_LISTED - 1)
    assert [row["Status"] for row in bench.call("ListApps")["Apps"]] == ["Deleted"]
    bench.step(1)
    assert bench.call("ListApps")["Apps"] == []


def test_a_deleted_app_cannot_be_deleted_again_and_says_so(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    bench.call("DeleteApp", **app)
    bench.step(60)
    refused = bench.refusal("DeleteApp", **app)
    assert refused.code == "ValidationException"
    assert "has already been deleted" in refused.message


def test_an_app_can_be_made_again_under_the_name_of_a_deleted_one(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    assert bench.refusal("CreateApp", **app).code == "ResourceInUse"
    bench.call("DeleteApp", **app)
    bench.step(60)
    bench.app(domain)
    # The day of the first one ends; the second stays.
    bench.step(DELETED_STAYS_LISTED)
    assert [row["Status"] for row in bench.call("ListApps")["Apps"]] == ["InService"]


def test_an_app_is_gone_only_when_what_ran_in_it_has_ended(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    script = EndlessActivity()
    resource = bench.found("app", domain, None, "ml101-ann", "JupyterLab", "default")
    resource.activity = script
    script.stopped = False
    bench.call("DeleteApp", **app)
    assert script.stopped, "the deletion did not stop the script"
    script.stopped = False  # it takes its time
    bench.step(600)
    assert status(bench, "DescribeApp", **app) == "Deleting"
    script.stopped = True
    bench.step()
    assert status(bench, "DescribeApp", **app) == "Deleted"


def test_an_app_with_an_unknown_lifecycle_configuration_is_refused_and_leaves_nothing(
    bench: Bench,
) -> None:
    domain = bench.studio()
    refused = bench.refusal(
        "CreateApp",
        DomainId=domain,
        **SPACE_APP,
        ResourceSpec={"InstanceType": "ml.t3.medium", "LifecycleConfigArn": SCRIPT_ARN},
    )
    assert (refused.code, "does not exist" in refused.message) == ("ValidationException", True)
    assert bench.call("ListApps")["Apps"] == []


@pytest.mark.parametrize("where", ["domain", "user profile", "space"])
def test_a_lifecycle_configuration_stays_while_settings_name_it(bench: Bench, where: str) -> None:
    domain = bench.studio()
    arn = make_script(bench, "boot")
    settings = {
        "JupyterLabAppSettings": {
            "DefaultResourceSpec": {"LifecycleConfigArn": arn, "InstanceType": "ml.t3.medium"}
        }
    }
    if where == "domain":
        bench.call("UpdateDomain", DomainId=domain, DefaultUserSettings=settings)
    elif where == "user profile":
        ids = {"DomainId": domain, "UserProfileName": "ml101-ann"}
        bench.call("UpdateUserProfile", **ids, UserSettings=settings)
    else:
        ids = {"DomainId": domain, "SpaceName": "ml101-ann"}
        bench.call("UpdateSpace", **ids, SpaceSettings=settings)
    refused = bench.refusal("DeleteStudioLifecycleConfig", StudioLifecycleConfigName="boot")
    assert refused.code == "ResourceInUse"


def test_a_lifecycle_configuration_is_not_kept_by_a_longer_namesake(bench: Bench) -> None:
    domain = bench.studio()
    make_script(bench, "boot")
    longer = make_script(bench, "boot-2")
    settings = {"JupyterLabAppSettings": {"LifecycleConfigArns": [longer]}}
    bench.call("UpdateDomain", DomainId=domain, DefaultUserSettings=settings)
    bench.call("DeleteStudioLifecycleConfig", StudioLifecycleConfigName="boot")


def test_an_update_merges_settings_and_keeps_the_others(bench: Bench) -> None:
    domain = bench.domain()
    settings = {"SecurityGroups": [security_group()]}
    bench.call("UpdateDomain", DomainId=domain, DefaultUserSettings=settings)
    assert set(bench.call("DescribeDomain", DomainId=domain)["DefaultUserSettings"]) == {
        "ExecutionRole",
        "SecurityGroups",
    }


def make_script(bench: Bench, name: str) -> str:
    answer = bench.call(
        "CreateStudioLifecycleConfig",
        StudioLifecycleConfigName=name,
        StudioLifecycleConfigContent=base64_of("#!/bin/bash\n"),
        StudioLifecycleConfigAppType="JupyterLab",
    )
    arn: str = answer["StudioLifecycleConfigArn"]
    return arn

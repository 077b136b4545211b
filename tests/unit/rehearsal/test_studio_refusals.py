"""What Studio refuses: parents on their way, networks and scripts that are not there, and apps
that a space or an instance type is not made for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.bench import ROLE, Bench, base64_of
from tests.unit.rehearsal.networks import security_group, subnet_elsewhere

KERNEL = {"AppType": "KernelGateway", "AppName": "kernel"}
LAB = {"AppType": "JupyterLab", "AppName": "default"}
NOWHERE = "arn:aws:sagemaker:eu-west-1:123456789012:studio-lifecycle-config/nowhere"


def script(bench: Bench, name: str, app_type: str) -> str:
    answer = bench.call(
        "CreateStudioLifecycleConfig",
        StudioLifecycleConfigName=name,
        StudioLifecycleConfigContent=base64_of("#!/bin/bash\n"),
        StudioLifecycleConfigAppType=app_type,
    )
    arn: str = answer["StudioLifecycleConfigArn"]
    return arn


def test_an_app_is_refused_on_a_user_profile_that_is_on_its_way_out(bench: Bench) -> None:
    domain = bench.domain()
    owner = {"DomainId": domain, "UserProfileName": bench.profile(domain)}
    bench.call("DeleteUserProfile", **owner)
    refused = bench.refusal("CreateApp", **owner, **KERNEL)
    assert refused.code == "ValidationException"
    assert "is not InService (status: Deleting)" in refused.message
    assert bench.call("ListApps")["Apps"] == []


def test_an_app_is_refused_on_a_user_profile_that_is_not_there_yet(bench: Bench) -> None:
    owner = {"DomainId": bench.domain(), "UserProfileName": "ml101-ann"}
    bench.call("CreateUserProfile", **owner)
    assert "(status: Pending)" in bench.refusal("CreateApp", **owner, **KERNEL).message
    bench.step(20)
    bench.call("CreateApp", **owner, **KERNEL)


def test_an_app_is_refused_in_a_space_that_is_on_its_way_out(bench: Bench) -> None:
    space = {"DomainId": bench.studio(), "SpaceName": "ml101-ann"}
    bench.call("DeleteSpace", **space)
    assert (
        "is not InService (status: Deleting)" in bench.refusal("CreateApp", **space, **LAB).message
    )


def test_an_app_is_refused_in_a_space_whose_owner_is_out_of_service(bench: Bench) -> None:
    domain = bench.studio()
    bench.found("user-profile", domain, "ml101-ann").status = "Update_Failed"
    refused = bench.refusal("CreateApp", DomainId=domain, SpaceName="ml101-ann", **LAB)
    assert "UserProfile" in refused.message
    assert "Update_Failed" in refused.message


def test_a_space_takes_apps_of_its_own_type_only(bench: Bench) -> None:
    space = {"DomainId": bench.studio(), "SpaceName": "ml101-ann"}
    refused = bench.refusal("CreateApp", **space, AppType="CodeEditor", AppName="default")
    assert "is for apps of type JupyterLab, not CodeEditor" in refused.message


def test_jupyterlab_has_an_instance_of_its_own(bench: Bench) -> None:
    space = {"DomainId": bench.studio(), "SpaceName": "ml101-ann"}
    refused = bench.refusal("CreateApp", **space, **LAB, ResourceSpec={"InstanceType": "system"})
    assert "Invalid instance type 'system' for JupyterLab App" in refused.message


def test_jupyter_server_runs_on_the_system_instance_only(bench: Bench) -> None:
    wording = (
        "Invalid instance type 'ml.t3.micro' for JupyterServer App. "
        "Only 'system' instance type is supported"
    )
    spec = {"InstanceType": "ml.t3.micro"}
    domain = bench.domain()
    settings = {"JupyterServerAppSettings": {"DefaultResourceSpec": spec}}
    owner = {"DomainId": domain, "UserProfileName": "ml101-ann"}
    assert bench.refusal("CreateUserProfile", **owner, UserSettings=settings).message == wording
    bench.profile(domain)
    app = {**owner, "AppType": "JupyterServer", "AppName": "default"}
    assert bench.refusal("CreateApp", **app, ResourceSpec=spec).message == wording
    bench.call("CreateApp", **app)


@pytest.mark.parametrize("app_type", ["JupyterServer", "KernelGateway"])
def test_an_app_of_any_type_needs_the_script_it_names(bench: Bench, app_type: str) -> None:
    domain = bench.studio()
    refused = bench.refusal(
        "CreateApp",
        DomainId=domain,
        UserProfileName="ml101-ann",
        AppType=app_type,
        AppName="default",
        ResourceSpec={"LifecycleConfigArn": NOWHERE},
    )
    assert f"StudioLifecycleConfig [{NOWHERE}] does not exist." in refused.message


def test_an_app_does_not_take_the_script_of_another_type(bench: Bench) -> None:
    space = {"DomainId": bench.studio(), "SpaceName": "ml101-ann"}
    spec = {"LifecycleConfigArn": script(bench, "editor", "CodeEditor")}
    refused = bench.refusal("CreateApp", **space, **LAB, ResourceSpec=spec)
    assert "is for apps of type CodeEditor, not JupyterLab" in refused.message


def test_an_app_may_say_that_it_has_no_script(bench: Bench) -> None:
    space = {"DomainId": bench.studio(), "SpaceName": "ml101-ann"}
    bench.call("CreateApp", **space, **LAB, ResourceSpec={"LifecycleConfigArn": "None"})
    bench.step(60)
    assert [row["Status"] for row in bench.call("ListApps")["Apps"]] == ["InService"]


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("UpdateDomain", "DefaultUserSettings"),
        ("UpdateUserProfile", "UserSettings"),
        ("UpdateSpace", "SpaceSettings"),
    ],
)
@pytest.mark.parametrize(
    "named",
    [{"LifecycleConfigArns": [NOWHERE]}, {"DefaultResourceSpec": {"LifecycleConfigArn": NOWHERE}}],
    ids=["list", "default"],
)
def test_settings_name_scripts_that_exist(
    bench: Bench, operation: str, member: str, named: dict[str, Any]
) -> None:
    ids = {"DomainId": bench.studio()}
    if operation != "UpdateDomain":
        ids["UserProfileName" if "Profile" in operation else "SpaceName"] = "ml101-ann"
    refused = bench.refusal(operation, **ids, **{member: {"JupyterLabAppSettings": named}})
    assert "does not exist" in refused.message


def test_a_script_that_is_not_base64_is_refused(bench: Bench) -> None:
    refused = bench.refusal(
        "CreateStudioLifecycleConfig",
        StudioLifecycleConfigName="boot",
        StudioLifecycleConfigContent="#!/bin/bash\necho not encoded\n",
        StudioLifecycleConfigAppType="JupyterLab",
    )
    assert refused.code == "ValidationException"
    assert "is not base64 encoded" in refused.message


def domain_refusal(bench: Bench, **more: Any) -> str:
    request: dict[str, Any] = {
        "DomainName": "ml101-shared",
        "AuthMode": "IAM",
        "DefaultUserSettings": {"ExecutionRole": ROLE},
        **bench.network(),
    }
    return bench.refusal("CreateDomain", **{**request, **more}).message


def test_a_domain_s_subnets_are_in_its_vpc(bench: Bench) -> None:
    subnet = subnet_elsewhere()
    assert "is not in the vpc" in domain_refusal(bench, SubnetIds=[subnet])
    domain = bench.domain()
    refused = bench.refusal("UpdateDomain", DomainId=domain, SubnetIds=[subnet])
    assert "is not in the vpc" in refused.message


def test_a_domain_s_security_groups_exist(bench: Bench) -> None:
    settings = {"ExecutionRole": ROLE, "SecurityGroups": ["sg-12345678"]}
    wording = "The security group 'sg-12345678' does not exist"
    assert domain_refusal(bench, DefaultUserSettings=settings) == wording
    assert domain_refusal(bench, DomainSettings={"SecurityGroupIds": ["sg-12345678"]}) == wording
    domain = bench.domain()
    settings["SecurityGroups"] = [security_group()]
    bench.call("UpdateDomain", DomainId=domain, DefaultUserSettings=settings)

"""What an update would destroy, restart or take away."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.safeguards import (
    PRECIOUS,
    additions,
    losses,
    lost_exports,
    read_template,
    restarts,
)
from rehearsal.cloudformation import schemas

SPACE = "AWS::SageMaker::Space"
NOTEBOOK = "AWS::SageMaker::NotebookInstance"


def stack(kind: str = SPACE, *, logical: str = "Mine", **properties: Any) -> dict[str, Any]:
    return {"Resources": {logical: {"Type": kind, "Properties": properties}}}


def with_policy(template: dict[str, Any], policy: str) -> dict[str, Any]:
    for resource in template["Resources"].values():
        resource["DeletionPolicy"] = policy
    return template


@pytest.mark.parametrize("kind", sorted(PRECIOUS))
def test_the_create_only_properties_are_those_of_cloudformations_schema(kind: str) -> None:
    assert PRECIOUS[kind].create_only == schemas.create_only(kind)
    assert PRECIOUS[kind].name in schemas.schema(kind)["properties"]


@pytest.mark.parametrize("kind", sorted(PRECIOUS))
def test_what_is_no_longer_in_the_template_would_be_deleted(kind: str) -> None:
    name = PRECIOUS[kind].name
    (lost,) = losses(stack(kind, **{name: "ml101-ann"}), {"Resources": {}})
    assert lost.startswith("delete the ")
    assert "ml101-ann" in lost


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for k, p in sorted(PRECIOUS.items()) for n in sorted(p.create_only)]
)
def test_a_create_only_property_that_changes_would_replace(kind: str, name: str) -> None:
    (lost,) = losses(stack(kind, **{name: "a"}), stack(kind, **{name: "b"}))
    assert lost.startswith("replace the ")
    assert lost.endswith(f"since {name} changes")


def test_a_space_is_told_with_its_files() -> None:
    assert losses(stack(SpaceName="ml101-ann"), {}) == ["delete the space ml101-ann with its files"]


def test_a_name_that_is_no_plain_text_gives_way_to_the_logical_id() -> None:
    assert losses(stack(SpaceName={"Ref": "Name"}), {}) == ["delete the space Mine with its files"]


def test_another_type_or_another_logical_id_is_a_deletion() -> None:
    old = stack(SpaceName="ml101-ann")
    assert losses(old, stack("AWS::SageMaker::App", SpaceName="ml101-ann"))
    assert losses(old, stack(logical="Other", SpaceName="ml101-ann"))


def test_another_condition_may_be_a_deletion() -> None:
    new = stack(SpaceName="ml101-ann")
    new["Resources"]["Mine"]["Condition"] = "InStudio"
    (lost,) = losses(stack(SpaceName="ml101-ann"), new)
    assert "if its condition says so" in lost


@pytest.mark.parametrize(
    ("policy", "lost"), [("Retain", 0), ("RetainExceptOnCreate", 0), ("Delete", 1)]
)
def test_what_is_retained_is_not_lost(policy: str, lost: int) -> None:
    assert len(losses(with_policy(stack(SpaceName="a"), policy), {})) == lost


def test_settings_of_a_space_and_things_without_files_may_change() -> None:
    settings = stack(SpaceName="a", SpaceSettings={"AppType": "JupyterLab"})
    assert losses(settings, stack(SpaceName="a", SpaceSettings={})) == []
    assert losses(stack("AWS::IAM::Role", RoleName="a"), {}) == []


@pytest.mark.parametrize(
    "name", ["InstanceType", "LifecycleConfigName", "RoleArn", "RootAccess", "VolumeSizeInGB"]
)
def test_a_change_of_a_notebook_instance_restarts_it(name: str) -> None:
    old = stack(NOTEBOOK, NotebookInstanceName="ml101-bob", **{name: "a"})
    new = stack(NOTEBOOK, NotebookInstanceName="ml101-bob", **{name: "b"})
    assert restarts(old, new) == ["ml101-bob"]
    assert restarts(old, old) == []


def test_tags_restart_nothing() -> None:
    assert restarts(stack(NOTEBOOK, Tags=[1]), stack(NOTEBOOK, Tags=[2])) == []


def exporting(*names: str, **resources: Any) -> dict[str, Any]:
    outputs = {f"O{number}": {"Export": {"Name": name}} for number, name in enumerate(names)}
    return {"Resources": resources, "Outputs": {**outputs, "Plain": {"Value": 1}}}


def test_exports_that_go_are_named() -> None:
    assert lost_exports(exporting("b", "a", "c"), exporting("c")) == ["a", "b"]
    assert lost_exports({}, exporting("c")) == []


def test_what_an_update_brings_is_exports_and_own_names() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "new", "Description": "x"}}
    assert additions(exporting("a"), exporting("a", "b", Role=role)) == {"b", "new"}
    assert additions(exporting("a", Role=role), exporting(Role=role)) == frozenset()


@pytest.mark.parametrize("text", ["not: json", "[]", "", '"a"'])
def test_what_is_no_json_template_is_not_read(text: str) -> None:
    assert read_template(text) is None


def test_a_domain_may_go_when_nobody_imports_it_any_more() -> None:
    old = stack("AWS::SageMaker::Domain", logical="Domain", DomainName="ml101-shared")
    value = {"Fn::GetAtt": ["Domain", "DomainId"]}
    old["Outputs"] = {"Id": {"Value": value, "Export": {"Name": "ml101-shared-domain"}}}

    assert losses(old, {}) != []
    assert losses(old, {}, unused=frozenset({"other"})) != []
    assert losses(old, {}, unused=frozenset({"ml101-shared-domain"})) == []


def test_a_domain_is_not_replaced_even_if_nobody_imports_it() -> None:
    old = stack("AWS::SageMaker::Domain", AuthMode="IAM")
    new = stack("AWS::SageMaker::Domain", AuthMode="SSO")
    assert losses(old, new, unused=frozenset({"x"})) != []

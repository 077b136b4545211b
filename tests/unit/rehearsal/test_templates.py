"""What a template may say: parameters, rules, policies, functions; where a template is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloudformation.requests import bucket_and_key
from tests.unit.rehearsal.bench import ROLE
from tests.unit.rehearsal.stacks import Stacks, model

NAME = "ml101-ann"


def refusal(stacks: Stacks, template: dict[str, Any], **more: Any) -> str:
    body = json.dumps({"Resources": {"Model": model()}, **template})
    refused = stacks.refusal("CreateStack", StackName=NAME, TemplateBody=body, **more)
    assert refused.code == "ValidationError"
    assert stacks.call("ListStacks")["StackSummaries"] == [], "no stack is left"
    return refused.message


def given(**values: str) -> list[dict[str, str]]:
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()]


@pytest.mark.parametrize(
    ("declared", "value", "wording"),
    [
        ({"AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"AllowedPattern": "[a-z]+"}, "9", "Parameter 'P' must match pattern [a-z]+"),
        (
            {"AllowedPattern": "[a-z]+", "ConstraintDescription": "letters only"},
            "9",
            "Parameter P failed to satisfy constraint: letters only",
        ),
        ({"MinLength": 3}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"MaxLength": "1"}, "ab", "Parameter 'P' must contain at most 1 characters"),
        ({"Type": "Number"}, "ab", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 5}, "4", "not less than 5"),
        ({"Type": "Number", "MaxValue": 5}, "6", "not greater than 5"),
    ],
)
def test_a_parameter_that_breaks_its_declaration_is_refused(
    stacks: Stacks, declared: dict[str, Any], value: str, wording: str
) -> None:
    template = {"Parameters": {"P": {"Type": "String", **declared}}}
    assert wording in refusal(stacks, template, Parameters=given(P=value))


def test_a_parameter_that_is_not_declared_is_refused(stacks: Stacks) -> None:
    message = refusal(stacks, {}, Parameters=given(Who="ann"))
    assert message == "Parameters: [Who] do not exist in the template"


def test_parameters_are_shown_with_their_defaults_and_secrets_masked(stacks: Stacks) -> None:
    declared = {
        "Role": {"Type": "String", "Default": ROLE},
        "Secret": {"Type": "String", "NoEcho": True},
    }
    resources = {"Model": model(ExecutionRoleArn={"Ref": "Role"})}
    body = json.dumps({"Resources": resources, "Parameters": declared})
    parameters = given(Secret="hunter2")
    stacks.call("CreateStack", StackName=NAME, TemplateBody=body, Parameters=parameters)
    assert stacks.describe(NAME)["Parameters"] == given(Role=ROLE, Secret="****")


@pytest.mark.parametrize(
    ("version", "accepted"), [("5", False), ("28", True)], ids=["too old", "new enough"]
)
def test_a_rule_is_checked_before_anything_is_made(
    stacks: Stacks, version: str, accepted: bool
) -> None:
    old = {"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "Version"}]}
    assertion = {"Assert": {"Fn::Not": [old]}, "AssertDescription": "bootstrap first"}
    template = {
        "Parameters": {"Version": {"Type": "String"}},
        "Rules": {"CheckVersion": {"Assertions": [assertion]}},
    }
    if not accepted:
        assert "bootstrap first" in refusal(stacks, template, Parameters=given(Version=version))
        return
    body = json.dumps({"Resources": {"Model": model()}, **template})
    parameters = given(Version=version)
    stacks.call("CreateStack", StackName=NAME, TemplateBody=body, Parameters=parameters)
    assert stacks.end(NAME) == "CREATE_COMPLETE"


def test_a_rule_whose_condition_does_not_hold_is_not_checked(stacks: Stacks) -> None:
    never = {"Fn::Equals": ["a", "b"]}
    template = {
        "Resources": {"Model": model()},
        "Rules": {"Never": {"RuleCondition": never, "Assertions": [{"Assert": never}]}},
    }
    stacks.call("CreateStack", StackName=NAME, TemplateBody=json.dumps(template))
    assert stacks.end(NAME) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("part", "wording"),
    [
        ({"DeletionPolicy": "Keep"}, "Unrecognized DeletionPolicy Keep for resource Model"),
        ({"DeletionPolicy": {"Ref": "P"}}, "Every DeletionPolicy member must be a string"),
        ({"UpdateReplacePolicy": "Snapshot"}, "does not support deletion policy Snapshot"),
        ({"UpdateReplacePolicy": "RetainExceptOnCreate"}, "Unrecognized UpdateReplacePolicy"),
    ],
)
def test_a_policy_that_is_none_is_refused(
    stacks: Stacks, part: dict[str, Any], wording: str
) -> None:
    template = {
        "Parameters": {"P": {"Type": "String", "Default": "Retain"}},
        "Resources": {"Model": {**model(), **part}},
    }
    assert wording in refusal(stacks, template)


def test_what_is_not_here_is_refused_and_not_taken_for_text(stacks: Stacks) -> None:
    message = refusal(stacks, {"Transform": "AWS::LanguageExtensions"})
    assert "does not have transform AWS::LanguageExtensions" in message
    secret = {"Model": model(ExecutionRoleArn="{{resolve:ssm:/role}}")}
    assert stacks.create(NAME, secret) == "ROLLBACK_COMPLETE"
    assert "{{resolve:...}}" in stacks.reasons(NAME, "CREATE_FAILED")[0]


def test_networks_are_divided(stacks: Stacks) -> None:
    blocks = {"Fn::Cidr": ["10.0.0.0/16", 3, "8"]}
    outputs = {"Second": {"Value": {"Fn::Select": [1, blocks]}}}
    assert stacks.create(NAME, {"Model": model()}, Outputs=outputs) == "CREATE_COMPLETE"
    assert stacks.describe(NAME)["Outputs"][0]["OutputValue"] == "10.0.1.0/24"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5000/bucket/a/key.json",
        "http://localhost:5000/bucket/a/key.json",
        "https://s3.us-east-1.localhost:5000/bucket/a/key.json",
        "https://s3.amazonaws.com/bucket/a/key.json",
        "https://s3.eu-west-1.amazonaws.com/bucket/a/key.json",
        "https://bucket.s3.eu-west-1.amazonaws.com/a/key.json",
        "https://bucket.s3-eu-west-1.amazonaws.com/a/key.json",
        "https://bucket.s3.localhost:5000/a/key.json",
        "http://bucket.localhost:5000/a/key.json",
        "https://bucket.s3.eu-west-1.amazonaws.com/a%2Fkey.json",
    ],
)
def test_a_templates_url_is_read_in_both_styles(url: str) -> None:
    assert bucket_and_key(url) == ("bucket", "a/key.json")

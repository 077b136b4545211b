"""The IAM policies that are printed are well-formed, small, and about this workshop."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from cfnlint.helpers import load_resource

from tests.factories import make_attendee, make_workshop
from tests.iam_patterns import allowed_by, allows
from tools.deploy_actions import deploy_actions
from workshop.cli.canary import canary_name
from workshop.cli.iam_actions import actions_of, handler_actions
from workshop.cli.iam_policy import (
    COMMANDS,
    MOST_CHARACTERS,
    policies_of,
    print_policy,
    size_of,
)
from workshop.errors import UsageError

ROOT = Path(__file__).parents[3]
WORKSHOP = make_workshop()
SID = re.compile(r"[A-Za-z0-9]+")
# Whose calls stand where, and the services they are of.
CALLERS = {
    "deploy": ("cloudformation", "s3", "lambda"),
    "quotas": ("service-quotas", "sagemaker"),
    "costs": ("pricing",),
    "cleanup": ("cloudformation", "iam", "lambda", "logs", "resourcegroupstaggingapi", "s3"),
    "guard": ("cloudwatch", "dynamodb", "s3", "sagemaker", "sns"),
    "workshop/cli": ("cloudformation", "logs", "s3", "sagemaker", "scheduler", "sts"),
    "workshop/collecting": ("s3", "sagemaker"),
    "workshop/cli/probes": (
        *("sts", "ssm", "cloudformation", "s3", "iam", "lambda", "logs", "ec2"),
        *("sagemaker", "service-quotas"),
    ),
}


def statements(command: str) -> list[dict[str, Any]]:
    return [s for policy in policies_of(command, WORKSHOP) for s in policy["Statement"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_document_is_within_iams_size_and_has_distinct_sids(command: str) -> None:
    for policy in policies_of(command, WORKSHOP):
        sids = [statement["Sid"] for statement in policy["Statement"]]
        assert size_of(policy) <= MOST_CHARACTERS
        assert len(sids) == len(set(sids))
        assert all(SID.fullmatch(sid) for sid in sids)
        assert all(s["Action"] and s["Resource"] for s in policy["Statement"])


@cache
def iams_actions() -> dict[str, bool]:
    """IAM's own list of actions, and whether they can be limited to resources."""
    table = load_resource("cfnlint.data.AdditionalSpecs", "Policies.json")
    return {
        f"{service}:{action}": bool(about.get("Resources"))
        for service, row in table.items()
        for action, about in row["Actions"].items()
    }


def taken_in(pattern: str) -> list[bool]:
    """Of the actions that a pattern takes in, whether each can be limited to resources."""
    service = pattern.partition(":")[0]
    if "*" not in pattern:
        known = iams_actions().get(pattern.lower())
        return [] if known is None else [known]
    return [
        limited
        for name, limited in iams_actions().items()
        if name.startswith(f"{service}:") and allows(pattern, name)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_iam_knows_every_action(command: str) -> None:
    actions = {action for statement in statements(command) for action in statement["Action"]}

    assert [action for action in sorted(actions) if not taken_in(action)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_limited_to_resources_can_be(command: str) -> None:
    """An action that takes no resource is allowed by a star alone."""
    idle = {
        action
        for statement in statements(command)
        if statement["Resource"] != "*"
        for action in statement["Action"]
        if not any(taken_in(action))
    }

    assert idle == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_of_another_workshop_can_be_changed(command: str) -> None:
    """Without a condition, what changes something names the workshop, or cannot."""
    without_names = {
        *("InterfacesOfNotebooks", "ScalingTargetsSayNothing"),
        *("QuotasAreTheAccounts", "GroupsOfJobsAreShared"),
    }
    name = canary_name("ml101") if command == "canary" else "ml101"
    for statement in statements(command):
        resources = statement["Resource"]
        listed = [resources] if isinstance(resources, str) else resources
        verbs = {action.partition(":")[2] for action in statement["Action"]}
        reads = all(verb.startswith(("Describe", "Get", "List")) for verb in verbs)
        if reads or "Condition" in statement or statement["Sid"] in without_names:
            continue
        assert all(f"{name}-" in arn or f"/{name}/" in arn for arn in listed), statement


def of_action(command: str, action: str) -> list[dict[str, Any]]:
    return [s for s in statements(command) if any(allows(p, action) for p in s["Action"])]


@pytest.mark.parametrize("command", ["deploy", "destroy", "canary"])
@pytest.mark.parametrize("action", ["DeleteVpc", "DeleteSubnet", "ModifyVpcAttribute"])
def test_networks_are_changed_by_stacks_alone(command: str, action: str) -> None:
    found = of_action(command, f"ec2:{action}")

    via = {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
    assert [s["Condition"] for s in found] == [{"ForAnyValue:StringEquals": via}]


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_nobody_elses_domain_becomes_ours_by_a_tag(command: str) -> None:
    """A tag is put on what bears it already, on what bears our name, or on a new domain."""
    for statement in of_action(command, "sagemaker:AddTags"):
        if "Condition" not in statement:
            assert all("/ml101-" in arn for arn in statement["Resource"])
            continue
        keys = statement["Condition"]["StringEquals"]
        assert "aws:ResourceTag/workshop:name" in keys or (
            keys["sagemaker:TaggingAction"] == "CreateDomain"
        )


@pytest.mark.parametrize("action", ["ec2:CreateTags", "elasticfilesystem:TagResource"])
def test_a_sweep_claims_only_what_studio_has_left(action: str) -> None:
    (claim,) = of_action("cleanup", action)

    studio = "aws:ResourceTag/ManagedByAmazonSageMakerResource"
    assert claim["Resource"] != "*"
    assert claim["Condition"] == {
        "StringEquals": {"aws:RequestTag/workshop:name": "ml101"},
        "StringLike": {studio: "arn:aws:sagemaker:*:*:domain/*"},
    }


@pytest.mark.parametrize("action", ["DeleteLogGroup", "DeleteLogStream"])
def test_a_log_that_others_share_is_not_deleted(action: str) -> None:
    places = [s["Resource"] for s in of_action("destroy", f"logs:{action}")]

    assert places
    for place in places:
        for arn in [place] if isinstance(place, str) else place:
            # A group with the prefix, or streams with it in a group that others use too.
            assert "/ml101-" in arn or (action == "DeleteLogStream" and ":ml101-" in arn)


def test_a_workshop_in_china_has_arns_of_china() -> None:
    workshop = make_workshop([make_attendee("ann", "notebook", "cn-north-1")])

    text = json.dumps(policies_of("deploy", workshop))

    assert "arn:aws-cn:sagemaker:*:*:*/ml101-*" in text
    assert "arn:aws:" not in text


def test_a_command_that_calls_nothing_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError) as caught:
        policies_of("modules", WORKSHOP)

    assert "check, check --request, cleanup" in caught.value.fix


def test_all_commands_are_printed_as_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_policy(WORKSHOP) == 0

    assert sorted(json.loads(capsys.readouterr().out)) == list(COMMANDS)


def test_the_table_of_handlers_is_what_cloudformation_s_schemas_say() -> None:
    path = ROOT / "workshop" / "data" / "deploy_actions.json"

    assert json.loads(path.read_text(encoding="utf-8")) == deploy_actions()


# What the function alone does, with a role of its own.
IN_LAMBDA = {"deletion.py", "on_delete.py"}


def calls_in(folder: str, services: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The operations that the sources below a folder name: (service, operation)."""
    session = botocore.session.get_session()
    known: dict[str, list[tuple[str, str]]] = {}
    for service in services:
        for operation in session.get_service_model(service).operation_names:
            known.setdefault(xform_name(operation), []).append((service, operation))
    known.pop("search", None)  # re.search
    for path in sorted((ROOT / folder).glob("*.py")):
        if path.name in IN_LAMBDA:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            word = getattr(node, "attr", None) or getattr(node, "value", None)
            if isinstance(word, str) and len(known.get(word, ())) == 1:
                yield known[word][0]


@pytest.mark.parametrize("folder", CALLERS)
def test_whatever_the_sources_call_some_command_s_policy_allows(folder: str) -> None:
    """Also on the ways that no test goes."""
    policies = [p for command in COMMANDS for p in policies_of(command, WORKSHOP)]

    called = set(calls_in(folder, CALLERS[folder]))

    assert called
    missing = {
        action
        for service, operation in called
        for action in actions_of(service, operation)
        if not allowed_by(policies, action)
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("command", "handlers"),
    [
        ("deploy", ("create", "read", "update", "delete")),
        ("destroy", ("read", "update", "delete")),
    ],
)
def test_what_cloudformation_does_with_the_callers_rights_is_allowed(
    command: str, handlers: tuple[str, ...]
) -> None:
    policies = policies_of(command, WORKSHOP)

    refused = [a for a in handler_actions(*handlers) if not allowed_by(policies, a)]

    assert refused == []

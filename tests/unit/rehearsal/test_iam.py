"""The policy simulator: what a role may do, evaluated from its policies."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from moto.iam.models import IAMBackend, iam_backends

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError
from rehearsal.iam import simulate_custom_policy, simulate_principal_policy
from rehearsal.policies import NotSupported, Policy, evaluate

TRAIN = "sagemaker:CreateTrainingJob"
JOB = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/ml101-ann-1"


def allow(actions: Any = "*", resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any = "*", resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(actions, resources, **more), "Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def custom(*statements: dict[str, Any], **params: Any) -> dict[str, Any]:
    """The result of one action under one policy."""
    defaults = {"ActionNames": [TRAIN], "ResourceArns": [JOB]}
    answer = simulate_custom_policy(
        {**defaults, "PolicyInputList": [document(*statements)], **params}
    )
    [result] = answer["EvaluationResults"]
    found: dict[str, Any] = result
    return found


def decision(*statements: dict[str, Any], **context: Any) -> str:
    entries = [
        {
            "ContextKeyName": name.replace("__", ":"),
            "ContextKeyValues": value if isinstance(value, list) else [value],
            "ContextKeyType": "string",
        }
        for name, value in context.items()
    ]
    decided: str = custom(*statements, ContextEntries=entries)["EvalDecision"]
    return decided


class Role:
    """A role in moto with a name of its own: moto's state is the process's."""

    def __init__(self) -> None:
        self.name = f"role-{uuid.uuid4().hex[:12]}"
        self.backend: IAMBackend = iam_backends[ACCOUNT]["aws"]
        self.role = self.backend.create_role(
            role_name=self.name,
            assume_role_policy_document=document(),
            path="/team/",
            permissions_boundary=None,
            description="",
            tags=[],
            max_session_duration="3600",
        )

    def managed(self, name: str, *statements: dict[str, Any]) -> str:
        policy = self.backend.create_policy(
            description="",
            path="/",
            policy_document=document(*statements),
            policy_name=f"{name}-{self.name}",
            tags=[],
        )
        arn: str = policy.arn
        return arn

    def simulate(self, *actions: str, **params: Any) -> dict[str, Any]:
        return simulate_principal_policy(
            {"PolicySourceArn": self.role.arn, "ActionNames": list(actions), **params}
        )

    def decisions(self, *actions: str, **params: Any) -> list[str]:
        results = self.simulate(*actions, **params)["EvaluationResults"]
        return [result["EvalDecision"] for result in results]


@pytest.fixture
def role() -> Iterator[Role]:
    made = Role()
    yield made
    made.role.managed_policies.clear()
    made.role.policies.clear()
    made.backend.delete_role(made.name)


# -- roles -----------------------------------------------------------------------------------


def test_a_role_without_policies_may_do_nothing(role: Role) -> None:
    assert role.decisions("s3:PutObject") == ["implicitDeny"]


def test_inline_and_attached_policies_count(role: Role) -> None:
    role.backend.put_role_policy(role.name, "inline", document(allow("s3:PutObject")))
    role.backend.attach_role_policy(role.managed("managed", allow("logs:*")), role.name)
    assert role.decisions("s3:PutObject", "logs:PutLogEvents", "ec2:RunInstances") == [
        "allowed",
        "allowed",
        "implicitDeny",
    ]
    results = role.simulate("s3:PutObject", "logs:PutLogEvents")["EvaluationResults"]
    sources = [s["SourcePolicyType"] for r in results for s in r["MatchedStatements"]]
    assert sources == ["role", "user-managed"]


def test_a_permissions_boundary_is_the_ceiling(role: Role) -> None:
    role.backend.put_role_policy(role.name, "all", document(allow()))
    boundary = role.managed("boundary", allow("s3:*"), deny("s3:DeleteBucket"))
    role.backend.put_role_permissions_boundary(role.name, boundary)
    actions = ("s3:PutObject", "ec2:RunInstances", "s3:DeleteBucket")
    assert role.decisions(*actions) == ["allowed", "implicitDeny", "explicitDeny"]
    results = role.simulate(*actions)["EvaluationResults"]
    assert [
        r["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] for r in results
    ] == [True, False, False]


def test_a_boundary_alone_allows_nothing(role: Role) -> None:
    role.backend.put_role_permissions_boundary(role.name, role.managed("boundary", allow()))
    assert role.decisions("s3:PutObject") == ["implicitDeny"]


def test_policies_of_the_request_come_on_top(role: Role) -> None:
    more = document(allow("s3:*"))
    assert role.decisions("s3:PutObject", PolicyInputList=[more]) == ["allowed"]
    none = document(allow("ec2:*"))
    assert role.decisions(
        "s3:PutObject", PolicyInputList=[more], PermissionsBoundaryPolicyInputList=[none]
    ) == ["implicitDeny"]


def test_the_default_version_of_a_managed_policy_counts(role: Role) -> None:
    arn = role.managed("versioned", allow("s3:*"))
    role.backend.attach_role_policy(arn, role.name)
    role.backend.create_policy_version(arn, document(allow("ec2:*")), "true")
    assert role.decisions("s3:PutObject", "ec2:RunInstances") == ["implicitDeny", "allowed"]


def test_a_role_that_is_not_there_is_no_such_entity() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/nobody-{uuid.uuid4().hex}"
    with pytest.raises(ApiError) as caught:
        simulate_principal_policy({"PolicySourceArn": arn, "ActionNames": ["s3:PutObject"]})
    assert (caught.value.code, caught.value.status) == ("NoSuchEntity", 404)


def test_what_is_no_role_is_refused_and_not_denied() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/ann"
    with pytest.raises(ApiError) as caught:
        simulate_principal_policy({"PolicySourceArn": arn, "ActionNames": ["s3:PutObject"]})
    assert caught.value.code == "InvalidInput"


# -- results ---------------------------------------------------------------------------------


def test_there_is_one_result_per_action_with_those_of_its_resources() -> None:
    other = JOB.replace("ann", "bob")
    result = custom(allow(TRAIN, JOB), ResourceArns=[JOB, other])
    assert result["EvalDecision"] == "implicitDeny"
    assert [
        (r["EvalResourceName"], r["EvalResourceDecision"])
        for r in result["ResourceSpecificResults"]
    ] == [(JOB, "allowed"), (other, "implicitDeny")]


def test_without_resources_the_action_is_tried_on_any() -> None:
    result = custom(allow(TRAIN, JOB), ResourceArns=None)
    assert (result["EvalDecision"], result["EvalResourceName"]) == ("implicitDeny", "*")
    assert "ResourceSpecificResults" not in result


def test_results_come_in_pages() -> None:
    params = {
        "PolicyInputList": [document(allow())],
        "ActionNames": ["s3:A", "s3:B", "s3:C"],
        "MaxItems": 2,
    }
    first = simulate_custom_policy(params)
    second = simulate_custom_policy({**params, "Marker": first["Marker"]})
    pages = [[r["EvalActionName"] for r in page["EvaluationResults"]] for page in (first, second)]
    assert pages == [["s3:A", "s3:B"], ["s3:C"]]
    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)


@pytest.mark.parametrize(
    "params",
    [
        {"ResourcePolicy": "{}"},
        {"PolicyInputList": ["not JSON"]},
        {"ActionNames": ["CreateTrainingJob"]},
        {"Marker": "9"},
    ],
)
def test_a_request_that_cannot_be_simulated_is_invalid(params: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        custom(allow(), **params)
    assert caught.value.code == "InvalidInput"


# -- statements ------------------------------------------------------------------------------


def test_an_explicit_deny_wins() -> None:
    assert decision(allow()) == "allowed"
    assert decision(allow(), deny(TRAIN)) == "explicitDeny"
    assert decision() == "implicitDeny"


@pytest.mark.parametrize(
    ("actions", "meant"),
    [
        ("sagemaker:Create*", True),
        ("SAGEMAKER:createtrainingjob", True),
        ("sagemaker:CreateTrainingJo?", True),
        (["s3:*", "sagemaker:*TrainingJob"], True),
        ("sagemaker:Describe*", False),
    ],
)
def test_actions_match_by_pattern_whatever_their_case(actions: Any, meant: bool) -> None:
    assert (decision(allow(actions)) == "allowed") is meant


def test_resources_match_by_pattern_in_their_case() -> None:
    assert decision(allow(TRAIN, "arn:aws:sagemaker:*:*:training-job/ml101-ann-*")) == "allowed"
    assert decision(allow(TRAIN, JOB.upper())) == "implicitDeny"


def test_not_action_and_not_resource_mean_all_others() -> None:
    not_action = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert decision(not_action) == "allowed"
    assert decision({**not_action, "NotAction": "sagemaker:*"}) == "implicitDeny"
    not_resource = {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::secret*"}
    assert decision(not_resource) == "allowed"
    assert decision({**not_resource, "NotResource": JOB}) == "implicitDeny"


def test_a_policy_variable_holds_what_the_context_says_literally() -> None:
    own = allow(TRAIN, "arn:aws:sagemaker:*:*:training-job/${aws:username}-*")
    assert decision(own, aws__username="ml101-ann") == "allowed"
    assert decision(own, aws__username="ml101-bob") == "implicitDeny"
    assert decision(own, aws__username="*") == "implicitDeny"
    assert decision(own) == "implicitDeny"


# -- conditions ------------------------------------------------------------------------------

KEY = "sagemaker:InstanceTypes"


def under(operator: str, value: Any, key: str = KEY) -> dict[str, Any]:
    return allow(Condition={operator: {key: value}})


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a", "A", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringLike", "ml.m5.*", "ml.m5.large", True),
        ("StringNotLike", "ml.m5.*", "ml.m5.large", False),
        ("NumericLessThanEquals", "3600", "3600", True),
        ("NumericLessThanEquals", 3600, "3601", False),
        ("NumericGreaterThan", "1", "x", False),
        ("NumericNotEquals", "1", "2", True),
        ("DateLessThan", "2027-01-01T00:00:00Z", "2026-12-31T23:59:59Z", True),
        ("DateGreaterThan", "2027-01-01T00:00:00Z", "1700000000", False),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("ArnLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", True),
        ("ArnEquals", "arn:*:::b", "arn:aws:s3:::b", False),
        ("ArnNotLike", "arn:aws:s3:::b*", "arn:aws:s3:::c", True),
        ("Null", "false", "x", True),
        ("Null", "true", "x", False),
    ],
)
def test_condition_operators(operator: str, wanted: Any, value: str, holds: bool) -> None:
    decided = decision(under(operator, wanted), **{KEY: value})
    assert (decided == "allowed") is holds


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("NumericLessThan", False),
    ],
)
def test_a_key_that_is_missing(operator: str, holds: bool) -> None:
    result = custom(under(operator, "1"))
    assert (result["EvalDecision"] == "allowed") is holds
    assert result["MissingContextValues"] == [KEY]


def test_null_asks_whether_a_key_is_missing() -> None:
    assert decision(under("Null", "true")) == "allowed"
    assert decision(under("Null", "false")) == "implicitDeny"


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        ("ForAllValues:StringLike", ["ml.m5.large", "ml.m5.xlarge"], True),
        ("ForAllValues:StringLike", ["ml.m5.large", "ml.g5.xlarge"], False),
        ("ForAnyValue:StringLike", ["ml.m5.large", "ml.g5.xlarge"], True),
        ("ForAnyValue:StringLike", ["ml.g5.xlarge"], False),
        ("ForAnyValue:StringNotLike", ["ml.m5.large", "ml.g5.xlarge"], True),
    ],
)
def test_conditions_over_several_values(operator: str, values: list[str], holds: bool) -> None:
    decided = decision(under(operator, "ml.m5.*"), **{KEY: values})
    assert (decided == "allowed") is holds


def test_all_conditions_must_hold() -> None:
    both = allow(Condition={"StringEquals": {"a:b": "1", "c:d": "2"}})
    assert decision(both, a__b="1", c__d="2") == "allowed"
    assert decision(both, a__b="1", c__d="3") == "implicitDeny"


def test_what_is_not_supported_is_an_error_and_no_decision() -> None:
    with pytest.raises(ApiError) as caught:
        decision(under("BinaryEquals", "eA=="), **{KEY: "x"})
    assert (caught.value.code, caught.value.status) == ("PolicyEvaluation", 500)
    assert "BinaryEquals" in caught.value.message
    policy = Policy("p", "none", json.loads(document({**allow(), "Principal": "*"})))
    with pytest.raises(NotSupported, match="Principal"):
        evaluate([policy], TRAIN, JOB, {})

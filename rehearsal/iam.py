"""IAM's policy simulator: SimulatePrincipalPolicy and SimulateCustomPolicy.

moto has the roles and their policies; here they are evaluated. There are no Organizations,
no resource-based policies and no policy exclusions: a request that brings one is refused.

As IAM answers since 2026, there is one result per action; it is the most restrictive of
those for the resources, which are in ResourceSpecificResults. EvalResourceName is "*", where
AWS has the ARN template of the action's resource type (botocore, EvaluationResult).
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer, SerializationContext
from moto.core.utils import get_service_model
from moto.iam.models import IAMBackend, iam_backends

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError
from rehearsal.http import Request, Response, xml_error
from rehearsal.policies import Context, Decision, NotSupported, Policy, evaluate
from rehearsal.validation import validate

_log = logging.getLogger(__name__)

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_PAGE = 100
_STRICTNESS = ("allowed", "implicitDeny", "explicitDeny")
_REFUSED = (
    "OrderedOrganizationPolicyInputList",
    "PolicyExclusionList",
    "ResourceHandlingOption",
    "ResourcePolicy",
)

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Principal:
    """The policies that decide; `boundary` is None when there is no permissions boundary."""

    policies: list[Policy]
    boundary: list[Policy] | None


class Iam:
    """The simulator; moto answers IAM's other operations."""

    def answer(self, request: Request) -> Response | None:
        simulate = _SIMULATORS.get(request.operation)
        if simulate is None:
            return None
        operation = get_service_model("iam").operation_model(request.operation)
        values = request.form
        values.pop("Action")
        try:
            params = QueryParser(operation).parse({"values": values})
            _validate(operation.input_shape, params)
            result = simulate(params)
        except ApiError as error:
            return xml_error(error, _NAMESPACE)
        except Exception:  # noqa: BLE001 - a defect of ours is AWS's ServiceFailure, and is logged
            _log.exception("iam %s", request.operation)
            return xml_error(ApiError("ServiceFailure", "Internal error", 500), _NAMESPACE)
        serializer = QuerySerializer(operation, SerializationContext(str(uuid.uuid4())))
        response = serializer.serialize(result)
        headers = [("Content-Type", "text/xml")]
        return Response(response["status_code"], response["body"].encode(), headers)


def simulate_principal_policy(params: Params) -> dict[str, Any]:
    """SimulatePrincipalPolicy for a role: its inline and attached policies, those of the
    request, and its permissions boundary unless the request brings another.

    Raises NoSuchEntity, InvalidInput and PolicyEvaluation, as the operation declares.
    """
    principal = _role(params["PolicySourceArn"])
    principal.policies.extend(_given(params, "PolicyInputList"))
    return _simulate(params, principal)


def simulate_custom_policy(params: Params) -> dict[str, Any]:
    """SimulateCustomPolicy: the policies of the request alone."""
    return _simulate(params, Principal(_given(params, "PolicyInputList"), None))


_SIMULATORS: dict[str, Callable[[Params], dict[str, Any]]] = {
    "SimulatePrincipalPolicy": simulate_principal_policy,
    "SimulateCustomPolicy": simulate_custom_policy,
}


def _validate(shape: Any, params: Params) -> None:
    try:
        validate(shape, params)
    except ApiError as error:
        raise ApiError("ValidationError", error.message) from error


# -- policies --------------------------------------------------------------------------------


def _role(arn: str) -> Principal:
    """A role's policies in moto. SourcePolicyId is the policy's name; AWS's form for inline
    ones is not documented."""
    if ":role/" not in arn:
        raise _invalid(f"The local AWS simulates the policies of roles only, not of {arn}")
    name = arn.rpartition("/")[2]
    backend = iam_backends[ACCOUNT]["aws"]
    try:
        role = backend.get_role(name)
        attached, _ = backend.list_attached_role_policies(name, max_items=1000)
        policies = [_managed(backend, policy.arn) for policy in attached]
        for inline in backend.list_role_policies(name):
            _, document = backend.get_role_policy(name, inline)
            policies.append(Policy(inline, "role", _document(document)))
        boundary_arn = role.permissions_boundary_arn
        boundary = [_managed(backend, boundary_arn)] if boundary_arn else None
    except ServiceException as error:
        message = f"The role with name {name} cannot be found."
        raise ApiError("NoSuchEntity", message, 404) from error
    return Principal(policies, boundary)


def _managed(backend: IAMBackend, arn: str) -> Policy:
    try:
        policy = backend.get_policy(arn)
    except ServiceException as error:
        raise _unsupported(f"the managed policy {arn}") from error
    version = backend.get_policy_version(arn, policy.default_version_id)
    kind = "aws-managed" if arn.startswith("arn:aws:iam::aws:") else "user-managed"
    return Policy(policy.name, kind, _document(version.document))


def _given(params: Params, member: str) -> list[Policy]:
    """The policies of a request. AWS calls them by member and number."""
    return [
        Policy(f"{member}.{number}", "none", _document(text))
        for number, text in enumerate(params.get(member) or [], 1)
    ]


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _invalid("A policy is not JSON") from error
    if not isinstance(document, dict):
        raise _invalid("A policy is not a JSON object")
    return document


# -- results ---------------------------------------------------------------------------------


def _simulate(params: Params, principal: Principal) -> dict[str, Any]:
    for member in _REFUSED:
        if params.get(member):
            raise _invalid(f"The local AWS does not simulate with {member}")
    given_boundary = _given(params, "PermissionsBoundaryPolicyInputList")
    principal = Principal(principal.policies, given_boundary or principal.boundary)
    context: Context = {
        entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", [])
        for entry in params.get("ContextEntries") or []
    }
    resources = params.get("ResourceArns") or ["*"]
    results = [_result(principal, action, resources, context) for action in params["ActionNames"]]
    start = _position(params.get("Marker"), len(results))
    end = start + int(params.get("MaxItems") or _PAGE)
    answer: dict[str, Any] = {
        "EvaluationResults": results[start:end],
        "IsTruncated": end < len(results),
    }
    if end < len(results):
        answer["Marker"] = str(end)
    return answer


def _result(
    principal: Principal, action: str, resources: list[str], context: Context
) -> dict[str, Any]:
    if ":" not in action:
        raise _invalid(f"Invalid Action: {action}")
    specific = [_specific(principal, action, resource, context) for resource in resources]
    strictest = max((result["EvalResourceDecision"] for result in specific), key=_STRICTNESS.index)
    matched = [
        statement
        for result in specific
        if result["EvalResourceDecision"] == strictest
        for statement in result["MatchedStatements"]
    ]
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": "*",
        "EvalDecision": strictest,
        "MatchedStatements": [s for i, s in enumerate(matched) if s not in matched[:i]],
        "MissingContextValues": sorted({m for r in specific for m in r["MissingContextValues"]}),
    }
    if principal.boundary is not None:
        details = [r["PermissionsBoundaryDecisionDetail"] for r in specific]
        allowed = all(detail["AllowedByPermissionsBoundary"] for detail in details)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    if resources != ["*"]:
        result["ResourceSpecificResults"] = specific
    return result


def _specific(principal: Principal, action: str, resource: str, context: Context) -> dict[str, Any]:
    """One action on one resource: what the policies allow and the boundary does not forbid."""
    try:
        identity = evaluate(principal.policies, action, resource, context)
        boundary = (
            None
            if principal.boundary is None
            else evaluate(principal.boundary, action, resource, context)
        )
    except NotSupported as error:
        raise _unsupported(str(error)) from error
    deciding = identity
    if boundary is not None and _STRICTNESS.index(boundary.decision) > _STRICTNESS.index(
        identity.decision
    ):
        deciding = boundary
    missing = identity.missing | (boundary.missing if boundary else set())
    result: dict[str, Any] = {
        "EvalResourceName": resource,
        "EvalResourceDecision": deciding.decision,
        "MatchedStatements": _matched(deciding),
        "MissingContextValues": sorted(missing),
    }
    if boundary is not None:
        result["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": boundary.decision == "allowed"
        }
    return result


def _matched(decision: Decision) -> list[dict[str, str]]:
    """The policies of the statements that decided; their positions are not given."""
    return [
        {"SourcePolicyId": policy.name, "SourcePolicyType": policy.type}
        for policy in decision.matched
    ]


def _position(marker: str | None, count: int) -> int:
    if not marker:
        return 0
    if not marker.isdecimal() or int(marker) >= count:
        raise _invalid(f"Invalid Marker: {marker}")
    return int(marker)


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidInput", message)


def _unsupported(what: str) -> ApiError:
    """PolicyEvaluation (500): neither allowed nor denied can be said."""
    return ApiError("PolicyEvaluation", f"The local AWS does not evaluate {what}", 500)

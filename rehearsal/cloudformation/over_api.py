"""CloudFormation types over a service's API: one row per type.

For what moto has an API for but no CloudFormation model, and for what we answer ourselves.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed
from rehearsal.cloudformation.values import coerce, with_small_letters
from rehearsal.inprocess import Clients

Properties = dict[str, Any]

_TAGS = "Tags"
_GONE = ("ResourceNotFoundException", "NotFoundException", "NotFound")


@dataclass(frozen=True, slots=True)
class ApiType:
    """How a type is made by API calls.

    `ids` says which member of the delete (and update) request comes from which fact; facts
    are the properties, what creating answered, and what was generated. `reference` is the
    fact that is the physical id and Ref, `attributes` the facts that GetAtt knows by which
    name. `named` is a property to be generated when the template gives none, with its
    longest length. `request` makes the request's members of the properties; by default they
    are the same. `answered` is the member of an answer that holds what there is to know, if it
    is not all at the top.
    """

    service: str
    create: str
    delete: str
    ids: dict[str, str]
    reference: str
    update: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    named: tuple[str, int] | None = None
    request: Callable[[Properties], Properties] = dict
    answered: str = ""


def _url(properties: Properties) -> Properties:
    known = {k: v for k, v in properties.items() if k != "TargetFunctionArn"}
    return {"FunctionName": properties["TargetFunctionArn"], **known}


def _subscription(properties: Properties) -> Properties:
    """Subscribe takes most properties as attributes, which are text."""
    request: Properties = {
        k: properties[k] for k in ("TopicArn", "Protocol", "Endpoint") if k in properties
    }
    others = {k: v for k, v in properties.items() if k not in (*request, "Region")}
    attributes = {k: v if isinstance(v, str) else json.dumps(v) for k, v in others.items()}
    return {**request, "Attributes": attributes, "ReturnSubscriptionArn": True}


TYPES: dict[str, ApiType] = {
    "AWS::CodeBuild::Project": ApiType(
        service="codebuild",
        create="CreateProject",
        update="UpdateProject",
        delete="DeleteProject",
        ids={"name": "Name"},
        reference="Name",
        attributes={"Arn": "arn"},
        named=("Name", 149),
        request=with_small_letters,
        answered="project",
    ),
    "AWS::Lambda::Permission": ApiType(
        service="lambda",
        create="AddPermission",
        delete="RemovePermission",
        ids={"FunctionName": "FunctionName", "StatementId": "StatementId"},
        reference="StatementId",
        attributes={"Id": "StatementId"},
        named=("StatementId", 100),
    ),
    "AWS::Lambda::Url": ApiType(
        service="lambda",
        create="CreateFunctionUrlConfig",
        update="UpdateFunctionUrlConfig",
        delete="DeleteFunctionUrlConfig",
        ids={"FunctionName": "FunctionArn"},
        reference="FunctionArn",
        attributes={"FunctionArn": "FunctionArn", "FunctionUrl": "FunctionUrl"},
        request=_url,
    ),
    "AWS::Lambda::Version": ApiType(
        service="lambda",
        create="PublishVersion",
        delete="DeleteFunction",
        ids={"FunctionName": "FunctionName", "Qualifier": "Version"},
        reference="FunctionArn",
        attributes={"FunctionArn": "FunctionArn", "Version": "Version"},
    ),
    "AWS::Lambda::Alias": ApiType(
        service="lambda",
        create="CreateAlias",
        update="UpdateAlias",
        delete="DeleteAlias",
        ids={"FunctionName": "FunctionName", "Name": "Name"},
        reference="AliasArn",
        attributes={"AliasArn": "AliasArn"},
    ),
    "AWS::Lambda::EventInvokeConfig": ApiType(
        service="lambda",
        create="PutFunctionEventInvokeConfig",
        update="PutFunctionEventInvokeConfig",
        delete="DeleteFunctionEventInvokeConfig",
        ids={"FunctionName": "FunctionName", "Qualifier": "Qualifier"},
        reference="FunctionName",
    ),
    "AWS::Scheduler::Schedule": ApiType(
        service="scheduler",
        create="CreateSchedule",
        update="UpdateSchedule",
        delete="DeleteSchedule",
        ids={"Name": "Name", "GroupName": "GroupName"},
        reference="Name",
        attributes={"Arn": "ScheduleArn"},
        named=("Name", 64),
    ),
    "AWS::Scheduler::ScheduleGroup": ApiType(
        service="scheduler",
        create="CreateScheduleGroup",
        delete="DeleteScheduleGroup",
        ids={"Name": "Name"},
        reference="Name",
        attributes={"Arn": "ScheduleGroupArn"},
        named=("Name", 64),
    ),
    "AWS::ApiGatewayV2::Api": ApiType(
        service="apigatewayv2",
        create="CreateApi",
        update="UpdateApi",
        delete="DeleteApi",
        ids={"ApiId": "ApiId"},
        reference="ApiId",
        attributes={"ApiId": "ApiId", "ApiEndpoint": "ApiEndpoint"},
    ),
    "AWS::ApiGatewayV2::Integration": ApiType(
        service="apigatewayv2",
        create="CreateIntegration",
        update="UpdateIntegration",
        delete="DeleteIntegration",
        ids={"ApiId": "ApiId", "IntegrationId": "IntegrationId"},
        reference="IntegrationId",
        attributes={"IntegrationId": "IntegrationId"},
    ),
    "AWS::ApiGatewayV2::Route": ApiType(
        service="apigatewayv2",
        create="CreateRoute",
        update="UpdateRoute",
        delete="DeleteRoute",
        ids={"ApiId": "ApiId", "RouteId": "RouteId"},
        reference="RouteId",
        attributes={"RouteId": "RouteId"},
    ),
    "AWS::ApiGatewayV2::Stage": ApiType(
        service="apigatewayv2",
        create="CreateStage",
        delete="DeleteStage",
        ids={"ApiId": "ApiId", "StageName": "StageName"},
        reference="StageName",
    ),
    "AWS::SNS::Subscription": ApiType(
        service="sns",
        create="Subscribe",
        delete="Unsubscribe",
        ids={"SubscriptionArn": "SubscriptionArn"},
        reference="SubscriptionArn",
        attributes={"Arn": "SubscriptionArn"},
        request=_subscription,
    ),
}


class ApiHandler(Handler):
    """Makes the types above. They exist at once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        row = TYPES[resource_type]
        facts = _named(row, place, properties)
        client = self._clients(row.service, place.region)
        request = row.request(facts)
        shape = _input(client, row.create)
        unknown = sorted(set(request) - set(shape.members) - {_TAGS})
        if unknown:
            raise ResourceFailed(
                f"The local AWS does not have the property {unknown[0]} of {resource_type}."
            )
        answer = _call(client, row.create, coerce(shape, request))
        answer = answer[row.answered] if row.answered else answer
        return _made(row, {**facts, **answer})

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        row = TYPES[resource_type]
        if _without_tags(old) == _without_tags(new):
            return made  # tags are those of the creation
        if not row.update:
            raise ResourceFailed(f"The local AWS cannot update {resource_type} in place.")
        client = self._clients(row.service, place.region)
        # What creating answered and generated, and the properties as they are now.
        facts = {**{k: v for k, v in made.token.items() if k not in old}, **new}
        request = coerce(_input(client, row.update), row.request(facts))
        answer = _call(client, row.update, {**request, **_ids(row, facts)})
        answer = answer[row.answered] if row.answered else answer
        return _made(row, {**facts, **answer})

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        row = TYPES[resource_type]
        client = self._clients(row.service, place.region)
        try:
            _call(client, row.delete, _ids(row, made.token))
        except ResourceFailed as error:
            if getattr(error.__cause__, "response", {}).get("Error", {}).get("Code") not in _GONE:
                raise


def _made(row: ApiType, facts: dict[str, Any]) -> Made:
    reference = str(facts[row.reference])
    attributes = {name: facts[fact] for name, fact in row.attributes.items()}
    return Made(reference, reference, attributes, token=facts)


def _named(row: ApiType, place: Place, properties: dict[str, Any]) -> dict[str, Any]:
    if row.named is None or row.named[0] in properties:
        return dict(properties)
    name, longest = row.named
    return {**properties, name: generated_name(place, longest)}


def generated_name(place: Place, longest: int) -> str:
    """A physical name as CloudFormation makes it: STACK-LOGICAL-RANDOM."""
    random = secrets.token_hex(6).upper()
    start = f"{place.stack_name}-{place.logical_id}"[: longest - len(random) - 1]
    return f"{start}-{random}"


def _input(client: Any, operation: str) -> Any:
    return client.meta.service_model.operation_model(operation).input_shape


def _without_tags(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name != _TAGS}


def _ids(row: ApiType, facts: dict[str, Any]) -> dict[str, Any]:
    return {member: facts[fact] for member, fact in row.ids.items() if fact in facts}


def _call(client: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**request)
    except ClientError as error:
        raise ResourceFailed(reason(error)) from error
    except BotoCoreError as error:
        raise ResourceFailed(str(error)) from error
    answer.pop("ResponseMetadata", None)
    return answer


def reason(error: ClientError) -> str:
    """A service's refusal in the words of a stack event."""
    said = error.response
    status = said.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return f"{said['Error'].get('Message', '')} (Service: AWS, Status Code: {status})"

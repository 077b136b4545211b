"""What a request to create or update a stack brings: template, capabilities, parameters, tags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlparse

from botocore.exceptions import ClientError

from rehearsal.cloudformation import parameters
from rehearsal.cloudformation.definition import Definition
from rehearsal.cloudformation.template import Template, parse, validation_error
from rehearsal.errors import ApiError
from rehearsal.inprocess import Clients

# "Maximum length 51,200 bytes" of a template body; 500 resources per template
# (CloudFormation user guide, "Understand CloudFormation quotas").
BODY_LIMIT = 51_200
RESOURCE_LIMIT = 500
# Types that need CAPABILITY_IAM, and CAPABILITY_NAMED_IAM with their name property
# (CreateStack, API reference, "Capabilities").
_IAM_TYPES = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}

# What a request can ask for and the local AWS cannot do. Asked for, each is refused: a
# stack that ignored it would not be what the caller believes.
_NOT_HERE: dict[str, Callable[[Any], bool]] = {
    "DeploymentConfig": lambda value: value.get("Mode", "STANDARD") != "STANDARD",
    "DeploymentMode": bool,
    "ResourcesToImport": bool,
    "ResourceTypes": bool,
    "RollbackConfiguration": lambda value: bool(value.get("RollbackTriggers")),
    "StackPolicyBody": bool,
    "StackPolicyDuringUpdateBody": bool,
    "StackPolicyDuringUpdateURL": bool,
    "StackPolicyURL": bool,
    "TimeoutInMinutes": bool,
}

Params = dict[str, Any]


class Reader:
    """Reads requests of a region into definitions."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients = clients
        self._region = region

    def define(self, params: Params, before: Definition | None = None) -> Definition:
        """The definition that a request asks for, of a new stack or of one that has `before`.

        Raises ApiError: what is malformed, lacks a value or was not acknowledged.
        """
        refuse_what_is_not_here(params)
        if before is not None and params.get("UsePreviousTemplate"):
            body, template = before.body, before.template
        else:
            body, template = self.template(params)
        check_capabilities(template, params.get("Capabilities", []))
        rows = params.get("Parameters", [])
        texts = parameters.given(rows, before.parameters if before else None)
        defined = Definition(
            body=body,
            template=template,
            parameters=texts,
            values=parameters.evaluate(template, texts, self.stored_parameter),
            tags=tags_of(params),
            capabilities=tuple(params.get("Capabilities", [])),
            notifications=tuple(params.get("NotificationARNs", [])),
            role=self._role(params),
        )
        if before is None:
            return defined
        # "If you don't specify this parameter, CloudFormation doesn't modify the stack's
        # tags" (UpdateStack, API reference, "Tags"); the same goes for topics and role.
        return replace(
            defined,
            tags=defined.tags if "Tags" in params else before.tags,
            notifications=(
                defined.notifications if "NotificationARNs" in params else before.notifications
            ),
            role=defined.role or before.role,
        )

    def template(self, params: Params) -> tuple[str, Template]:
        """The template a request brings, inline or in S3: its text, and what it says."""
        if "TemplateURL" in params:
            body = self._download(params["TemplateURL"])
        else:
            body = params.get("TemplateBody", "")
            if len(body.encode()) > BODY_LIMIT:
                raise validation_error(
                    "1 validation error detected: Value at 'templateBody' failed to satisfy "
                    f"constraint: Member must have length less than or equal to {BODY_LIMIT}"
                )
        template = parse(body)
        if len(template["Resources"]) > RESOURCE_LIMIT:
            raise validation_error(
                "Template format error: Number of resources, "
                f"{len(template['Resources'])}, is greater than maximum allowed, "
                f"{RESOURCE_LIMIT}"
            )
        return body, template

    def stored_parameter(self, path: str) -> str:
        """The value of a Systems Manager parameter."""
        ssm = self._clients("ssm", self._region)
        try:
            value: str = ssm.get_parameter(Name=path)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound as error:
            raise validation_error(
                f"Unable to fetch parameters [{path}] from parameter store for this account."
            ) from error
        return value

    def _download(self, url: str) -> str:
        bucket, key = bucket_and_key(url)
        s3 = self._clients("s3", self._region)
        try:
            body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise validation_error(f"S3 error: Access Denied or no such object: {url}") from error
        return body.decode()

    def _role(self, params: Params) -> str:
        """The role that CloudFormation is to assume; it must exist."""
        arn: str = params.get("RoleARN", "")
        if not arn:
            return ""
        iam = self._clients("iam", self._region)
        try:
            iam.get_role(RoleName=arn.rpartition("/")[2])
        except ClientError as error:
            raise validation_error(f"Role {arn} is invalid or cannot be assumed") from error
        return arn


def bucket_and_key(url: str) -> tuple[str, str]:
    """The object that an S3 URL names, virtual-hosted (bucket.s3.region..., also with a dash)
    or path-style (s3.region.../bucket, and whatever host an endpoint of one's own has: the
    CDK CLI makes `http://127.0.0.1:port/bucket/key` of it)."""
    parsed = urlparse(url)
    host, path = parsed.hostname or "", unquote(parsed.path.lstrip("/"))
    for separator in (".s3.", ".s3-"):
        bucket, found, _ = host.partition(separator)
        if found:
            return bucket, path
    if host.endswith(".localhost") and not host.startswith("s3."):
        return host.removesuffix(".localhost"), path
    bucket, _, key = path.partition("/")
    return bucket, key


def refuse_what_is_not_here(params: Params) -> None:
    """Refuse a request that asks for what the local AWS cannot do."""
    for name, asks in _NOT_HERE.items():
        if name in params and asks(params[name]):
            raise validation_error(f"The local AWS does not have {name}.")


def needed_capabilities(template: Template) -> list[str]:
    """What the caller must acknowledge: CAPABILITY_NAMED_IAM, CAPABILITY_IAM or nothing."""
    found = [r for r in template["Resources"].values() if r["Type"] in _IAM_TYPES]
    if any(_IAM_TYPES[r["Type"]] in r.get("Properties", {}) for r in found):
        return ["CAPABILITY_NAMED_IAM"]
    return ["CAPABILITY_IAM"] if found else []


def check_capabilities(template: Template, given: list[str]) -> None:
    """Refuse a template whose capabilities were not acknowledged."""
    needed = needed_capabilities(template)
    accepted = {"CAPABILITY_NAMED_IAM", *needed}
    if needed and not accepted & set(given):
        raise ApiError(
            "InsufficientCapabilitiesException", f"Requires capabilities : [{needed[0]}]"
        )


def tags_of(params: Params) -> dict[str, str]:
    """The tags of a request."""
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}

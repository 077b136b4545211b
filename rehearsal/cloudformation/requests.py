"""What a request to create or update a stack brings: template, capabilities, parameters, tags."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from rehearsal.cloudformation.template import Template, parse, validation_error
from rehearsal.errors import ApiError
from rehearsal.machine import Machine

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

Params = dict[str, Any]


def read_template(params: Params, region: str, machine: Machine) -> tuple[str, Template]:
    """The template a request brings, inline or in S3: its text, and what it says."""
    if "TemplateURL" in params:
        body = _download(params["TemplateURL"], region, machine)
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
            f"{len(template['Resources'])}, is greater than maximum allowed, {RESOURCE_LIMIT}"
        )
    return body, template


def _download(url: str, region: str, machine: Machine) -> str:
    """A template in S3, by a virtual-hosted or a path-style URL."""
    parsed = urlparse(url)
    host, path = parsed.netloc, parsed.path.lstrip("/")
    bucket, _, rest = host.partition(".s3.")
    if rest:
        key = path
    else:
        bucket, _, key = path.partition("/")
    s3 = machine.client("s3", region)
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise validation_error(f"S3 error: Access Denied or no such object: {url}") from error
    return body.decode()


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


def parameters_of(params: Params, previous: dict[str, str] | None = None) -> dict[str, str]:
    """The parameters of a request; UsePreviousValue takes the stack's own."""
    found: dict[str, str] = {}
    for row in params.get("Parameters", []):
        key = row["ParameterKey"]
        if row.get("UsePreviousValue"):
            found[key] = (previous or {})[key]
        else:
            found[key] = row.get("ParameterValue", "")
    return found


def tags_of(params: Params) -> dict[str, str]:
    """The tags of a request."""
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}

"""What AWS says when a stack fails, as one line for people.

A table of patterns, tried in order. The wordings are those of public issues (named beside
them) and of the services' own models; what fits none is told in AWS's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Codes = Mapping[str, str]  # a quota's name -> its code
_Found = re.Match[str]

# How CloudFormation wraps what a resource's handler and its service say.
_HANDLER = re.compile(
    r'Resource handler returned message: "(?P<message>.*)" \(RequestToken: [^,)]*, '
    r"HandlerErrorCode: (?P<code>\w+)\)",
    re.DOTALL,
)
# "(Service: AmazonIAM; Status Code: 409; Error Code: EntityAlreadyExists; Request ID: ...)",
# with commas since 2023.
_SERVICE = re.compile(r"\s*\(Service: [^()]*\)(?:\s*\[\w+\])?|\s*\(RequestToken: [^()]*\)")
_RESOURCE = re.compile(r"(?P<type>(?:AWS|Custom)::[\w:@-]+) (?P<id>\w+): (?P<said>.*)", re.DOTALL)
_ERROR_CODE = re.compile(r"Error Code: (\w+)|\[(\w+)\]\s*$")


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said: the line itself, its error code, and which resource it is about."""

    line: str
    code: str
    resource: str


def explain(cause: str, quota_codes: Codes | None = None) -> str:
    """One line that says why a stack failed, beginning with the kind of reason where it is known:
    "quota: ...", "name taken: ...", "permission missing: ACTION".

    `cause` is an event's reason ("TYPE LOGICALID: what AWS said") or an API error's message;
    `quota_codes` names the quotas whose codes are to be told.
    """
    said = _read(cause)
    for pattern, tell in _PATTERNS:
        found = pattern.search(said.line)
        if found:
            return tell(found, said, quota_codes or {})
    by_code = _BY_CODE.get(said.code)
    told = f"{said.resource}: {said.line}" if said.resource else said.line
    return f"{by_code}: {told}" if by_code else told


def _read(cause: str) -> _Said:
    line = " ".join(cause.split())
    resource = ""
    if about := _RESOURCE.fullmatch(line):
        resource, line = f"{about['type']} {about['id']}", about["said"]
    code = ""
    if told := _ERROR_CODE.search(line):
        code = told[1] or told[2]
    if handler := _HANDLER.search(line):
        line = handler["message"]
        code = code or handler["code"]
    return _Said(_SERVICE.sub("", line).strip(), code, resource)


_Tell = Callable[[_Found, _Said, Codes], str]


def _told(words: str) -> _Tell:
    """The words, what was found, and the resource."""

    def tell(found: _Found, said: _Said, _codes: Codes) -> str:
        what = words.format(**{k: v or "" for k, v in found.groupdict().items()}, line=said.line)
        return f"{what} ({said.resource})" if said.resource else what

    return tell


def _denied(found: _Found, said: _Said, _codes: Codes) -> str:
    groups = found.groupdict()
    explicit, lacks = groups.get("explicit"), groups.get("lacks")
    why = ""
    if explicit:
        why = f", which {explicit} denies"
    elif lacks and "identity-based" not in lacks:
        why = f", which the {lacks} does not allow"
    where = f" ({said.resource})" if said.resource else ""
    return f"permission missing: {found['action']}{why}{where}"


def _quota(found: _Found, _said: _Said, codes: Codes) -> str:
    name = found["name"]
    code = f" ({codes[name]})" if name in codes else ""
    return (
        f"quota: {name}{code} is {found['limit']}, {found['used']} in use, "
        f"{found['delta']} more asked for; see workshop check"
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


# After the action: the policy that denies it, or the kind that does not allow it (IAM user
# guide, "Troubleshoot access denied error messages").
_WHY_DENIED = (
    r"(?:.*?with an explicit deny in (?P<explicit>an? [\w -]+?)(?: attached|[.:,;]|$)"
    r"|.*?because no (?P<lacks>[\w -]+?) allows)?"
)
_PATTERNS: tuple[tuple[re.Pattern[str], _Tell], ...] = (
    # udacity/cd0157#47, superwerker/superwerker#171, aws-samples/well-architected-iac-analyzer#108
    (
        _pattern(r"not authorized to perform:? (?P<action>[a-z0-9-]+:[A-Za-z0-9*]+)" + _WHY_DENIED),
        _denied,
    ),
    # "API: ec2:CreateVpc You are not authorized to perform this operation."
    (
        _pattern(r"API: (?P<action>[a-z0-9-]+:\w+) (?:You are not authorized|Access Denied)"),
        _denied,
    ),
    # aws/karpenter-provider-aws#1536: the action stands in the encoded part only
    (
        _pattern(r"Encoded authorization failure message: \S+"),
        _told("permission missing: aws sts decode-authorization-message says which"),
    ),
    (
        _pattern(r"^(?:Access ?Denied(?:Exception)?|403)\b.*"),
        _told("permission missing: AWS does not say which: {line}"),
    ),
    (
        _pattern(r"security token included in the request is expired|ExpiredToken"),
        _told("the credentials have expired; sign in again, then run workshop deploy again"),
    ),
    # awsdocs/amazon-sagemaker-developer-guide#70, aws-cloudformation/rain#468
    (
        _pattern(
            r"account-(?:level)? ?service limit '(?P<name>[^']+)' is (?P<limit>[\d.]+)\b.*?"
            r"current utilization of (?P<used>[\d.]+)\b.*?request delta of (?P<delta>[\d.]+)"
        ),
        _quota,
    ),
    (
        # "The maximum number of VPCs has been reached.", "Cannot exceed quota for
        # RolesPerAccount: 1000", "Limit for stack has been exceeded", "You have attempted to
        # create more buckets than allowed"
        _pattern(
            r"maximum number of .+ has been reached|cannot exceed quota for|"
            r"limit for .+ has been exceeded|limit exceeded for resource of type|"
            r"more buckets than allowed"
        ),
        _told("quota: {line}"),
    ),
    # S3's own words: the bucket is somebody else's
    (
        _pattern(r"(?:bucket )?name is not available\. The bucket namespace is shared"),
        _told("name taken: {line}"),
    ),
    # aws-samples/bedrock-chat#794 and aws-solutions/...-uploader-from-aws#167
    (
        _pattern(r"Resource of type '(?P<type>[^']+)' with identifier '(?P<name>.+?)' already"),
        _told("name taken: {name} already exists"),
    ),
    # jpsim/AWSPics#14, aws-samples/amazon-rekognition-video-analyzer#49
    (_pattern(r"\balready (?:exists|owned by you)\b"), _told("name taken: {line}")),
    # rlister/stax#40, linz/geostore#630; "Cannot delete export X as it is in use by A, B."
    (
        _pattern(
            r"export (?P<name>\S+) (?:cannot be (?:deleted|updated) )?as it is in use by "
            r"(?P<users>.+?)\.?$"
        ),
        _told("export in use: {users} still import {name}"),
    ),
    (_pattern(r"No export named (?P<name>\S+) found"), _told("export missing: {name}")),
    # aws/aws-cdk-cli#1676
    (
        _pattern(
            r"Received response status \[FAILED\] from custom resource\. "
            r"Message returned: (?P<said>.+)"
        ),
        _told("custom resource failed: {said}"),
    ),
    # aws-samples/cloudformation-studio-domain#5, aws/aws-cdk#2126
    (
        _pattern(
            r"did not receive a response from your custom resource|"
            r"custom resource failed to stabilize in expected time"
        ),
        _told("custom resource timed out; its function's log says more"),
    ),
    # SageMaker's model: NotebookInstanceLifecycleConfigContent, StudioLifecycleConfigContent
    (
        _pattern(
            r"(?:lifecycle|oncreate|onstart|/content)\S*.*"
            r"(?:less than or equal to 16384|maxLength: 16384)"
        ),
        _told("lifecycle script too long: 16,384 base64 characters are the most"),
    ),
    (
        _pattern(r"Unrecognized resource types: \[(?P<types>[^\]]+)\]"),
        _told("the region has no {types}"),
    ),
    (
        _pattern(
            r"security token included in the request is invalid|OptInRequired|"
            r"is not subscribed|could not connect to the endpoint|region .* is (?:not|disabled)"
        ),
        _told("region not enabled, or the credentials do not reach it: {line}"),
    ),
    (
        _pattern(r"when a custom-named resource requires replacing\. Rename (?P<name>\S+)"),
        _told("the change would replace {name}, which has a name of its own"),
    ),
    (
        _pattern(r"rate exceeded|request limit exceeded|throttl"),
        _told("throttled: AWS was asked too often; run workshop deploy again"),
    ),
)
# Where the words say nothing, the service's or the handler's error code does.
_BY_CODE = {
    "AccessDenied": "permission missing",
    "AccessDeniedException": "permission missing",
    "UnauthorizedOperation": "permission missing",
    "AlreadyExists": "name taken",
    "AlreadyExistsException": "name taken",
    "BucketAlreadyExists": "name taken",
    "EntityAlreadyExists": "name taken",
    "LimitExceeded": "quota",
    "LimitExceededException": "quota",
    "ResourceLimitExceeded": "quota",
    "ServiceLimitExceeded": "quota",
    "ServiceQuotaExceededException": "quota",
    "TooManyBuckets": "quota",
    "VpcLimitExceeded": "quota",
    "NotStabilized": "timed out",
    "Throttling": "throttled",
}

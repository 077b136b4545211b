"""Tags: AddTags, ListTags and DeleteTags of any kind, by ARN."""

from __future__ import annotations

import base64
import json
from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker import tags
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource

# MaxResults is at least 50 (ListTags); what a page holds without it is not documented.
_PAGE = 50


def _tagged(plane: ControlPlane, region: str, arn: str) -> Resource:
    """The resource with an ARN, in the region that is asked."""
    resource = plane.by_arn(arn)
    if resource is None or resource.region != region:
        raise invalid(f"Could not find resource with ARN {arn}.")
    return resource


def _as_list(shown: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(shown.items())]


def add_tags(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """AddTags: adds or replaces, and answers all tags."""
    resource = _tagged(plane, region, params["ResourceArn"])
    resource.tags = {**resource.tags, **tags.checked_tags(params, resource.tags)}
    return {"Tags": _as_list(resource.tags)}


def list_tags(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListTags: sorted by key; a token names the last key of its page."""
    arn = params["ResourceArn"]
    resource = _tagged(plane, region, arn)
    token = params.get("NextToken")
    after = _read_token(arn, token) if token else ""
    following = [tag for tag in _as_list(resource.tags) if tag["Key"] > after]
    size = params.get("MaxResults") or _PAGE
    answer: dict[str, Any] = {"Tags": following[:size]}
    if len(following) > size:
        answer["NextToken"] = _write_token(arn, following[size - 1]["Key"])
    return answer


def delete_tags(plane: ControlPlane, region: str, params: dict[str, Any]) -> None:
    """DeleteTags: absent keys are no error, AWS's own are."""
    resource = _tagged(plane, region, params["ResourceArn"])
    gone = params["TagKeys"]
    tags.refuse_reserved(gone)
    resource.tags = {key: value for key, value in resource.tags.items() if key not in gone}


def _write_token(arn: str, key: str) -> str:
    return base64.b64encode(json.dumps([arn, key]).encode()).decode()


def _read_token(arn: str, token: str) -> str:
    """The last key of the page before. The wording of the refusal is ours."""
    try:
        of, key = json.loads(base64.b64decode(token.encode(), validate=True))
    except (ValueError, TypeError) as error:
        raise invalid("NextToken is not one that ListTags answered.") from error
    if of != arn or not isinstance(key, str):
        raise invalid("NextToken is not one that ListTags answered for this resource.")
    return key


OPERATIONS: dict[str, Handler] = {
    "AddTags": add_tags,
    "ListTags": list_tags,
    "DeleteTags": delete_tags,
}

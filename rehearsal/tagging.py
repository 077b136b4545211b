"""The Resource Groups Tagging API, over SageMaker's resources and moto's taggable ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.models import ecr_backends
from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends
from werkzeug.exceptions import HTTPException

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError
from rehearsal.sagemaker import tags
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource
from rehearsal.validation import validate
from rehearsal.world import service_model

_SERVICE = "resourcegroupstaggingapi"
_PAGE = 100
# What the model does not say of GetResources, its documentation does.
_RANGES = {"ResourcesPerPage": (1, 100), "TagsPerPage": (100, 500)}
_FILTERS = ("TagFilters", "ResourceTypeFilters", *_RANGES, "PaginationToken")
_MOTO_PAGE = 10_000

Params = dict[str, Any]


class Tagging:
    """One account's tags. The caller holds the world's lock.

    Resources whose tags were all removed are left out; on AWS they stay listed for a while
    ("tagged or previously tagged", GetResources).
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def call(self, operation: str, params: Params, region: str) -> Params:
        """Answer an operation. Raises ApiError."""
        known = {
            "GetResources": self._get_resources,
            "GetTagKeys": self._get_keys,
            "GetTagValues": self._get_values,
            "TagResources": self._tag,
            "UntagResources": self._untag,
        }
        if operation not in known:
            raise ApiError("UnknownOperationException", f"The local AWS does not have {operation}.")
        given = {name: value for name, value in params.items() if value is not None}
        _check(operation, given)
        return known[operation](given, region)

    def _get_resources(self, params: Params, region: str) -> Params:
        if params.get("ResourceARNList") and any(params.get(name) for name in _FILTERS):
            raise _invalid("ResourceARNList excludes filters and pagination parameters.")
        after = _read_token(params.get("PaginationToken"))
        rows = sorted(
            [*self._ours(params, region), *_motos(params, region)],
            key=lambda row: str(row["ResourceARN"]),
        )
        following = [row for row in rows if row["ResourceARN"] > after]
        shown = following[: _fitting(following, params)]
        more = len(following) > len(shown)
        # The token names the last resource of its page: what goes between two pages is
        # neither skipped nor repeated.
        return {
            "PaginationToken": _write_token(shown[-1]["ResourceARN"]) if more else "",
            "ResourceTagMappingList": shown,
        }

    def _ours(self, params: Params, region: str) -> Iterator[Params]:
        arns = params.get("ResourceARNList")
        if arns:
            found = [self._plane.by_arn(arn) for arn in arns]
            resources = [r for r in found if r is not None]
        else:
            resources = self._plane.every()
        types = set(params.get("ResourceTypeFilters", []))
        for resource in resources:
            there = resource.region == region and resource.status != resource.kind.deleted
            if there and _is_shown(resource.arn, resource.tags, types, params):
                yield _row(resource.arn, resource.tags)

    def _get_keys(self, params: Params, region: str) -> Params:
        _read_token(params.get("PaginationToken"))
        rows = [*self._ours({}, region), *_motos({}, region)]
        return {
            "PaginationToken": "",
            "TagKeys": sorted({t["Key"] for r in rows for t in r["Tags"]}),
        }

    def _get_values(self, params: Params, region: str) -> Params:
        _read_token(params.get("PaginationToken"))
        rows = [*self._ours({}, region), *_motos({}, region)]
        values = {t["Value"] for r in rows for t in r["Tags"] if t["Key"] == params["Key"]}
        return {"PaginationToken": "", "TagValues": sorted(values)}

    def _tag(self, params: Params, region: str) -> Params:
        given: dict[str, str] = params["Tags"]
        as_list = [{"Key": key, "Value": value} for key, value in given.items()]

        def change(resource: Resource) -> None:
            checked = tags.checked_tags({"Tags": as_list}, resource.tags)
            resource.tags = {**resource.tags, **checked}

        backend = resourcegroupstaggingapi_backends[ACCOUNT][region]
        return self._each(params, region, change, lambda arn: backend.tag_resources([arn], given))

    def _untag(self, params: Params, region: str) -> Params:
        gone: list[str] = params["TagKeys"]

        def change(resource: Resource) -> None:
            kept = {key: value for key, value in resource.tags.items() if key not in gone}
            resource.tags = kept

        backend = resourcegroupstaggingapi_backends[ACCOUNT][region]
        return self._each(params, region, change, lambda arn: backend.untag_resources([arn], gone))

    def _each(
        self,
        params: Params,
        region: str,
        ours: Callable[[Resource], None],
        motos: Callable[[str], Params],
    ) -> Params:
        """Change every resource by itself: what fails is told by ARN, and stops no other."""
        failed: Params = {}
        for arn in params["ResourceARNList"]:
            resource = self._plane.by_arn(arn)
            try:
                if resource is not None and resource.region == region:
                    ours(resource)
                elif arn.split(":")[2:3] == ["sagemaker"]:
                    raise _invalid(f"Could not find resource with ARN {arn}.")
                else:
                    failed.update(motos(arn))
            except (ApiError, HTTPException, ServiceException) as error:
                failed[arn] = {
                    "StatusCode": 400,
                    "ErrorCode": "InvalidParameterException",
                    "ErrorMessage": str(getattr(error, "message", error)),
                }
        return {"FailedResourcesMap": failed}


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def _check(operation: str, params: Params) -> None:
    """Refuse what the model or the documentation excludes, as these operations declare it."""
    shape = service_model(_SERVICE).operation_model(operation).input_shape
    try:
        if shape is not None:
            validate(shape, params)
        tags.refuse_reserved([*params.get("Tags", {}), *params.get("TagKeys", [])])
    except ApiError as error:
        raise _invalid(error.message) from error
    for name, (least, most) in _RANGES.items():
        if not least <= params.get(name, least) <= most:
            raise _invalid(f"{name} must be from {least} to {most}.")
    # "Each TagFilter must contain a key with values optional" (GetResources).
    if any(not wanted.get("Key") for wanted in params.get("TagFilters", [])):
        raise _invalid("Each TagFilter must contain a key.")


def _fitting(rows: list[Params], params: Params) -> int:
    """How many rows a page holds. "A resource with no tags is counted as having one tag"
    (TagsPerPage)."""
    size = min(len(rows), int(params.get("ResourcesPerPage", _PAGE)))
    left = int(params.get("TagsPerPage", size * tags.MOST * 2))
    for count, row in enumerate(rows[:size]):
        left -= len(row["Tags"]) or 1
        if left < 0:
            return count
    return size


def _write_token(arn: str) -> str:
    return base64.b64encode(json.dumps({"after": arn}).encode()).decode()


def _read_token(token: str | None) -> str:
    if not token:
        return ""
    try:
        return str(json.loads(base64.b64decode(token.encode(), validate=True))["after"])
    except (ValueError, TypeError, KeyError) as error:
        raise _invalid("The PaginationToken is invalid.") from error


def _is_shown(arn: str, shown: dict[str, str], types: set[str], params: Params) -> bool:
    if not shown:
        return False
    # "sagemaker" or "sagemaker:endpoint", as the ARN spells it (GetResources).
    _, _, service, _, _, name = arn.split(":", 5)
    if types and not {service, f"{service}:{name.split('/')[0]}"} & types:
        return False
    return all(
        wanted["Key"] in shown
        and (not wanted.get("Values") or shown[wanted["Key"]] in wanted["Values"])
        for wanted in params.get("TagFilters", [])
    )


def _row(arn: str, tags: dict[str, str]) -> Params:
    return {
        "ResourceARN": arn,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


def _motos(params: Params, region: str) -> Iterator[Params]:
    _, found = resourcegroupstaggingapi_backends[ACCOUNT][region].get_resources(
        resources_per_page=_MOTO_PAGE,
        tags_per_page=_MOTO_PAGE * 50,
        tag_filters=params.get("TagFilters"),
        resource_type_filters=params.get("ResourceTypeFilters"),
        resource_arn_list=params.get("ResourceARNList"),
    )
    for resource in found:
        yield _row(resource.arn, resource.tags)
    yield from _repositories(params, region)


def _repositories(params: Params, region: str) -> Iterator[Params]:
    """ECR's repositories, which moto's tagging does not know."""
    ecr = ecr_backends[ACCOUNT][region]
    types = set(params.get("ResourceTypeFilters", []))
    asked = params.get("ResourceARNList")
    for repository in list(ecr.repositories.values()):
        shown = ecr.tagger.get_tag_dict_for_resource(repository.arn)
        named = not asked or repository.arn in asked
        if named and _is_shown(repository.arn, shown, types, params):
            yield _row(repository.arn, shown)

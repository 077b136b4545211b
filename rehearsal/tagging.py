"""The Resource Groups Tagging API, over SageMaker's resources and moto's taggable ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource

# GetResources: "ResourcesPerPage: minimum 1, maximum 100"; ARNs: at most 100.
_PAGE = 100
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
        return known[operation](params, region)

    def _get_resources(self, params: Params, region: str) -> Params:
        if params.get("ResourceARNList") and (
            params.get("TagFilters") or params.get("ResourceTypeFilters")
        ):
            raise ApiError(
                "InvalidParameterException", "ResourceARNList excludes every other filter."
            )
        if len(params.get("ResourceARNList", [])) > _PAGE:
            raise ApiError("InvalidParameterException", f"At most {_PAGE} ARNs may be given.")
        rows = sorted(
            [*self._ours(params, region), *_motos(params, region)],
            key=lambda row: str(row["ResourceARN"]),
        )
        token = params.get("PaginationToken") or ""
        following = [row for row in rows if row["ResourceARN"] > token]
        size = int(params.get("ResourcesPerPage", _PAGE))
        shown = following[:size]
        more = len(following) > size
        # The token names the last resource of its page: what goes between two pages is
        # neither skipped nor repeated.
        return {
            "PaginationToken": shown[-1]["ResourceARN"] if more else "",
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
            if resource.region == region and _is_shown(resource, types, params):
                yield _row(resource.arn, resource.tags)

    def _get_keys(self, _params: Params, region: str) -> Params:
        rows = [*self._ours({}, region), *_motos({}, region)]
        return {
            "PaginationToken": "",
            "TagKeys": sorted({t["Key"] for r in rows for t in r["Tags"]}),
        }

    def _get_values(self, params: Params, region: str) -> Params:
        rows = [*self._ours({}, region), *_motos({}, region)]
        values = {t["Value"] for r in rows for t in r["Tags"] if t["Key"] == params["Key"]}
        return {"PaginationToken": "", "TagValues": sorted(values)}

    def _tag(self, params: Params, region: str) -> Params:
        others = []
        for arn in params["ResourceARNList"]:
            resource = self._plane.by_arn(arn)
            if resource is None:
                others.append(arn)
            else:
                resource.tags.update(params["Tags"])
        backend = resourcegroupstaggingapi_backends[ACCOUNT][region]
        return {"FailedResourcesMap": backend.tag_resources(others, params["Tags"])}

    def _untag(self, params: Params, region: str) -> Params:
        others = []
        for arn in params["ResourceARNList"]:
            resource = self._plane.by_arn(arn)
            if resource is None:
                others.append(arn)
                continue
            for key in params["TagKeys"]:
                resource.tags.pop(key, None)
        backend = resourcegroupstaggingapi_backends[ACCOUNT][region]
        return {"FailedResourcesMap": backend.untag_resources(others, params["TagKeys"])}


def _is_shown(resource: Resource, types: set[str], params: Params) -> bool:
    if not resource.tags or resource.status == resource.kind.deleted:
        return False
    # "sagemaker" or "sagemaker:endpoint", as the ARN spells it (GetResources).
    kind = resource.arn.split(":", 5)[5].split("/")[0]
    if types and not {"sagemaker", f"sagemaker:{kind}"} & types:
        return False
    return all(
        wanted["Key"] in resource.tags
        and (not wanted.get("Values") or resource.tags[wanted["Key"]] in wanted["Values"])
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

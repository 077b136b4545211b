"""The reads of a scan: one kind's list, or what carries a tag."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError

from cleanup.calls import Caller, Listing
from cleanup.kind import Kind, Row, value

# The Tagging API's largest page (GetResources, ResourcesPerPage), and the most ARNs it takes.
TAGS_PAGE = 100
_TAGGING = "resourcegroupstaggingapi"
# What the JSON protocols answer where a region's service has no such operation: the kind is
# not offered there, so there is nothing to see ("Common errors" of the API references).
_NOT_OFFERED = ("UnknownOperationException", "UnknownOperation")


class UnfinishedError(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """The Tagging API says that there is more, and gives nothing."""

    fmt = "the tags of {region} were not told in full"


def list_kind(
    caller: Caller, region: str, kind: Kind, variant: Row, parent_row: Row | None = None
) -> Listing:
    """All rows of a kind in a region, in one of its variants, or of what lies under one parent.

    The parameters that name the parent are merged into its children's rows.
    """
    given = {}
    if kind.parent and parent_row is not None:
        given = {name: value(parent_row, field) for name, field in kind.parent.given.items()}
    parameters = {**kind.list_with, **variant, **given}
    listing = caller.read_all(
        kind.service, region, kind.list_op, kind.list_key, parameters, page_size=kind.page_size
    )
    problem = "" if listing.problem.startswith(_NOT_OFFERED) else listing.problem
    return Listing([{**given, **row} for row in listing.rows], problem)


def list_tagged(caller: Caller, region: str, tag: str) -> Listing:
    """Every resource of a region that carries a tag, with all its tags."""
    return caller.read_all(
        _TAGGING,
        region,
        "get_resources",
        "ResourceTagMappingList",
        {"TagFilters": [{"Key": tag}]},
        page_size=TAGS_PAGE,
    )


def tags_by_arn(rows: list[dict[str, object]]) -> dict[str, dict[str, str]]:
    """ARN -> tags, of what the Tagging API has returned."""
    return {str(row["ResourceARN"]): plain_tags(row["Tags"]) for row in rows}


def plain_tags(listed: object) -> dict[str, str]:
    """Tags as services list them ([{"Key", "Value"}], ECS and its kin in lower case)."""
    if not isinstance(listed, list):
        return {}
    return {
        str(tag.get("Key", tag.get("key"))): str(tag.get("Value", tag.get("value", "")))
        for tag in listed
    }


def read_tags(caller: Caller, region: str, arns: list[str]) -> dict[str, dict[str, str]]:
    """The present tags of resources; those never tagged are left out.

    Raises what is in `cleanup.calls.FAILURES`, UnfinishedError among it.
    """
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(arns), TAGS_PAGE):
        missing = arns[start : start + TAGS_PAGE]
        while missing:
            answer = caller.read(_TAGGING, region, "get_resources", {"ResourceARNList": missing})
            new = tags_by_arn(answer["ResourceTagMappingList"])
            found |= new
            # There is more, but the token cannot be sent with ARNs (GetResources).
            if not answer.get("PaginationToken"):
                break
            if not new:
                raise UnfinishedError(region=region)
            missing = [arn for arn in missing if arn not in found]
    return found

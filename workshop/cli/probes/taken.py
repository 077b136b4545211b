"""Are the names free that the stacks will give?

What lies in a stack of this workshop is its own. Of the rest only existence counts: whoever
has made it, CloudFormation cannot create it again under the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop import names
from workshop.aws import error_code
from workshop.cli.findings import Finding
from workshop.cli.probes.region import Region
from workshop.model import Attendee

_SHOWN = 5
_LOG_GROUP = "/aws/lambda/"
_BUILD_LOG_GROUP = "/aws/codebuild/"


def own_stacks(region: Region) -> tuple[frozenset[str], list[Finding]]:
    """The workshop's stacks that exist here; and whether others have their names.

    A stack of one of our names must be ours, by its tag.
    """
    workshop = region.workshop
    wanted = {names.shared_stack_name(workshop.name), *_attendee_stacks(region)}
    taken: set[str] = set()
    ours: set[str] = set()
    for page in region.clients["cloudformation"].get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"] in wanted:
                tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
                mine = tags.get(names.TAG_WORKSHOP) == workshop.name
                (ours if mine else taken).add(stack["StackName"])
    if taken:
        finding = region.problem(
            "stack names",
            f"{len(taken)} of the stack names are taken: {_some(taken)}",
            f"these stacks do not carry the tag {names.TAG_WORKSHOP}={workshop.name}",
            "choose another `name` in the YAML",
        )
    else:
        finding = region.found("stack names", f"free, or this workshop's ({len(ours)} exist)")
    return frozenset(ours), [finding]


def _attendee_stacks(region: Region) -> set[str]:
    name = region.workshop.name
    return {names.attendee_stack_name(name, attendee.id) for attendee in region.attendees}


def check_bucket_name(region: Region) -> list[Finding]:
    """Is the name of the workshop's bucket free in all of AWS, or its own?"""
    s3 = region.clients["s3"]
    workshop = region.workshop.name
    bucket = names.bucket_name(workshop, region.account, region.name)
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchBucket", "NotFound"):
            return [region.found("bucket name", f"{bucket} is free")]
        if error_code(error) not in ("403", "301"):
            raise
        return [
            region.problem(
                "bucket name",
                f"the bucket {bucket} belongs to another account",
                "bucket names are global, and HeadBucket is refused there",
                "choose another `name` in the YAML",
            )
        ]
    try:
        found = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        if error_code(error) != "NoSuchTagSet":
            raise
        found = []
    if {tag["Key"]: tag["Value"] for tag in found}.get(names.TAG_WORKSHOP) == workshop:
        return [region.found("bucket name", f"{bucket} is this workshop's")]
    return [
        region.problem(
            "bucket name",
            f"the bucket {bucket} exists and is not this workshop's",
            f"it does not carry the tag {names.TAG_WORKSHOP}={workshop}",
            "choose another `name` in the YAML, or delete the bucket",
        )
    ]


@dataclass(frozen=True, slots=True)
class Search:
    """One kind of thing by whose names the stacks could be refused: how it is listed, and how
    one of them is deleted by hand. `wanted` are the names that are still to be given."""

    kind: str
    wanted: Callable[[Region], set[str]]
    listed: Callable[[Region], Iterable[str]]
    deleted_by: str


def check_names(region: Region, search: Search) -> list[Finding]:
    """Is anything there already under a name that the stacks will give?"""
    subject = f"{search.kind} names"
    wanted = search.wanted(region)
    if not wanted:
        return []
    taken = wanted.intersection(search.listed(region))
    if not taken:
        return [region.found(subject, "free, or this workshop's")]
    return [
        region.problem(
            subject,
            f"{len(taken)} of the {search.kind} names are taken: {_some(taken)}",
            "no stack of this workshop has them, so that CloudFormation would be refused",
            f"choose another `name` in the YAML, or delete them: {search.deleted_by}",
        )
    ]


def _newcomers(region: Region) -> list[Attendee]:
    """The attendees for whom there is no stack of ours yet."""
    assert region.stacks is not None, "asked for names before the stacks are known"
    return [
        attendee
        for attendee in region.attendees
        if names.attendee_stack_name(region.workshop.name, attendee.id) not in region.stacks
    ]


def _environments(region: Region, environment: str) -> set[str]:
    """The environments of a kind that no stack of ours has yet."""
    return {
        names.environment_name(region.workshop.name, attendee.id)
        for attendee in _newcomers(region)
        if environment in ("", attendee.environment)
    }


def _builds(region: Region) -> set[str]:
    """The roles, policies and logs of attendees' image builds, where a module has any."""
    if not region.workshop.builds_images:
        return set()
    return {names.build_name(region.workshop.name, attendee.id) for attendee in _newcomers(region)}


def _shared(region: Region, *what: str) -> set[str]:
    """What the shared stack will name, while it is not there."""
    assert region.stacks is not None, "asked for names before the stacks are known"
    workshop = region.workshop.name
    if names.shared_stack_name(workshop) in region.stacks:
        return set()
    return {names.shared_name(workshop, name) for name in what}


def _roles(region: Region) -> set[str]:
    domain = [f"domain-{region.name}"] if region.makes_domain else []
    shared = _shared(region, f"sweep-{region.name}", *domain)
    return _environments(region, "") | _builds(region) | shared


def _policies(region: Region) -> set[str]:
    shared = _shared(region, f"attendee-{region.name}", f"boundary-{region.name}")
    return _builds(region) | shared


def _functions(region: Region) -> set[str]:
    return _shared(region, "sweep")


def _log_groups(region: Region) -> set[str]:
    builds = {f"{_BUILD_LOG_GROUP}{name}" for name in _builds(region)}
    return {f"{_LOG_GROUP}{name}" for name in _functions(region)} | builds


def _profiles(region: Region) -> set[str]:
    """In a domain of our own there is nobody else."""
    return _environments(region, "studio") if region.name in region.workshop.domains else set()


def _lifecycles(region: Region) -> set[str]:
    """Of notebook instances: a Studio configuration's name carries a hash of its content."""
    some = any(attendee.environment == "notebook" for attendee in region.attendees)
    return _shared(region, "notebook") if some else set()


def _pages(region: Region, service: str, operation: str, **given: Any) -> Iterator[Any]:
    return iter(region.clients[service].get_paginator(operation).paginate(**given))


def _list_roles(region: Region) -> Iterator[str]:
    for page in _pages(region, "iam", "list_roles", MaxItems=1000):
        yield from (role["RoleName"] for role in page["Roles"])


def _list_policies(region: Region) -> Iterator[str]:
    for page in _pages(region, "iam", "list_policies", Scope="Local", MaxItems=1000):
        yield from (policy["PolicyName"] for policy in page["Policies"])


def _list_functions(region: Region) -> Iterator[str]:
    name = names.sweep_function_name(region.workshop.name)
    try:
        region.clients["lambda"].get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        return
    yield name


def _list_log_groups(region: Region) -> Iterator[str]:
    prefixes = [f"{_LOG_GROUP}{names.sweep_function_name(region.workshop.name)}"]
    if region.workshop.builds_images:
        prefixes.append(f"{_BUILD_LOG_GROUP}{region.workshop.name}-")
    for prefix in prefixes:
        for page in _pages(region, "logs", "describe_log_groups", logGroupNamePrefix=prefix):
            yield from (group["logGroupName"] for group in page["logGroups"])


def _list_profiles(region: Region) -> Iterator[str]:
    domain = region.workshop.domains[region.name]
    within = {"DomainIdEquals": domain, "UserProfileNameContains": f"{region.workshop.name}-"}
    for page in _pages(region, "sagemaker", "list_user_profiles", **within):
        yield from (profile["UserProfileName"] for profile in page["UserProfiles"])


def _list_spaces(region: Region) -> Iterator[str]:
    domain = region.workshop.domains[region.name]
    within = {"DomainIdEquals": domain, "SpaceNameContains": f"{region.workshop.name}-"}
    for page in _pages(region, "sagemaker", "list_spaces", **within):
        yield from (space["SpaceName"] for space in page["Spaces"])


def _list_notebooks(region: Region) -> Iterator[str]:
    within = {"NameContains": f"{region.workshop.name}-"}
    for page in _pages(region, "sagemaker", "list_notebook_instances", **within):
        yield from (found["NotebookInstanceName"] for found in page["NotebookInstances"])


def _list_lifecycles(region: Region) -> Iterator[str]:
    within = {"NameContains": names.shared_name(region.workshop.name)}
    operation = "list_notebook_instance_lifecycle_configs"
    for page in _pages(region, "sagemaker", operation, **within):
        for found in page["NotebookInstanceLifecycleConfigs"]:
            yield found["NotebookInstanceLifecycleConfigName"]


SEARCHES = (
    Search("role", _roles, _list_roles, "aws iam delete-role"),
    Search("policy", _policies, _list_policies, "aws iam delete-policy"),
    Search("function", _functions, _list_functions, "aws lambda delete-function"),
    Search("log group", _log_groups, _list_log_groups, "aws logs delete-log-group"),
    Search("user profile", _profiles, _list_profiles, "aws sagemaker delete-user-profile"),
    Search("space", _profiles, _list_spaces, "aws sagemaker delete-space"),
    Search(
        "notebook instance",
        lambda region: _environments(region, "notebook"),
        _list_notebooks,
        "aws sagemaker delete-notebook-instance",
    ),
    Search(
        "lifecycle configuration",
        _lifecycles,
        _list_lifecycles,
        "aws sagemaker delete-notebook-instance-lifecycle-config",
    ),
)


def _some(taken: Iterable[str]) -> str:
    found = sorted(taken)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more

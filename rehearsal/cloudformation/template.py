"""Templates: parsing, what is refused at once, dependencies between resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from moto.cloudformation.utils import yaml_tag_constructor

from rehearsal.errors import ApiError

Template = dict[str, Any]

# What Fn::Sub replaces: ${Name}, and not ${!Literal}.
SUBSTITUTED = re.compile(r"\$\{(!?)([^}]+)\}")


def _construct_text(_loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return node.value


class _TagLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (!Ref, !Sub, ...)."""


_TagLoader.add_multi_constructor(
    "!", lambda loader, suffix, node: yaml_tag_constructor(loader, f"!{suffix}", node)
)
# `2012-10-17` in a policy is text, not a date.
_TagLoader.add_constructor("tag:yaml.org,2002:timestamp", _construct_text)


def validation_error(message: str) -> ApiError:
    """CloudFormation's ValidationError."""
    return ApiError("ValidationError", message)


def parse(body: str) -> Template:
    """Read a template, JSON or YAML. Raises CloudFormation's ValidationError."""
    try:
        template = (
            json.loads(body)
            if body.lstrip().startswith("{")
            else yaml.load(body, Loader=_TagLoader)
        )
    except (ValueError, yaml.YAMLError) as error:
        raise validation_error(f"Template format error: {error}") from error
    if isinstance(template, dict) and template.get("Transform"):
        raise validation_error(
            f"Template error: the local AWS does not have transform {template['Transform']}"
        )
    if not isinstance(template, dict) or not template.get("Resources"):
        raise validation_error(
            "Template format error: At least one Resources member must be defined."
        )
    names = set(template["Resources"]) | set(template.get("Parameters", {}))
    for logical, resource in template["Resources"].items():
        if "Type" not in resource:
            raise validation_error(
                f"Template format error: [/Resources/{logical}] Every Resources object must "
                "contain a Type member."
            )
        _check_policies(logical, resource)
        for name in _mentions(resource):
            if name not in names and not name.startswith("AWS::"):
                raise validation_error(
                    f"Template format error: Unresolved resource dependencies [{name}] in the "
                    "Resources block of the template"
                )
    _refuse_circles(template)
    return template


_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain"),
}
# The types that can leave a snapshot (user guide, "DeletionPolicy attribute").
_WITH_SNAPSHOTS = (
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
)


def _check_policies(logical: str, resource: dict[str, Any]) -> None:
    for name, known in _POLICIES.items():
        policy = resource.get(name, "Delete")
        if policy in known:
            continue
        if not isinstance(policy, str):
            raise validation_error(f"Template format error: Every {name} member must be a string.")
        if policy != "Snapshot":
            raise validation_error(
                f"Template format error: Unrecognized {name} {policy} for resource {logical}"
            )
        if resource["Type"] in _WITH_SNAPSHOTS:
            raise validation_error(f"Template error: the local AWS does not have {name} Snapshot")
        raise validation_error(
            f"Template error: resource type {resource['Type']} does not support deletion policy "
            "Snapshot"
        )


def deletion_policy(resource: Mapping[str, Any]) -> str:
    """A resource's DeletionPolicy."""
    policy: str = resource.get("DeletionPolicy", "Delete")
    return policy


def replacement_policy(resource: Mapping[str, Any]) -> str:
    """What becomes of a resource that another one replaces: UpdateReplacePolicy, and not
    DeletionPolicy (user guide, "UpdateReplacePolicy attribute")."""
    policy: str = resource.get("UpdateReplacePolicy", "Delete")
    return policy


def _refuse_circles(template: Template) -> None:
    waiting = {logical: dependencies(template, logical) for logical in template["Resources"]}
    while ready := [logical for logical, needs in waiting.items() if not needs & waiting.keys()]:
        for logical in ready:
            del waiting[logical]
    if waiting:
        raise validation_error(
            f"Circular dependency between resources: [{', '.join(sorted(waiting))}]"
        )


def dependencies(template: Template, logical: str) -> set[str]:
    """The logical ids of the resources that must exist before this one."""
    resource = template["Resources"][logical]
    named = resource.get("DependsOn", [])
    found = {named} if isinstance(named, str) else set(named)
    found.update(name for name in _mentions(resource) if name in template["Resources"])
    found.discard(logical)
    return found


def _mentions(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _mentions(item)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "Ref" and isinstance(value, str):
            yield value
        elif key == "Fn::GetAtt":
            yield value.split(".")[0] if isinstance(value, str) else value[0]
        elif key == "Fn::Sub":
            yield from _sub_mentions(value)
        elif key != "Metadata":
            yield from _mentions(value)


def _sub_mentions(value: Any) -> Iterator[str]:
    text, local = (value[0], value[1]) if isinstance(value, list) else (value, {})
    for escaped, name in SUBSTITUTED.findall(text):
        if not escaped and name not in local:
            yield name.split(".")[0]
    yield from _mentions(local)

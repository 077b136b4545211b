"""Templates: parsing, dependencies between resources, intrinsic functions."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from moto.cloudformation.utils import yaml_tag_constructor

from rehearsal.errors import ApiError

Template = dict[str, Any]
# (logical id, attribute name or None for Ref) -> value
Lookup = Callable[[str, str | None], Any]

_SUB = re.compile(r"\$\{(!?)([^}]+)\}")
NO_VALUE = object()


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
        for name in _mentions(resource):
            if name not in names and not name.startswith("AWS::"):
                raise validation_error(
                    f"Template format error: Unresolved resource dependencies [{name}] in the "
                    "Resources block of the template"
                )
    _refuse_circles(template)
    return template


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
    for escaped, name in _SUB.findall(text):
        if not escaped and name not in local:
            yield name.split(".")[0]
    yield from _mentions(local)


@dataclass(frozen=True, slots=True)
class Resolver:
    """Evaluates intrinsic functions.

    `lookup` answers Ref and GetAtt of resources, `variables` the parameters and pseudo
    parameters, `exports` the values other stacks of the region export.
    """

    template: Template
    variables: Mapping[str, Any]
    exports: Mapping[str, str]
    zones: tuple[str, ...]
    lookup: Lookup

    def resolve(self, node: Any) -> Any:
        """The node with every function evaluated; members without a value are left out."""
        if isinstance(node, list):
            return [v for v in (self.resolve(item) for item in node) if v is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            function = _FUNCTIONS.get(name)
            if function is not None:
                return function(self, argument)
            if name.startswith("Fn::"):
                raise validation_error(f"Template error: the local AWS does not have {name}")
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        conditions = self.template.get("Conditions", {})
        if name not in conditions:
            raise validation_error(f"Template error: unresolved condition {name}")
        return bool(self._truth(conditions[name]))

    def _truth(self, node: Any) -> bool:
        name, argument = next(iter(node.items()))
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = self.resolve(argument)
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self._truth(argument[0])
        if name == "Fn::And":
            return all(self._truth(item) for item in argument)
        if name == "Fn::Or":
            return any(self._truth(item) for item in argument)
        raise validation_error(f"Template error: the local AWS does not have condition {name}")

    def ref(self, name: str) -> Any:
        """What {"Ref": name} is."""
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.variables:
            return self.variables[name]
        return self.lookup(name, None)

    def attribute(self, argument: Any) -> Any:
        """What {"Fn::GetAtt": argument} is."""
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self.lookup(name, self.resolve(attribute))

    def substitute(self, argument: Any) -> str:
        """What {"Fn::Sub": argument} is."""
        text, local = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})

        def value(match: re.Match[str]) -> str:
            escaped, name = match.groups()
            if escaped:
                return "${" + name + "}"
            if name in local:
                return str(self.resolve(local[name]))
            if "." in name and name not in self.variables:
                return str(self.attribute(name))
            return str(self.ref(name))

        return _SUB.sub(value, text)

    def imported(self, argument: Any) -> str:
        """What {"Fn::ImportValue": argument} is."""
        name = self.resolve(argument)
        if name not in self.exports:
            raise validation_error(f"No export named {name} found.")
        return self.exports[name]


def _if(resolver: Resolver, argument: Any) -> Any:
    name, yes, no = argument
    return resolver.resolve(yes if resolver.condition(name) else no)


def _split(resolver: Resolver, argument: Any) -> list[str]:
    separator, text = argument
    return str(resolver.resolve(text)).split(separator)


def _select(resolver: Resolver, argument: Any) -> Any:
    index, items = argument
    return resolver.resolve(items)[int(resolver.resolve(index))]


def _join(resolver: Resolver, argument: Any) -> str:
    separator, items = argument
    return str(separator).join(str(item) for item in resolver.resolve(items))


def _find(resolver: Resolver, argument: Any) -> Any:
    table, first, second = (resolver.resolve(item) for item in argument)
    return resolver.template["Mappings"][table][first][second]


def _base64(resolver: Resolver, argument: Any) -> str:
    return base64.b64encode(str(resolver.resolve(argument)).encode()).decode()


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Ref": Resolver.ref,
    "Fn::GetAtt": Resolver.attribute,
    "Fn::Sub": Resolver.substitute,
    "Fn::ImportValue": Resolver.imported,
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find,
    "Fn::Base64": _base64,
    "Fn::GetAZs": lambda resolver, _argument: list(resolver.zones),
    "Fn::ToJsonString": lambda resolver, argument: json.dumps(resolver.resolve(argument)),
}

"""Intrinsic functions and conditions of templates."""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation.template import SUBSTITUTED, Template, validation_error

# (logical id, attribute name or None for Ref) -> value
Lookup = Callable[[str, str | None], Any]

NO_VALUE = object()


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
        if isinstance(node, str) and "{{resolve:" in node:
            raise validation_error("Template error: the local AWS does not have {{resolve:...}}")
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

        return SUBSTITUTED.sub(value, text)

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


def _cidr(resolver: Resolver, argument: Any) -> list[str]:
    """Blocks of 2**bits addresses out of a larger one."""
    block, count, *bits = (resolver.resolve(item) for item in argument)
    network = ipaddress.ip_network(str(block), strict=False)
    size = network.max_prefixlen - int(bits[0])
    return [str(part) for part in itertools.islice(network.subnets(new_prefix=size), int(count))]


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
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": lambda resolver, _argument: list(resolver.zones),
    "Fn::ToJsonString": lambda resolver, argument: json.dumps(resolver.resolve(argument)),
}

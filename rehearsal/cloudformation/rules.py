"""A template's Rules: assertions over its parameters, checked before anything is made.

CDK's templates use them to ask for a bootstrap version. The functions are those of the
CloudFormation user guide, "Rules section syntax", but for Fn::RefAll, Fn::ValueOf and
Fn::ValueOfAll, which ask EC2 for its resources.
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation.intrinsics import Resolver
from rehearsal.cloudformation.template import validation_error


def check_rules(resolver: Resolver) -> None:
    """Raise CloudFormation's ValidationError with the description of the first assertion
    that does not hold. (The description is AWS's; the words around it are not confirmed.)"""
    for name, rule in resolver.template.get("Rules", {}).items():
        if "RuleCondition" in rule and not _holds(resolver, rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not _holds(resolver, assertion["Assert"]):
                why = assertion.get("AssertDescription", "")
                raise validation_error(f"Template error: Rule {name} failed: {why}")


def _holds(resolver: Resolver, node: Any) -> bool:
    name, argument = next(iter(node.items()))
    if name == "Fn::Not":
        return not _holds(resolver, argument[0])
    if name == "Fn::And":
        return all(_holds(resolver, item) for item in argument)
    if name == "Fn::Or":
        return any(_holds(resolver, item) for item in argument)
    if name == "Fn::Equals":
        left, right = resolver.resolve(argument)
        return str(left) == str(right)
    if name == "Fn::Contains":
        texts, text = resolver.resolve(argument)
        return str(text) in {str(item) for item in texts}
    if name == "Fn::EachMemberEquals":
        texts, text = resolver.resolve(argument)
        return all(str(item) == str(text) for item in texts)
    if name == "Fn::EachMemberIn":
        texts, allowed = resolver.resolve(argument)
        return {str(item) for item in texts} <= {str(item) for item in allowed}
    raise validation_error(f"Template error: the local AWS does not have {name} in Rules")

"""Say, beside a construct, why a cdk-nag finding on it is meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge AwsSolutions findings on a construct: rule to reason.

    A rule that finds several things takes the granule too: `IAM5[Action::s3:*Object]`.
    With CDK's validation off (`CDK_VALIDATION=false`) nothing reads acknowledgements, and
    making them for a large class would cost a fifth of its synth.
    """
    if os.environ.get("CDK_VALIDATION", "").lower() == "false":
        return
    cdk.Validations.of(construct).acknowledge(
        *(
            cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
            for rule, reason in reasons.items()
        )
    )


def wildcard(resource: str, domain: str = "") -> str:
    """The rule that cdk-nag names for a wildcard resource of a policy.

    `resource` is the ARN with its words; cdk-nag writes them in angle brackets, and an
    imported domain by its export's name.
    """
    text = resource.replace("${Domain}", domain).replace("${", "<").replace("}", ">")
    return f"IAM5[Resource::{text}]"


def every_wildcard(document: Mapping[str, Any]) -> list[str]:
    """The rules that cdk-nag names for all wildcards a policy allows."""
    rules: dict[str, None] = {}
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        for action in _listed(statement["Action"]):
            if "*" in action:
                rules[f"IAM5[Action::{action}]"] = None
        for resource in _listed(statement["Resource"]):
            if "*" in resource:
                rules[wildcard(resource)] = None
    return list(rules)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value

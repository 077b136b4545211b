"""Account, partition and domain inside texts: CDK tokens for the `${...}` words."""

from __future__ import annotations

from functools import cache
from typing import Any

import aws_cdk as cdk

from stacks import policies


def filled(node: Any, domain: str = "") -> Any:
    """A text, or a document of texts, with CDK tokens in place of its words.

    Tokens inside strings cross into CDK's core as they are; an Fn::Sub around every ARN
    would make the synth of a large class a quarter slower.
    """
    return policies.filled(node, {**_aws_words(), "${Domain}": domain})


@cache
def import_value(name: str) -> str:
    """Another stack's export as a token, made once: each call into the core costs time."""
    return cdk.Fn.import_value(name)


@cache
def _aws_words() -> dict[str, str]:
    return {
        "${AWS::Partition}": cdk.Aws.PARTITION,
        "${AWS::AccountId}": cdk.Aws.ACCOUNT_ID,
    }

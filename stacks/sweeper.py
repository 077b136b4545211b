"""The function that sweeps before a stack is deleted, and the resources that call it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from stacks import places, sweeper_policies, tokens
from stacks.acknowledge import acknowledge, every_wildcard
from stacks.function import Code, add_function, trust
from workshop import names
from workshop.model import Workshop

_MEGABYTES = 512
# How long CloudFormation waits for an answer: the most that ServiceTimeout takes
# (AWS::CloudFormation::CustomResource). The function is told by its environment.
SERVICE_SECONDS = 3600


class Sweeper(Construct):
    """The function, with a role and a log group of its own.

    `vpc` is the id of the workshop's own network, if it has one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        region: str,
        code: Code,
        assets_bucket: str,
        vpc: str | None,
    ) -> None:
        super().__init__(scope, id)
        add_function(
            self,
            name=names.sweep_function_name(workshop.name),
            description=f"Workshop {workshop.name}: sweeps before a stack is deleted",
            handler="cleanup.on_delete.handler",
            code=code,
            role=self._add_role(workshop, region, assets_bucket, vpc),
            megabytes=_MEGABYTES,
            variables={
                "WORKSHOP": workshop.name,
                "PROTECTED": json.dumps(sorted(workshop.cleanup.protected)),
                "ASSETS": tokens.filled(assets_bucket),
                "SERVICE_SECONDS": str(SERVICE_SECONDS),
            },
        )

    def _add_role(
        self, workshop: Workshop, region: str, assets_bucket: str, vpc: str | None
    ) -> iam.CfnRole:
        bucket = names.bucket_name(workshop.name, places.ACCOUNT, region)
        document = sweeper_policies.sweep_document(
            workshop.name, region, bucket, assets_bucket, vpc
        )
        name = places.sweep_role_name(workshop.name, region)
        by_tag = sweeper_policies.tagged_document(workshop.name, region)
        tagged = iam.CfnManagedPolicy(
            self,
            "Tagged",
            managed_policy_name=name,
            description="What the sweep before a deletion may do to things of the workshop",
            policy_document=tokens.filled(by_tag),
        )
        role = iam.CfnRole(
            self,
            "Role",
            role_name=name,
            description="Sweeps what a stack of the workshop is about to leave",
            assume_role_policy_document=trust("lambda.amazonaws.com"),
            managed_policy_arns=[tagged.attr_policy_arn],
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="sweep", policy_document=tokens.filled(document)
                )
            ],
        )
        for resource, granted in ((role, document), (tagged, by_tag)):
            acknowledge(
                resource,
                dict.fromkeys(
                    every_wildcard(granted),
                    "Lists take no resource; what is changed bears the workshop's name or tag",
                ),
            )
        return role


def add_sweep(
    scope: Construct,
    id: str,
    *,
    workshop: str,
    region: str,
    what: str,
    attendee: str = "",
    before: Iterable[IConstruct] = (),
) -> cdk.CfnResource:
    """Have something swept when its stack is deleted: `what` as in cleanup.regions.

    CloudFormation deletes it before all of `before`. The function's ARN is a literal, so that
    attendees' stacks need no export for it.
    """
    function = names.sweep_function_name(workshop)
    arn = f"arn:${{AWS::Partition}}:lambda:{region}:{places.ACCOUNT}:function:{function}"
    sweep = cdk.CfnResource(
        scope,
        id,
        type=names.SWEEP_TYPE,
        properties={
            "ServiceToken": tokens.filled(arn),
            "ServiceTimeout": SERVICE_SECONDS,
            "What": what,
            **({"Attendee": attendee} if attendee else {}),
        },
    )
    for other in before:
        sweep.node.add_dependency(other)
    return sweep

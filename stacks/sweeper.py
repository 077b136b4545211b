"""The function that sweeps before a stack is deleted, and the resources that call it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct, IConstruct

from stacks import places, policies, sweeper_policies, tokens
from stacks.acknowledge import acknowledge, every_wildcard
from stacks.lambda_code import build_code
from workshop import names
from workshop.model import Workshop

_RUNTIME = "python3.14"
_SECONDS = 900  # the most that Lambda gives
_MEGABYTES = 512
_LOG_DAYS = 7
# How long CloudFormation waits for an answer: the most that ServiceTimeout takes
# (AWS::CloudFormation::CustomResource). The function is told by its environment.
SERVICE_SECONDS = 3600


class Sweeper(Construct):
    """The function, with a role and a log group of its own.

    The group is made here and nowhere else, so that it goes with the stack: the role may not
    make it anew. `vpc` is the id of the workshop's own network, if it has one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        region: str,
        assets_bucket: str,
        vpc: str | None,
    ) -> None:
        super().__init__(scope, id)
        name = names.sweep_function_name(workshop.name)
        group = logs.CfnLogGroup(
            self, "Log", log_group_name=f"/aws/lambda/{name}", retention_in_days=_LOG_DAYS
        )
        role = self._add_role(workshop, region, assets_bucket, vpc)
        with TemporaryDirectory() as directory:
            code = assets.Asset(self, "Code", path=str(build_code(Path(directory))))
        lambda_.CfnFunction(
            self,
            "Function",
            function_name=name,
            description=f"Workshop {workshop.name}: sweeps before a stack is deleted",
            runtime=_RUNTIME,
            handler="cleanup.on_delete.handler",
            code=lambda_.CfnFunction.CodeProperty(
                s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key
            ),
            role=role.attr_arn,
            timeout=_SECONDS,
            memory_size=_MEGABYTES,
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables={
                    "WORKSHOP": workshop.name,
                    "PROTECTED": json.dumps(sorted(workshop.cleanup.protected)),
                    "ASSETS": tokens.filled(assets_bucket),
                    "SERVICE_SECONDS": str(SERVICE_SECONDS),
                }
            ),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group.ref),
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
            assume_role_policy_document=policies.document(
                [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ]
            ),
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

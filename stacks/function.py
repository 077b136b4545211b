"""What all functions of a region have in common: one archive, a runtime, a log group each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks import policies
from stacks.lambda_code import build_code

RUNTIME = "python3.14"
SECONDS = 900  # the most that Lambda gives
LOG_DAYS = 7

Code = lambda_.CfnFunction.CodeProperty


def add_code(scope: Construct, id: str) -> Code:
    """Add the archive with the code of all functions of a stack, once."""
    with TemporaryDirectory() as directory:
        # CDK copies the asset into its own output at once.
        asset = assets.Asset(scope, id, path=str(build_code(Path(directory))))
    return Code(s3_bucket=asset.s3_bucket_name, s3_key=asset.s3_object_key)


def add_function(
    scope: Construct,
    *,
    name: str,
    description: str,
    handler: str,
    code: Code,
    role: iam.CfnRole,
    megabytes: int,
    variables: Mapping[str, str],
) -> lambda_.CfnFunction:
    """Add a function and its log group, as "Function" and "Log" of a construct.

    The group is made here and nowhere else, so that it goes with the stack: the role may not
    make it anew.
    """
    group = logs.CfnLogGroup(
        scope, "Log", log_group_name=f"/aws/lambda/{name}", retention_in_days=LOG_DAYS
    )
    return lambda_.CfnFunction(
        scope,
        "Function",
        function_name=name,
        description=description,
        runtime=RUNTIME,
        handler=handler,
        code=code,
        role=role.attr_arn,
        timeout=SECONDS,
        memory_size=megabytes,
        environment=lambda_.CfnFunction.EnvironmentProperty(variables=dict(variables)),
        logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=group.ref),
    )


def trust(service: str, condition: Mapping[str, Any] | None = None) -> policies.Document:
    """A service may take a role, under a condition if there is one."""
    statement: policies.Statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition is not None:
        statement["Condition"] = condition
    return policies.document([statement])

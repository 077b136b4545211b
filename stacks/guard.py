"""The guard of a region: the function, what it remembers, whom it tells, and its schedule."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from costs.prices import Prices
from guard.policy import PERIOD, freeze
from stacks import guard_policies, places, policies, tokens
from stacks.acknowledge import acknowledge, every_wildcard
from stacks.function import Code, add_function, trust
from workshop import names
from workshop.model import Workshop

# Looks at a class of hundreds are held in memory, and CPU comes with it.
_MEGABYTES = 1024
# What was not begun or failed is not made up for once the next run is due.
_RETRIES = 1
_AGE_SECONDS = int(PERIOD.total_seconds()) - 60


class Guard(Construct):
    """The function with a role and a log group, its ledger, and the topic of its notices.

    All of it goes with the stack. It works once it is invoked: see `GuardSchedule`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        region: str,
        code: Code,
        bucket: str,
    ) -> None:
        super().__init__(scope, id)
        _add_ledger(self, names.ledger_name(workshop.name))
        _add_topic(self, workshop)
        self.function = add_function(
            self,
            name=names.guard_name(workshop.name),
            description=f"Workshop {workshop.name}: stops what nobody uses, or all at the end",
            handler="guard.handler.handler",
            code=code,
            role=_add_role(self, workshop, region, bucket),
            megabytes=_MEGABYTES,
            variables={"WORKSHOP": workshop.name},
        )
        lambda_.CfnEventInvokeConfig(
            self,
            "Invocations",
            function_name=self.function.ref,
            qualifier="$LATEST",
            maximum_retry_attempts=_RETRIES,
            maximum_event_age_in_seconds=_AGE_SECONDS,
        )


class GuardSchedule(Construct):
    """Invokes the guard, every time with its policy.

    The stack's deletion must take this first, so that no guard works beside a sweep.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        region: str,
        guard: Guard,
        prices: Prices,
    ) -> None:
        super().__init__(scope, id)
        invoke = guard_policies.invoke_document(workshop.name, region)
        role = iam.CfnRole(
            self,
            "Role",
            role_name=places.guard_schedule_role_name(workshop.name, region),
            description="Invokes the guard of the workshop",
            # "Confused deputy prevention in EventBridge Scheduler" (user guide).
            assume_role_policy_document=trust(
                "scheduler.amazonaws.com",
                {"StringEquals": {"aws:SourceAccount": tokens.filled(policies.ACCOUNT)}},
            ),
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="invoke", policy_document=tokens.filled(invoke)
                )
            ],
        )
        schedule = scheduler.CfnSchedule
        schedule(
            self,
            "Schedule",
            name=names.guard_name(workshop.name),
            description=f"Workshop {workshop.name}: when its guard looks",
            state="ENABLED",
            schedule_expression=f"rate({int(PERIOD.total_seconds()) // 60} minutes)",
            flexible_time_window=schedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=schedule.TargetProperty(
                arn=guard.function.attr_arn,
                role_arn=role.attr_arn,
                input=json.dumps({"policy": freeze(workshop, region, prices)}, sort_keys=True),
                retry_policy=schedule.RetryPolicyProperty(
                    maximum_retry_attempts=_RETRIES, maximum_event_age_in_seconds=_AGE_SECONDS
                ),
            ),
        )


def _add_ledger(scope: Construct, name: str) -> None:
    table = dynamodb.CfnTable(
        scope,
        "Ledger",
        table_name=name,
        billing_mode="PAY_PER_REQUEST",
        attribute_definitions=[
            dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=key, attribute_type="S")
            for key in ("pk", "sk")
        ],
        key_schema=[
            dynamodb.CfnTable.KeySchemaProperty(attribute_name="pk", key_type="HASH"),
            dynamodb.CfnTable.KeySchemaProperty(attribute_name="sk", key_type="RANGE"),
        ],
    )
    table.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
    acknowledge(
        table,
        {
            "DDB3": "A deleted table with point-in-time recovery leaves a backup for 35 days; "
            "this one lives for a workshop's days, and all that runs is found without it"
        },
    )


def _add_topic(scope: Construct, workshop: Workshop) -> None:
    topic = sns.CfnTopic(scope, "Notices", topic_name=names.notices_name(workshop.name))
    acknowledge(
        topic,
        {"SNS3": "The guard alone publishes, through an SDK that speaks HTTPS"},
    )
    for address in sorted(workshop.guard.notify):
        # Of its own: subscriptions inside a topic outlive it (CloudFormation reference,
        # AWS::SNS::Topic, "Subscription").
        sns.CfnSubscription(
            scope,
            f"Notice-{address}",
            topic_arn=topic.ref,
            protocol="email",
            endpoint=address,
        )


def _add_role(scope: Construct, workshop: Workshop, region: str, bucket: str) -> iam.CfnRole:
    regions = tuple(r for r in workshop.regions if workshop.attendees_in(r))
    after_end = workshop.cleanup.after_end
    document = guard_policies.guard_document(workshop.name, region, regions, bucket, after_end)
    by_tag = guard_policies.tagged_document(workshop.name, region, after_end)
    name = places.guard_role_name(workshop.name, region)
    tagged = iam.CfnManagedPolicy(
        scope,
        "Tagged",
        managed_policy_name=name,
        description="What the guard may do to things of the workshop",
        policy_document=tokens.filled(by_tag),
    )
    role = iam.CfnRole(
        scope,
        "Role",
        role_name=name,
        description="Stops what nobody of the workshop uses",
        assume_role_policy_document=trust("lambda.amazonaws.com"),
        managed_policy_arns=[tagged.attr_policy_arn],
        policies=[
            iam.CfnRole.PolicyProperty(policy_name="guard", policy_document=tokens.filled(document))
        ],
    )
    for resource, granted in ((role, document), (tagged, by_tag)):
        acknowledge(
            resource,
            dict.fromkeys(
                every_wildcard(granted),
                "Lists take no resource; what it ends bears the workshop's name or tag",
            ),
        )
    return role

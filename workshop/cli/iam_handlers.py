"""The IAM statements for what CloudFormation does with the caller's rights."""

from __future__ import annotations

from workshop.cli import iam_actions
from workshop.cli.iam_actions import by_verb
from workshop.cli.iam_writer import ALL, Statement, Writer, account_reads, allow, both

_READS = ("Describe", "Get", "List")
_INTERFACE = "NetworkInterface"
# Of requests that CloudFormation makes with the caller's rights (IAM user guide, "AWS global
# condition context keys", aws:CalledVia). What stacks there are is limited by their names.
_VIA_STACKS = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}


def handler_statements(w: Writer, *handlers: str) -> list[Statement]:
    """What CloudFormation does with the caller's rights for a template's resources."""
    actions = [
        action
        for action in iam_actions.handler_actions(*handlers)
        if action not in ("iam:PassRole", "iam:CreateServiceLinkedRole")
    ]

    def of(service: str, *, read: bool | None = None) -> list[str]:
        return [
            action
            for action in actions
            if action.startswith(f"{service}:")
            and (read is None or action.partition(":")[2].startswith(_READS) == read)
        ]

    # An object's own reads are granted with the assets.
    buckets = [a for a in of("s3") if a not in ("s3:GetObject", "s3:GetObjectVersion")]
    return [
        allow("StudioAndNotebooks", of("sagemaker", read=False), w.own()),
        # A domain's id is made up by AWS: its tags say whose it is.
        allow(
            "NewDomain",
            [a for a in of("sagemaker") if a.endswith(":CreateDomain")],
            w.arn("sagemaker", "domain/*"),
            w.tagged("aws:RequestTag"),
        ),
        # Only while one is made: nobody else's becomes ours by a tag (sagemaker:TaggingAction,
        # service authorization reference of SageMaker).
        allow(
            "NewDomainsTags",
            [a for a in of("sagemaker") if a.endswith(":AddTags") and "create" in handlers],
            w.arn("sagemaker", "domain/*"),
            both(
                w.tagged("aws:RequestTag"),
                {"StringEquals": {"sagemaker:TaggingAction": "CreateDomain"}},
            ),
        ),
        allow(
            "OwnDomain",
            [
                a
                for a in of("sagemaker", read=False)
                if a.endswith(("DeleteDomain", "UpdateDomain", "Tags"))
            ],
            w.arn("sagemaker", "domain/*"),
            w.tagged(),
        ),
        account_reads(),
        allow("NetworksAreListedTogether", of("ec2", read=True), ALL),
        # Changed by the workshop's own stacks alone. A tag would not do: the handlers do not say
        # whether they set it with the creation, or after what else they change.
        allow(
            "AwsMakesUpNetworkIds",
            [a for a in of("ec2", read=False) if _INTERFACE not in a],
            ALL,
            _VIA_STACKS,
        ),
        # SageMaker makes them for notebook instances, without tags, and with the caller's rights.
        allow(
            "InterfacesOfNotebooks",
            [a for a in of("ec2", read=False) if _INTERFACE in a],
            [
                w.arn("ec2", f"{kind}/*")
                for kind in ("network-interface", "security-group", "subnet")
            ],
        ),
        allow("Roles", of("iam"), [w.iam("role"), w.iam("policy")]),
        allow(
            "RolesForServices",
            ["iam:PassRole"],
            w.iam("role"),
            {
                "StringEquals": {
                    "iam:PassedToService": [
                        f"{name}.amazonaws.com"
                        for name in ("codebuild", "lambda", "sagemaker", "scheduler")
                    ]
                }
            },
        ),
        allow(
            "SageMakersOwnRole",
            ["iam:CreateServiceLinkedRole"],
            ALL,
            {"StringEquals": {"iam:AWSServiceName": "sagemaker.amazonaws.com"}},
        ),
        allow(
            "HandlersOfFunctions",
            by_verb(of("lambda")),
            w.arn("lambda", f"function:{w.workshop}-*"),
        ),
        allow(
            "HandlersOfLogs",
            by_verb(of("logs", read=False)),
            [
                w.arn("logs", f"log-group:/aws/{service}/{w.workshop}-*")
                for service in ("codebuild", "lambda")
            ],
        ),
        allow("LogsAreListedTogether", by_verb(of("logs", read=True)), ALL),
        allow("HandlersOfBuilds", of("codebuild"), w.arn("codebuild", f"project/{w.workshop}-*")),
        allow(
            "HandlersOfTheLedger",
            by_verb(of("dynamodb")),
            w.arn("dynamodb", f"table/{w.workshop}-*"),
        ),
        # A topic, and its subscriptions by the topic's name.
        allow("HandlersOfNotices", by_verb(of("sns")), w.arn("sns", f"{w.workshop}-*")),
        allow(
            "HandlersOfTheSchedule",
            of("scheduler"),
            w.arn("scheduler", f"schedule/default/{w.workshop}-*"),
        ),
        allow("HandlersOfTheBucket", by_verb(buckets), w.bucket(f"{w.workshop}-*")),
    ]

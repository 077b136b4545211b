"""The IAM statements for `workshop guard` and `workshop extend`."""

from __future__ import annotations

from collections.abc import Iterable

from workshop import names
from workshop.cli.iam_writer import ALL, Statement, Writer, allow


def ledgers(w: Writer) -> str:
    """The guards' tables."""
    return w.arn("dynamodb", f"table/{names.ledger_name(w.workshop)}")


def guard(w: Writer, sweep: Iterable[Statement]) -> list[Statement]:
    """What one run of the guard takes besides a sweep's statements, and what its log does."""
    group = f"log-group:/aws/lambda/{names.guard_name(w.workshop)}"
    return [
        *(statement for statement in sweep if statement["Sid"] != "AuditLog"),
        _schedules(w),
        allow(
            "LedgersAreWritten",
            [
                *("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem"),
                *("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
            ],
            ledgers(w),
        ),
        allow(
            "Doors",
            ["iam:TagRole", "iam:UntagRole"],
            w.iam("role"),
            {"ForAllValues:StringEquals": {"aws:TagKeys": [names.TAG_STOPPED]}},
        ),
        allow("Notices", ["sns:Publish"], w.arn("sns", names.notices_name(w.workshop))),
        allow("MetricsTakeNoResource", ["cloudwatch:GetMetricData"], ALL),
        allow("Activity", ["s3:GetObject"], w.bucket(f"{w.workshop}-*", "*")),
        # What is allowed of a group's streams has another ARN than the group.
        allow(
            "GuardsLog",
            ["logs:FilterLogEvents"],
            [w.arn("logs", group), w.arn("logs", f"{group}:*")],
        ),
    ]


def extend(w: Writer) -> list[Statement]:
    """What reads the deployed end and writes another one."""
    return [
        allow("AsWhom", ["sts:GetCallerIdentity"], ALL),
        _schedules(w),
        allow(
            "LedgersAreWritten",
            ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"],
            ledgers(w),
        ),
    ]


def _schedules(w: Writer) -> Statement:
    schedule = f"schedule/default/{names.guard_name(w.workshop)}"
    return allow("Schedules", ["scheduler:GetSchedule"], w.arn("scheduler", schedule))

"""What the guard may do: look at everything that bills, end what bills by the hour, remember."""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds import BY_NAME, KINDS
from stacks import kind_statements, policies
from stacks.kind_statements import action, allow, arn, bucket_arn
from workshop import names
from workshop.model import AfterEnd

# What says since when things run, on what, and how large their volumes are (cleanup.machines,
# cleanup.lifetimes; tests/synth/test_guard.py holds it against what they call).
_DESCRIBES = (
    "describe_cluster",
    "describe_endpoint",
    "describe_endpoint_config",
    "describe_notebook_instance",
    "describe_processing_job",
    "describe_training_job",
    "describe_transform_job",
)
_LEDGER = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")


def guard_document(
    workshop: str, region: str, regions: tuple[str, ...], bucket: str, after_end: AfterEnd
) -> policies.Document:
    """What the guard of a region has inline.

    Lists, metrics and tags take no resource. What it ends bears a name of the workshop's, or
    its tag (see `tagged_document`), or belongs to one of its user profiles. `regions` are those
    that the workshop has attendees in, `bucket` is the workshop's.
    """
    # A sweep of all that attendees made looks for everything.
    looked_for = KINDS if after_end == "delete" else billing_kinds()
    return policies.document(
        [
            allow("Lists", kind_statements.reads(looked_for), "*"),
            allow("Tags", ["tag:GetResources"], "*"),
            allow("Stacks", ["cloudformation:ListStacks"], "*"),
            allow("Metrics", ["cloudwatch:GetMetricData"], "*"),
            *kind_statements.ours_by_name(workshop, region, _on_ours(after_end)),
            # A space's name may be anything, and whose it is IAM does not tell of reads
            # (service authorization reference of SageMaker, DescribeSpace).
            allow("Spaces", ["sagemaker:DescribeSpace"], arn("sagemaker", region, "space/*")),
            *_activity(bucket),
            *_ledger(workshop, region, regions),
            _doors(workshop),
            allow("Notices", ["sns:Publish"], arn("sns", region, names.notices_name(workshop))),
            kind_statements.own_log(region, names.guard_name(workshop)),
        ]
    )


def tagged_document(workshop: str, region: str, after_end: AfterEnd) -> policies.Document:
    """What it may do to SageMaker's things that bear the workshop's tag and any name.

    A document of its own, since both together pass the limit of what a role has inline.
    """
    return policies.document([kind_statements.ours_by_tag(workshop, region, _on_ours(after_end))])


def invoke_document(workshop: str, region: str) -> policies.Document:
    """What the guard's schedule may do: invoke it."""
    return policies.document([kind_statements.go_on(region, names.guard_name(workshop))])


def billing_kinds() -> tuple[Kind, ...]:
    """The kinds that bill, and those under which they are listed."""
    wanted = {kind.name for kind in KINDS if kind.bills}
    while more := {p.kind for name in wanted if (p := BY_NAME[name].parent)} - wanted:
        wanted |= more
    return tuple(kind for kind in KINDS if kind.name in wanted)


def _on_ours(after_end: AfterEnd) -> list[str]:
    """What it reads of the workshop's things and how it ends them. What deletes more than what
    bills by the hour is granted only where the workshop asks for it."""
    hourly = (kind for kind in KINDS if kind.bills == "hour")
    delete = kind_statements.changes("sagemaker") if after_end == "delete" else ()
    describes = (action("sagemaker", operation) for operation in _DESCRIBES)
    return sorted({*kind_statements.stops(hourly), *delete, *describes})


def _activity(bucket: str) -> list[policies.Statement]:
    """When environments were last used, as they say themselves."""
    return [
        allow("Activity", ["s3:GetObject"], f"{bucket_arn(bucket)}/{names.activity_key('*')}"),
        # Without it an object that is not there yet reads as one that may not be read
        # (GetObject, API reference, "Permissions").
        allow("Absence", ["s3:ListBucket"], bucket_arn(bucket)),
    ]


def _doors(workshop: str) -> policies.Statement:
    """One tag on attendees' roles, which their boundary heeds, and no other tag."""
    return allow(
        "Doors",
        ["iam:TagRole", "iam:UntagRole"],
        policies.workshop_roles(workshop),
        {"ForAllValues:StringEquals": {"aws:TagKeys": [names.TAG_STOPPED]}},
    )


def _ledger(workshop: str, region: str, regions: tuple[str, ...]) -> list[policies.Statement]:
    """Its own table, and what the guards of the other regions have spent."""
    table = f"table/{names.ledger_name(workshop)}"
    own = allow("Ledger", [f"dynamodb:{name}" for name in _LEDGER], arn("dynamodb", region, table))
    others = [arn("dynamodb", other, table) for other in regions if other != region]
    return [own, allow("Elsewhere", ["dynamodb:GetItem"], others)] if others else [own]

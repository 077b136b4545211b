"""What deletion leaves behind elsewhere: objects in the workshop's bucket, log streams."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop.aws import Clients, error_code
from workshop.errors import WorkshopError
from workshop.names import attendee_prefix, environment_name

# Groups that all jobs and instances of an account share: only our streams in them are ours
# (developer guide, "Log Amazon SageMaker events with CloudWatch").
_SHARED_GROUPS = (
    "/aws/sagemaker/TrainingJobs",
    "/aws/sagemaker/TransformJobs",
    "/aws/sagemaker/ProcessingJobs",
    "/aws/sagemaker/NotebookInstances",
)
_ENDPOINT_GROUPS = "/aws/sagemaker/Endpoints/"
# "The request can contain a list of up to 1,000 keys" (DeleteObjects, API reference).
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something to remove: a bucket's objects, a log group, a log stream."""

    kind: str
    region: str
    name: str


def find_log_leftovers(
    workshop: str, attendees: Collection[str], region: str, clients: Clients
) -> list[Leftover]:
    """The log groups and streams of the attendees' jobs, endpoints and instances."""
    logs = clients("logs", region)
    found: list[Leftover] = []
    for attendee in sorted(attendees):
        prefix = attendee_prefix(workshop, attendee)
        found += [
            Leftover("log-group", region, name)
            for name in _groups(logs, f"{_ENDPOINT_GROUPS}{prefix}")
        ]
    owned = tuple(
        start
        for name in attendees
        for start in (f"{environment_name(workshop, name)}/", attendee_prefix(workshop, name))
    )
    for group in _SHARED_GROUPS:
        for stream in _streams(logs, group, f"{workshop}-"):
            if stream.startswith(owned):
                found.append(Leftover("log-stream", region, f"{group}:{stream}"))
    return found


def remove_log_leftovers(leftovers: Iterable[Leftover], clients: Clients) -> int:
    """Delete log groups and streams; returns how many there were."""
    count = 0
    for leftover in leftovers:
        logs = clients("logs", leftover.region)
        try:
            if leftover.kind == "log-group":
                logs.delete_log_group(logGroupName=leftover.name)
            else:
                group, _, stream = leftover.name.partition(":")
                logs.delete_log_stream(logGroupName=group, logStreamName=stream)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
        count += 1
    return count


def _groups(logs: Any, prefix: str) -> Iterator[str]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return (group["logGroupName"] for page in pages for group in page["logGroups"])


def _streams(logs: Any, group: str, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, logStreamNamePrefix=prefix
    )
    try:
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return []
        raise


def _raise_refused(bucket: str, errors: list[dict[str, str]]) -> None:
    # DeleteObjects answers 200 even when it deleted nothing.
    if errors:
        first = errors[0]
        raise WorkshopError(
            f"{len(errors)} objects of {bucket} could not be deleted",
            f"{first.get('Key')}: {first.get('Code')}: {first.get('Message')}",
            "look for a retention setting or a bucket policy, then run the command again",
        )


def count_objects(bucket: str, region: str, clients: Clients) -> int | None:
    """How many object versions and delete markers a bucket holds; None without the bucket."""
    s3 = clients("s3", region)
    try:
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        return sum(len(p.get("Versions", [])) + len(p.get("DeleteMarkers", [])) for p in pages)
    except ClientError as error:
        if error_code(error) in ("NoSuchBucket", "404"):
            return None
        raise


def empty_bucket(bucket: str, region: str, clients: Clients, *, prefix: str = "") -> int:
    """Delete all versions, delete markers and unfinished uploads; returns how many objects.

    With `prefix`, only keys that begin with it. A bucket that does not exist is empty.
    Raises WorkshopError when S3 keeps an object.
    """
    s3 = clients("s3", region)
    try:
        pages = list(
            s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        )
    except ClientError as error:
        if error_code(error) in ("NoSuchBucket", "404"):
            return 0
        raise
    objects = [
        {"Key": row["Key"], "VersionId": row["VersionId"]}
        for page in pages
        for row in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
    ]
    for start in range(0, len(objects), _BATCH):
        batch = objects[start : start + _BATCH]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        _raise_refused(bucket, answer.get("Errors", []))
    uploads = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    for upload in [u for page in uploads for u in page.get("Uploads", [])]:
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return len(objects)

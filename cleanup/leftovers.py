"""What deletion leaves behind elsewhere: objects in the workshop's bucket, log streams."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from workshop.aws import Clients, error_code
from workshop.errors import WorkshopError
from workshop.names import TAG_WORKSHOP, owner_by_name

# Groups that all jobs, instances and apps of an account share: only our streams are ours. The
# place in a stream's name, between slashes, that holds the job's, instance's or space's name
# (developer guide, "Log Amazon SageMaker events with CloudWatch", and for spaces "Debug
# lifecycle configurations": DOMAIN/SPACE/JupyterLab/default/LifecycleConfigOnStart).
_SHARED_GROUPS = {
    "/aws/sagemaker/TrainingJobs": 0,
    "/aws/sagemaker/TransformJobs": 0,
    "/aws/sagemaker/ProcessingJobs": 0,
    "/aws/sagemaker/NotebookInstances": 0,
    "/aws/sagemaker/studio": 1,
}
_ENDPOINT_GROUPS = "/aws/sagemaker/Endpoints/"
# "The request can contain a list of up to 1,000 keys" (DeleteObjects, API reference).
_BATCH = 1000
# An upload takes a call of its own to abort.
_UPLOADS = 50
_NO_BUCKET = ("NoSuchBucket", "404")


# Whether a key is ours.
IsOwn = Callable[[str], bool]
# Versions or uploads of one page of a listing, as the operation that removes them takes them.
Page = list[dict[str, str]]


def _any_key(_key: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Leftover:
    """A log group, or a log stream named GROUP:STREAM, to remove."""

    kind: Literal["log-group", "log-stream"]
    region: str
    name: str


def find_log_leftovers(
    workshop: str, attendees: Collection[str], region: str, clients: Clients
) -> list[Leftover]:
    """The log groups and streams of the attendees' jobs, endpoints, instances and apps.

    The number of calls depends on groups and pages, not on attendees. Raises ClientError.
    """
    logs = clients("logs", region)
    found = [
        Leftover("log-group", region, group)
        for group in _groups(logs, f"{_ENDPOINT_GROUPS}{workshop}-")
        if owner_by_name(workshop, group.removeprefix(_ENDPOINT_GROUPS)) in attendees
    ]
    for group, place in _SHARED_GROUPS.items():
        # Where the name comes first, the service can leave out everybody else's.
        for stream in _streams(logs, group, f"{workshop}-" if place == 0 else ""):
            parts = stream.split("/")
            if len(parts) > place and owner_by_name(workshop, parts[place]) in attendees:
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
    parameters = {"logGroupName": group}
    if prefix:
        parameters["logStreamNamePrefix"] = prefix
    try:
        pages = logs.get_paginator("describe_log_streams").paginate(**parameters)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return []
        raise


def is_own_bucket(workshop: str, bucket: str, region: str, clients: Clients) -> bool:
    """Whether a bucket carries the workshop's tag; False also when it does not exist."""
    try:
        found = clients("s3", region).get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        if error_code(error) in (*_NO_BUCKET, "NoSuchTagSet"):
            return False
        raise
    return {"Key": TAG_WORKSHOP, "Value": workshop} in found


def count_objects(
    bucket: str,
    region: str,
    clients: Clients,
    *,
    prefix: str = "",
    is_own: IsOwn = _any_key,
) -> int | None:
    """How many object versions, delete markers and unfinished uploads a bucket holds.

    Only of keys that begin with `prefix` and are ours. None when there is no such bucket.
    """
    s3 = clients("s3", region)
    try:
        return sum(
            len(page)
            for pages in (
                _versions(s3, bucket, prefix, is_own),
                _uploads(s3, bucket, prefix, is_own),
            )
            for page in pages
        )
    except ClientError as error:
        if error_code(error) in _NO_BUCKET:
            return None
        raise


def empty_bucket(
    bucket: str,
    region: str,
    clients: Clients,
    *,
    prefix: str = "",
    is_own: IsOwn = _any_key,
) -> int:
    """Delete all versions, delete markers and unfinished uploads; returns how many.

    Only of keys that begin with `prefix` and are ours. A bucket that does not exist is empty.
    Raises WorkshopError when S3 keeps an object.
    """
    return sum(delete_objects(bucket, region, clients, prefix=prefix, is_own=is_own))


def delete_objects(
    bucket: str,
    region: str,
    clients: Clients,
    *,
    prefix: str = "",
    is_own: IsOwn = _any_key,
) -> Iterator[int]:
    """Empty a bucket as `empty_bucket` does, page by page: yields how many each one held.

    No more than two pages are in memory, and whoever stops asking stops deleting: what is left is
    found by the next call. A page is about a second's work.
    """
    s3 = clients("s3", region)
    try:
        for objects in _one_ahead(_versions(s3, bucket, prefix, is_own)):
            if objects:
                answer = s3.delete_objects(
                    Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
                )
                _raise_refused(bucket, answer.get("Errors", []))
            yield len(objects)
        for uploads in _one_ahead(_uploads(s3, bucket, prefix, is_own)):
            for upload in uploads:
                s3.abort_multipart_upload(Bucket=bucket, **upload)
            yield len(uploads)
    except ClientError as error:
        if error_code(error) not in _NO_BUCKET:
            raise


def _one_ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """The same pages, each when the next one is there: that is asked for by this one's last
    key, which is to be deleted."""
    page = next(pages, None)
    while page is not None:
        following = next(pages, None)
        yield page
        page = following


def _versions(s3: Any, bucket: str, prefix: str, is_own: IsOwn) -> Iterator[Page]:
    """Pages of what one DeleteObjects takes."""
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _BATCH}
    )
    for page in pages:
        yield [
            {"Key": row["Key"], "VersionId": row["VersionId"]}
            for row in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            if is_own(row["Key"])
        ]


def _uploads(s3: Any, bucket: str, prefix: str, is_own: IsOwn) -> Iterator[Page]:
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _UPLOADS}
    )
    for page in pages:
        yield [
            {"Key": row["Key"], "UploadId": row["UploadId"]}
            for row in page.get("Uploads", [])
            if is_own(row["Key"])
        ]


def _raise_refused(bucket: str, errors: list[dict[str, str]]) -> None:
    # DeleteObjects answers 200 even when it deleted nothing.
    if errors:
        first = errors[0]
        raise WorkshopError(
            f"{len(errors)} objects of {bucket} could not be deleted",
            f"{first.get('Key')}: {first.get('Code')}: {first.get('Message')}",
            "look for a retention setting or a bucket policy, then run the command again",
        )

"""What deletion leaves behind, in moto's S3 and CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cleanup.leftovers import (
    count_objects,
    delete_objects,
    empty_bucket,
    find_log_leftovers,
    is_own_bucket,
    remove_log_leftovers,
)
from workshop.aws import Clients
from workshop.errors import WorkshopError
from workshop.names import owner_by_name

REGION = "us-east-1"
BUCKET = "ml101-123456789012-us-east-1"
ATTENDEES = {"ann", "bob"}
OURS = {
    "/aws/sagemaker/TrainingJobs:ml101-ann-xgb/algo-1-1700000000",
    "/aws/sagemaker/TransformJobs:ml101-bob-t/i-0",
    "/aws/sagemaker/NotebookInstances:ml101-ann/jupyter.log",
    "/aws/sagemaker/studio:d-1/ml101-ann/JupyterLab/default/LifecycleConfigOnStart",
}
FOREIGN = {
    "/aws/sagemaker/TrainingJobs:ml101-annette-xgb/algo-1-1700000000",
    "/aws/sagemaker/TrainingJobs:ml1011-ann-xgb/algo-1-1700000000",
    "/aws/sagemaker/TrainingJobs:demo/ml101-ann-xgb",
    "/aws/sagemaker/NotebookInstances:ml101-annette/jupyter.log",
    "/aws/sagemaker/studio:d-1/jane/JupyterLab/default",
    "/aws/sagemaker/studio:ml101-ann",
}


@pytest.fixture
def clients() -> Iterator[Clients]:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    with mock_aws():
        session = boto3.Session(**keys)
        yield cache(lambda service, region: session.client(service, region_name=region))


@pytest.fixture
def s3(clients: Clients) -> Any:
    client = clients("s3", REGION)
    client.create_bucket(Bucket=BUCKET)
    return client


def put_streams(logs: Any, names: set[str]) -> None:
    for name in sorted(names):
        group, _, stream = name.partition(":")
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


def streams(logs: Any) -> set[str]:
    groups = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
    return {
        f"{group}:{stream['logStreamName']}"
        for group in groups
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
    }


def test_own_log_streams_go_and_a_neighbours_stay(clients: Clients) -> None:
    logs = clients("logs", REGION)
    put_streams(logs, OURS | FOREIGN)

    found = find_log_leftovers("ml101", ATTENDEES, REGION, clients)

    assert {leftover.name for leftover in found} == OURS
    assert remove_log_leftovers(found, clients) == len(OURS)
    assert streams(logs) == FOREIGN
    assert find_log_leftovers("ml101", ATTENDEES, REGION, clients) == []


def test_an_own_endpoints_log_group_goes_whole(clients: Clients) -> None:
    logs = clients("logs", REGION)
    start = "/aws/sagemaker/Endpoints/"
    for name in ("ml101-ann-xgb", "ml101-annette-xgb", "ml1011-ann-xgb"):
        logs.create_log_group(logGroupName=start + name)

    found = find_log_leftovers("ml101", ATTENDEES, REGION, clients)
    remove_log_leftovers(found, clients)

    assert [leftover.kind for leftover in found] == ["log-group"]
    left = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
    assert left == [f"{start}ml101-annette-xgb", f"{start}ml1011-ann-xgb"]


def test_a_log_leftover_that_somebody_else_removed_is_no_failure(clients: Clients) -> None:
    put_streams(clients("logs", REGION), OURS)
    found = find_log_leftovers("ml101", ATTENDEES, REGION, clients)
    remove_log_leftovers(found, clients)

    assert remove_log_leftovers(found, clients) == len(OURS)


def test_an_account_without_any_log_group_has_no_leftovers(clients: Clients) -> None:
    assert find_log_leftovers("ml101", ATTENDEES, REGION, clients) == []


def test_versions_delete_markers_and_unfinished_uploads_all_go(clients: Clients, s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=BUCKET, Key="attendees/ann/model.tar.gz", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="attendees/ann/model.tar.gz")
    s3.create_multipart_upload(Bucket=BUCKET, Key="attendees/ann/big.csv")

    assert count_objects(BUCKET, REGION, clients) == 4
    assert empty_bucket(BUCKET, REGION, clients) == 4
    assert count_objects(BUCKET, REGION, clients) == 0
    s3.delete_bucket(Bucket=BUCKET)  # S3 deletes only an empty one


def test_more_objects_than_one_request_takes_all_go(clients: Clients, s3: Any) -> None:
    for number in range(1001):
        s3.put_object(Bucket=BUCKET, Key=f"attendees/ann/{number}", Body=b"")

    assert empty_bucket(BUCKET, REGION, clients) == 1001
    assert count_objects(BUCKET, REGION, clients) == 0


def test_whoever_stops_asking_stops_the_deletion_and_the_next_call_goes_on(
    clients: Clients, s3: Any
) -> None:
    for number in range(1001):
        s3.put_object(Bucket=BUCKET, Key=f"attendees/ann/{number}", Body=b"")

    assert next(delete_objects(BUCKET, REGION, clients)) == 1000

    assert count_objects(BUCKET, REGION, clients) == 1
    assert sum(delete_objects(BUCKET, REGION, clients)) == 1


def test_unfinished_uploads_of_more_than_one_page_all_go(clients: Clients, s3: Any) -> None:
    for number in range(120):
        s3.create_multipart_upload(Bucket=BUCKET, Key=f"attendees/ann/{number:03d}")

    assert empty_bucket(BUCKET, REGION, clients) == 120
    assert count_objects(BUCKET, REGION, clients) == 0


def test_with_a_prefix_everything_else_stays(clients: Clients, s3: Any) -> None:
    for key in ("workshops/ml101/a", "workshops/ml1011/b", "other/c"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")

    assert count_objects(BUCKET, REGION, clients, prefix="workshops/ml101/") == 1
    assert empty_bucket(BUCKET, REGION, clients, prefix="workshops/ml101/") == 1
    left = [row["Key"] for row in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert left == ["other/c", "workshops/ml1011/b"]


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_empty_and_told_apart_from_one_that_is(
    clients: Clients,
) -> None:
    assert empty_bucket("ml101-nowhere", REGION, clients) == 0
    assert count_objects("ml101-nowhere", REGION, clients) is None
    assert count_objects(BUCKET, REGION, clients) == 0


@pytest.mark.parametrize(("tag", "own"), [("ml101", True), ("other", False), (None, False)])
def test_a_bucket_is_ours_only_by_its_tag(
    clients: Clients, s3: Any, tag: str | None, own: bool
) -> None:
    if tag is not None:
        tagging = {"TagSet": [{"Key": "workshop:name", "Value": tag}]}
        s3.put_bucket_tagging(Bucket=BUCKET, Tagging=tagging)

    assert is_own_bucket("ml101", BUCKET, REGION, clients) is own
    assert not is_own_bucket("ml101", "ml101-nowhere", REGION, clients)


class KeepingS3:
    """An S3 that lists one object and refuses to delete it, as Object Lock would."""

    def get_paginator(self, operation: str) -> KeepingS3:
        return self

    def paginate(self, **_parameters: str) -> list[dict[str, Any]]:
        return [{"Versions": [{"Key": "a", "VersionId": "1"}]}]

    def delete_objects(self, **_parameters: Any) -> dict[str, Any]:
        return {"Errors": [{"Key": "a", "Code": "AccessDenied", "Message": "locked"}]}


def test_an_object_that_s3_keeps_is_an_error_although_the_answer_is_200() -> None:
    with pytest.raises(WorkshopError) as caught:
        empty_bucket(BUCKET, REGION, lambda _service, _region: KeepingS3())
    assert "a: AccessDenied: locked" in caught.value.why


class DeniedS3:
    """An S3 that lists nothing to us."""

    def get_paginator(self, operation: str) -> DeniedS3:
        return self

    def paginate(self, **_parameters: str) -> list[dict[str, Any]]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "List")


def test_a_listing_that_is_denied_is_never_an_empty_bucket() -> None:
    def denied(_service: str, _region: str) -> DeniedS3:
        return DeniedS3()

    with pytest.raises(ClientError):
        count_objects(BUCKET, REGION, denied)
    with pytest.raises(ClientError):
        empty_bucket(BUCKET, REGION, denied)


def test_of_a_bucket_that_everybody_shares_only_the_attendees_keys_go(
    clients: Clients, s3: Any
) -> None:
    for key in ("ml101-ann-xgb/model.tar.gz", "ml101-zoe-xgb/model.tar.gz", "ml101x-ann-a/b"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")

    def is_own(key: str) -> bool:
        return owner_by_name("ml101", key) == "ann"

    assert count_objects(BUCKET, REGION, clients, prefix="ml101-", is_own=is_own) == 1
    assert empty_bucket(BUCKET, REGION, clients, prefix="ml101-", is_own=is_own) == 1
    assert count_objects(BUCKET, REGION, clients) == 2

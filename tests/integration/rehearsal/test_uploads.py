"""Uploads as boto3 sends them, with "Expect: 100-continue"."""

from __future__ import annotations

import uuid

import pytest

from tests.integration.rehearsal.conftest import REGION, Client

pytestmark = pytest.mark.xdist_group("local-aws")


def test_an_empty_object_is_uploaded_as_any_other(client: Client) -> None:
    s3, bucket = client("s3"), f"b-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, body in (("some", b"x"), ("none", b""), ("more", b"x" * 1_000_000)):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body

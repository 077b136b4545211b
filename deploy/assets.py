"""Uploads an assembly's assets to the bootstrap bucket, each once: a key names its content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from deploy.assembly import Asset
from workshop.aws import Clients, error_code
from workshop.errors import WorkshopError


def upload_assets(assets: Iterable[Asset], clients: Clients, account: str) -> int:
    """Upload what the buckets do not have yet; return how many that were.

    Raises WorkshopError when a region is not bootstrapped.
    """
    uploaded = 0
    for asset in sorted(set(assets), key=lambda a: (a.bucket, a.key)):
        s3 = clients("s3", asset.region)
        if _exists(s3, asset, account):
            continue
        s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.path.read_bytes())
        uploaded += 1
    return uploaded


def _exists(s3: Any, asset: Asset, account: str) -> bool:
    try:
        s3.head_object(Bucket=asset.bucket, Key=asset.key)
    except ClientError as error:
        if error_code(error) not in ("404", "NoSuchKey", "NotFound", "NoSuchBucket"):
            raise
        # HEAD answers 404 for a missing bucket and for a missing object alike.
        _require_bucket(s3, asset, account)
        return False
    return True


def _require_bucket(s3: Any, asset: Asset, account: str) -> None:
    try:
        s3.head_bucket(Bucket=asset.bucket)
    except ClientError as error:
        raise WorkshopError(
            f"region {asset.region} is not ready for CDK",
            f"the bootstrap bucket {asset.bucket} cannot be reached ({error_code(error)})",
            f'make cdk ARGS="bootstrap aws://{account}/{asset.region}"',
        ) from error

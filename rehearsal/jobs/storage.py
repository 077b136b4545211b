"""S3 as jobs use it: prefixes down, files and archives up."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from rehearsal.jobs.work import JobFailure


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/some/key` as (bucket, key)."""
    parsed = urlparse(uri)
    if parsed.scheme != "s3" or not parsed.netloc:
        raise JobFailure(f"ClientError: {uri} is not an S3 URI")
    return parsed.netloc, parsed.path.lstrip("/")


def objects_under(s3: Any, uri: str) -> list[tuple[str, str]]:
    """The (key, path relative to the prefix's folder) of all objects under a prefix, sorted."""
    bucket, prefix = split_uri(uri)
    folder = prefix.rpartition("/")[0]
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    except ClientError as error:
        raise JobFailure(f"ClientError: Data download failed: {error}, uri: {uri}") from error
    start = len(folder) + 1 if folder else 0
    found = [(key, key[start:]) for key in sorted(keys) if not key.endswith("/")]
    if not found:
        raise JobFailure(
            "ClientError: Data download failed:No S3 objects found under S3 URL "
            f'"{uri}" given in input data source.'
        )
    return found


def download_prefix(s3: Any, uri: str, target: Path) -> None:
    """Download every object under a prefix, as File input mode does."""
    bucket, _ = split_uri(uri)
    for key, relative in objects_under(s3, uri):
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read(s3, f"s3://{bucket}/{key}"))


def read(s3: Any, uri: str) -> bytes:
    """An object's bytes."""
    bucket, key = split_uri(uri)
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise JobFailure(f"ClientError: cannot read {uri}: {error}") from error
    return body


def write(s3: Any, uri: str, body: bytes) -> None:
    """Put an object."""
    bucket, key = split_uri(uri)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    except ClientError as error:
        raise JobFailure(f"ClientError: cannot write {uri}: {error}") from error


def upload_archive(s3: Any, folder: Path, uri: str) -> None:
    """Upload a folder's content as a .tar.gz, as SageMaker does with /opt/ml/model."""
    archive = folder.parent / f"{folder.name}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path in _files(folder):
            tar.add(path, arcname=path.relative_to(folder))
    write(s3, uri, archive.read_bytes())
    archive.unlink()


def extract_archive(archive: bytes, folder: Path, uri: str) -> None:
    """Extract a model.tar.gz into a folder."""
    path = folder.parent / "download.tar.gz"
    path.write_bytes(archive)
    try:
        with tarfile.open(path, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise JobFailure(f"ClientError: {uri} is not a .tar.gz archive: {error}") from error
    finally:
        path.unlink()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())

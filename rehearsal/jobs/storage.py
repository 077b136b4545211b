"""S3 as jobs use it: prefixes and manifests down, files and archives up."""

from __future__ import annotations

import errno
import json
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from rehearsal.jobs.work import JobFailure

_DOWNLOADS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Found:
    """One object of a data source: `relative` is its path below the folder of the prefix,
    `size` in bytes (0 where a manifest names it)."""

    bucket: str
    key: str
    relative: str
    size: int

    @property
    def uri(self) -> str:
        """Where it is."""
        return f"s3://{self.bucket}/{self.key}"


@contextmanager
def on_a_volume() -> Iterator[None]:
    """Make a full disk a failure of the job, which says so, and not a defect of ours.

    Raises JobFailure for ENOSPC; any other error passes.
    """
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = f": {error.filename}" if error.filename else ""
        raise JobFailure(f"ClientError: {error.strerror}{where}") from error


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/some/key` as (bucket, key)."""
    parsed = urlparse(uri)
    if parsed.scheme != "s3" or not parsed.netloc:
        raise JobFailure(f"ClientError: {uri} is not an S3 URI")
    return parsed.netloc, parsed.path.lstrip("/")


def objects_of(s3: Any, source: dict[str, Any]) -> list[Found]:
    """The objects of an S3DataSource, sorted by key. Raises JobFailure when there are none."""
    if source.get("S3DataType", "S3Prefix") == "ManifestFile":
        return _of_manifest(s3, source["S3Uri"])
    return objects_under(s3, source["S3Uri"])


def objects_under(s3: Any, uri: str) -> list[Found]:
    """All objects under a prefix, sorted by key. Raises JobFailure when there are none."""
    found = any_under(s3, uri)
    if not found:
        raise JobFailure(
            "ClientError: Data download failed:No S3 objects found under S3 URL "
            f'"{uri}" given in input data source.'
        )
    return found


def any_under(s3: Any, uri: str) -> list[Found]:
    """The objects under a prefix, sorted by key; there may be none."""
    bucket, prefix = split_uri(uri)
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        entries = [entry for page in pages for entry in page.get("Contents", [])]
    except ClientError as error:
        raise JobFailure(f"ClientError: Data download failed: {error}, uri: {uri}") from error
    start = _below(prefix, [entry["Key"] for entry in entries])
    return [
        Found(bucket, entry["Key"], entry["Key"][start:], entry["Size"])
        for entry in sorted(entries, key=lambda entry: str(entry["Key"]))
        if not entry["Key"].endswith("/")
    ]


def _below(prefix: str, keys: Sequence[str]) -> int:
    """Where in a key the part below the prefix's folder begins.

    A prefix may name a folder without its slash (the SDK's channels do), or begin names.
    """
    if prefix and all(key.startswith(f"{prefix.rstrip('/')}/") for key in keys):
        return len(prefix.rstrip("/")) + 1
    return prefix.rfind("/") + 1


def _of_manifest(s3: Any, uri: str) -> list[Found]:
    """The objects that a manifest names: `[{"prefix": "s3://b/p/"}, "a", "b/c"]` (S3DataSource)."""
    try:
        first, *names = json.loads(read(s3, uri))
        bucket, prefix = split_uri(first["prefix"])
        return [Found(bucket, prefix + name, name, 0) for name in names]
    except (ValueError, TypeError, KeyError) as error:
        raise JobFailure(
            f"ClientError: Data download failed: {uri} is no manifest, a JSON list that begins "
            f'with {{"prefix": ...}}: {error}'
        ) from error


def download(s3: Any, objects: Sequence[Found], target: Path) -> None:
    """Download objects into a folder, as File input mode does."""

    def fetch(found: Found) -> None:
        path = target / found.relative
        if not path.resolve().is_relative_to(target.resolve()):
            raise JobFailure(f"ClientError: Data download failed: {found.uri} is no file's name")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read(s3, found.uri))

    if len(objects) == 1:
        fetch(objects[0])
        return
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        list(pool.map(fetch, objects))


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
    """Extract a model.tar.gz into a folder.

    Raises JobFailure for what is no archive, OSError when the disk is full.
    """
    path = folder.parent / "download.tar.gz"
    try:
        path.write_bytes(archive)
        with tarfile.open(path, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise JobFailure(f"ClientError: {uri} is not a .tar.gz archive: {error}") from error
    finally:
        path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())

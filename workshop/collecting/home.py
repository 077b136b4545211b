"""Collect the home of the environment this runs in."""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop import names
from workshop.aws import error_code
from workshop.collecting import record as records
from workshop.collecting.archive import write_archive
from workshop.collecting.record import Record
from workshop.collecting.selection import select
from workshop.collecting.upload import PART_BYTES, ObjectWriter
from workshop.errors import UsageError, WorkshopError

_CONTEXT = Path(".workshop") / "context.json"


@dataclass(frozen=True, slots=True)
class Home:
    """An attendee's home, and the bucket its archive belongs into."""

    workshop: str
    attendee: str
    region: str
    bucket: str
    environment: str
    path: Path


def read_home(user_home: Path) -> Home | None:
    """The environment that `user_home` says it is, or None outside of one.

    The boot script's state lies where what lasts lies: in a space that is the home directory
    itself, on a notebook instance its folder SageMaker, to which a link leads.

    Raises UsageError when what the boot script wrote cannot be understood.
    """
    context = user_home / _CONTEXT
    if not context.is_file():
        return None
    try:
        said = json.loads(context.read_text(encoding="utf-8"))
        return Home(
            workshop=str(said["workshop"]),
            attendee=str(said["attendee"]),
            region=str(said["region"]),
            bucket=str(said["bucket"]),
            environment=str(said["environment"]),
            path=context.resolve().parents[1],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{context} cannot be read",
            f"{type(error).__name__}: {error}",
            "delete it and restart the environment",
        ) from None


def collect_home(
    home: Home, s3: Any, most_bytes: int, *, now: datetime, part_bytes: int = PART_BYTES
) -> Record:
    """Archive the home into the bucket, at most `most_bytes` of files, and return the record.

    The record is written last: until then the earlier archive counts, so a collection that
    fails or is killed loses nothing. Raises ClientError and BotoCoreError.
    """
    earlier = _earlier_archive(s3, home)
    folder = records.folder(home.attendee)
    name = records.archive_name(now, secrets.token_hex(4))
    selection = select(home.path, most_bytes)
    with ObjectWriter(s3, home.bucket, folder + name, part_bytes) as writer:
        top = names.environment_name(home.workshop, home.attendee)
        written = write_archive(home.path, selection, writer, folder=top)
    record = Record(
        at=now.astimezone(UTC),
        environment=home.environment,
        archive=name,
        sha256=writer.sha256,
        size=writer.size,
        files=written.files,
        files_size=written.size,
        left_out=written.left_out,
        left_out_count=len(written.left_out),
    )
    s3.put_object(
        Bucket=home.bucket,
        Key=records.record_key(home.attendee),
        Body=records.write_record(record),
        ContentType="application/json",
    )
    if earlier:
        # Two collections at once each remove the one before them, never each other's.
        with contextlib.suppress(ClientError, BotoCoreError):
            s3.delete_object(Bucket=home.bucket, Key=folder + earlier)
    return record


def _earlier_archive(s3: Any, home: Home) -> str:
    """The name of the archive that counts so far, or ""."""
    try:
        answer = s3.get_object(Bucket=home.bucket, Key=records.record_key(home.attendee))
    except ClientError as error:
        if error_code(error) == "NoSuchKey":
            return ""
        raise
    with contextlib.suppress(WorkshopError):
        return records.read_record(answer["Body"].read(records.RECORD_BYTES_MOST)).archive
    return ""

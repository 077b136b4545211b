"""Bring archives to this disk, and hold them against their records."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from workshop.collecting.record import Record, folder
from workshop.errors import WorkshopError

_CHUNK = 1024 * 1024


def download(
    s3: Any, bucket: str, attendee: str, region: str, record: Record, directory: Path
) -> Path:
    """Save an attendee's archive below `directory`, unless it is there already.

    Its name holds the attendee, the region and the archive's own, so that archives of another
    day, or of another workshop of the same name, are never overwritten. It gets its name when
    it is whole.

    Raises WorkshopError when it is not the archive that its record describes, ClientError
    and BotoCoreError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{attendee}-{region}-{record.archive}"
    if target.exists() and _sha256(target) == record.sha256:
        return target
    part = target.with_name(f"{target.name}.part")
    body = s3.get_object(Bucket=bucket, Key=folder(attendee) + record.archive)["Body"]
    digest = hashlib.sha256()
    with part.open("wb") as file:
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        # What is deleted in AWS next must be on the disk, not on its way there.
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != record.sha256:
        part.unlink()
        raise WorkshopError(
            f"the archive of {attendee} is not the one that was collected",
            f"s3://{bucket}/{folder(attendee)}{record.archive} has another SHA-256 than its record",
            "collect again: workshop collect, in the attendee's terminal",
        )
    part.replace(target)
    return target


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

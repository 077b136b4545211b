"""What the bucket knows of an attendee's collected work: keys, and the record beside an archive.

Below the attendee's prefix, in `collected/`: `started` (its time is when the environment last
started), `home-TIME-RANDOM.tar.gz`, and `collected.json`, which is written last and names the
archive that counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workshop.collecting.selection import LeftOut
from workshop.errors import WorkshopError
from workshop.names import bucket_prefix

_ARCHIVE = re.compile(r"home-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}\.tar\.gz")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LEFT_OUT_MOST = 1000
# A record with as many things left out, with the longest paths Linux allows, is below it.
RECORD_BYTES_MOST = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One collection: when (UTC), where from, and what.

    `size` is the archive's, in bytes, `files_size` that of the files in it. `left_out` is
    cut at a thousand; `left_out_count` is how many there were.
    """

    at: datetime
    environment: str
    archive: str
    sha256: str
    size: int
    files: int
    files_size: int
    left_out: tuple[LeftOut, ...]
    left_out_count: int


def folder(attendee: str) -> str:
    """The key prefix of an attendee's collected work: `attendees/ann/collected/`."""
    return f"{bucket_prefix(attendee)}collected/"


def started_key(attendee: str) -> str:
    """The object that every start of the environment writes (lifecycle_configs/collect.sh)."""
    return f"{folder(attendee)}started"


def record_key(attendee: str) -> str:
    """The record that names the archive."""
    return f"{folder(attendee)}collected.json"


def archive_name(at: datetime, random: str) -> str:
    """A name of its own for every archive, so that a new one never replaces an old one."""
    return f"home-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{random}.tar.gz"


def write_record(record: Record) -> bytes:
    """The record as JSON."""
    document = {
        "at": record.at.isoformat(timespec="seconds"),
        "environment": record.environment,
        "archive": record.archive,
        "sha256": record.sha256,
        "bytes": record.size,
        "files": record.files,
        "files_bytes": record.files_size,
        "left_out": rows(record.left_out[:_LEFT_OUT_MOST]),
        "left_out_count": record.left_out_count,
    }
    return json.dumps(document, indent=1).encode()


def rows(left_out: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """What was left out, as JSON has it; a name that is not Unicode gets question marks."""
    return [
        {"path": x.path.encode(errors="replace").decode(), "bytes": x.size, "reason": x.reason}
        for x in left_out
    ]


def read_record(text: bytes) -> Record:
    """The record, which an attendee can write as they like: nothing in it is trusted.

    Raises WorkshopError when it is not one of ours.
    """
    try:
        document = json.loads(text)
        record = Record(
            at=datetime.fromisoformat(_text(document["at"])).astimezone(UTC),
            environment=_text(document["environment"]),
            archive=_text(document["archive"], _ARCHIVE),
            sha256=_text(document["sha256"], _SHA256),
            size=_count(document["bytes"]),
            files=_count(document["files"]),
            files_size=_count(document["files_bytes"]),
            left_out=tuple(
                LeftOut(_text(row["path"]), _count(row["bytes"]), _text(row["reason"]))
                for row in document["left_out"]
            ),
            left_out_count=_count(document["left_out_count"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise WorkshopError(
            "the record of a collection cannot be read",
            f"{type(error).__name__}: {error}",
            "collect again: workshop collect, in the attendee's terminal",
        ) from None
    return record


def _text(value: Any, pattern: re.Pattern[str] | None = None) -> str:
    if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
        raise ValueError("a text is not what it should be")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a number is not what it should be")
    return value

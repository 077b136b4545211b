"""How every environment's last boot went, as the boot scripts say it in the workshop's bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop import names
from workshop.aws import Clients, error_code, error_message
from workshop.cli.output import note, print_json, print_table
from workshop.collecting.record import started_key
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED
from workshop.model import Attendee

_AT_ONCE = 10
_ABSENT = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")
_FAILED = "FAILED: "
# More than the script ever writes.
_MOST_BYTES = 4096


class Boot(StrEnum):
    """How a boot stands."""

    READY = "ready"
    FAILED = "failed"
    BOOTING = "booting"  # or cut off
    NEVER = "never started"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Booted:
    """One attendee's last boot: when it began or ended (UTC), and why it failed."""

    attendee: str
    region: str
    state: Boot
    at: datetime | None = None
    reason: str = ""


def judge(started: datetime | None, told: datetime | None, said: str) -> Boot:
    """How a boot stands: when the environment last started, and when its script last said how it
    went (None: never). Both times are S3's."""
    if told is None or (started is not None and started > told):
        return Boot.NEVER if started is None else Boot.BOOTING
    return Boot.FAILED if said.startswith(_FAILED) else Boot.READY


def read_boots(
    workshop: str, account: str, attendees: Iterable[Attendee], clients: Clients
) -> list[Booted]:
    """Every attendee's last boot, by two small reads each."""

    def read(attendee: Attendee) -> Booted:
        bucket = names.bucket_name(workshop, account, attendee.region)
        s3 = clients("s3", attendee.region)
        try:
            started = _time_of(s3, bucket, started_key(attendee.id))
            told, said = _said(s3, bucket, names.boot_key(attendee.id))
        except (ClientError, BotoCoreError) as error:
            why = error_message(error)
            return Booted(attendee.id, attendee.region, Boot.UNKNOWN, None, why)
        state = judge(started, told, said)
        at = started if state is Boot.BOOTING else told
        reason = said.removeprefix(_FAILED) if state is Boot.FAILED else ""
        return Booted(attendee.id, attendee.region, state, at, reason)

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(read, attendees))


def _time_of(s3: Any, bucket: str, key: str) -> datetime | None:
    try:
        found: datetime = s3.head_object(Bucket=bucket, Key=key)["LastModified"]
    except ClientError as error:
        if error_code(error) in _ABSENT:
            return None
        raise
    return found


def _said(s3: Any, bucket: str, key: str) -> tuple[datetime | None, str]:
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in _ABSENT:
            return None, ""
        raise
    text = found["Body"].read(_MOST_BYTES).decode(errors="replace").strip()
    return found["LastModified"], text


def report(boots: list[Booted], as_json: bool) -> int:
    """Print boots; returns the exit code: 1 where one failed, 3 where one could not be read."""
    states = Counter(boot.state for boot in boots)
    if as_json:
        print_json({"boots": [asdict(boot) for boot in boots], "counts": states})
    else:
        print_table(
            ("attendee", "region", "boot", "at (UTC)", "why"),
            (
                (b.attendee, b.region, b.state, f"{b.at:%Y-%m-%d %H:%M}" if b.at else "-", b.reason)
                for b in boots
            ),
        )
        note(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    if states[Boot.FAILED]:
        return EXIT_FAILED
    return EXIT_UNVERIFIED if states[Boot.UNKNOWN] else EXIT_OK

"""How every environment's last boot went, as the boot scripts say it in the workshop's bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
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
_READY, _FAILED = "READY", "FAILED: "
# More than the script ever writes; an attendee may write there what they like.
_MOST_BYTES = 1024
# No boot takes that long: installing the tool and fetching the labs have time-outs.
CUT_OFF_AFTER = timedelta(minutes=20)


class Boot(StrEnum):
    """How a boot stands."""

    READY = "ready"
    FAILED = "failed"
    BOOTING = "booting"
    CUT_OFF = "cut off?"  # booting for too long
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


def judge(started: datetime | None, told: datetime | None, said: str, now: datetime) -> Boot:
    """How a boot stands: when the environment last started, when its script last said how it
    went (None: never), and what. Both times are S3's; `now` need not be exact."""
    if told is None or (started is not None and started > told):
        if started is None:
            return Boot.NEVER
        return Boot.CUT_OFF if now - started > CUT_OFF_AFTER else Boot.BOOTING
    if said.startswith(_FAILED):
        return Boot.FAILED
    return Boot.READY if said == _READY else Boot.UNKNOWN


def read_boots(
    workshop: str, account: str, attendees: Iterable[Attendee], clients: Clients, now: datetime
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
        state = judge(started, told, said, now)
        at = started if state in (Boot.BOOTING, Boot.CUT_OFF) else told
        return Booted(attendee.id, attendee.region, state, at, _reason(state, said))

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(read, attendees))


def forget_boot(workshop: str, account: str, attendee: Attendee, clients: Clients) -> None:
    """Forget how an environment's boots went, before it is made anew; the bucket need not exist.

    Raises ClientError.
    """
    bucket = names.bucket_name(workshop, account, attendee.region)
    for key in (names.boot_key(attendee.id), started_key(attendee.id)):
        try:
            clients("s3", attendee.region).delete_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) not in _ABSENT:
                raise


def _reason(state: Boot, said: str) -> str:
    if state is Boot.FAILED:
        return said.removeprefix(_FAILED)
    return f"the boot's object says {said!r}" if state is Boot.UNKNOWN else ""


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
    """Print boots; returns the exit code: 1 where one failed or hangs, 3 where one could not be
    read."""
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
    if states[Boot.FAILED] or states[Boot.CUT_OFF]:
        return EXIT_FAILED
    return EXIT_UNVERIFIED if states[Boot.UNKNOWN] else EXIT_OK

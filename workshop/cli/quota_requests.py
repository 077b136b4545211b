"""`workshop check --request` and `--watch`: asking AWS for increases, and following them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quotas.history import Increase
from quotas.increases import Ask
from quotas.limits import LISTS_PER_SECOND, REQUESTS_PER_SECOND, Pace
from quotas.requests import Filed, file_increases, latest
from workshop.aws import Clients
from workshop.cli.boundary import explain
from workshop.cli.output import decide, note
from workshop.cli.quota_survey import Now, Sleep
from workshop.cli.quota_tables import Table

_FIRST_LOOK_SECONDS, _MOST_SECONDS = 1.0, 60.0


def request_increases(
    asks: Sequence[Ask], clients: Clients, now: Now, sleep: Sleep, *, yes: bool, dry_run: bool
) -> list[Filed]:
    """Ask AWS for what the plan says is to be asked for, after confirmation."""
    wanted = [ask for ask in asks if ask.verdict == "ask"]
    if not wanted:
        note("nothing is to be asked for" if not asks else "nothing more can be asked for now")
        return []
    if not decide(yes, dry_run, f"ask AWS for {len(wanted)} quota increases"):
        return []
    regions = {ask.region for ask in wanted}
    made = {region: clients("service-quotas", region) for region in regions}
    paces = {region: Pace(REQUESTS_PER_SECOND, now, sleep) for region in regions}
    filed = []
    for done in file_increases(wanted, made, paces):
        filed.append(done)
        note(f"{done.outcome}: {done.ask.region} {done.ask.name} ({done.ask.code})")
        if done.outcome == "refused" and done.error is not None:
            explained = explain(done.error)
            note(f"  why: {explained.why or explained.what}\n  fix: {explained.fix}")
    return filed


def filed_table(filed: Sequence[Filed]) -> Table:
    """What became of each request."""
    return Table(
        ("region", "code", "quota", "asked for", "outcome", "status"),
        (
            (
                done.ask.region,
                done.ask.code,
                done.ask.name,
                str(done.ask.desired),
                done.outcome,
                done.increase.status if done.increase else "",
            )
            for done in filed
        ),
    )


def to_json(filed: Sequence[Filed]) -> list[dict[str, Any]]:
    """What became of each request, as plain data."""
    return [
        {
            "region": done.ask.region,
            "code": done.ask.code,
            "desired": done.ask.desired,
            "outcome": done.outcome,
            "error": "" if done.error is None else str(done.error),
        }
        for done in filed
    ]


def watch_increases(
    asks: Sequence[Ask], filed: Sequence[Filed], clients: Clients, now: Now, sleep: Sleep
) -> dict[tuple[str, str], Increase]:
    """Look at the newest request for each of the increases until AWS has decided on all.

    What has just been `filed` is open until it is listed: a listing may lag behind. Tells every
    change on stderr. Returns the requests by (region, code); what nobody asked for is not among
    them.
    """
    wanted = [(ask.region, ask.code) for ask in asks]
    regions = {ask.region for ask in asks}
    made: dict[str, Any] = {region: clients("service-quotas", region) for region in regions}
    paces = {region: Pace(LISTS_PER_SECOND, now, sleep) for region in regions}
    unlisted = {(d.ask.region, d.ask.code): d.increase for d in filed if d.increase is not None}
    told: dict[tuple[str, str], str] = {}
    delay = _FIRST_LOOK_SECONDS
    while True:
        listed = latest(wanted, made, paces)
        unlisted = {
            key: increase
            for key, increase in unlisted.items()
            if key not in listed or listed[key].id != increase.id
        }
        found = listed | unlisted
        for key, increase in found.items():
            if told.get(key) != increase.status:
                told[key] = increase.status
                note(f"{increase.status}: {increase.region} {increase.name} ({increase.code})")
        if not any(increase.is_open for increase in found.values()):
            return found
        sleep(delay)
        delay = min(delay * 2, _MOST_SECONDS)


def increases_table(found: dict[tuple[str, str], Increase]) -> Table:
    """The newest request for each quota."""
    return Table(
        ("region", "code", "quota", "asked for", "status"),
        (
            (i.region, i.code, i.name, str(i.desired), i.status)
            for _, i in sorted(found.items(), key=lambda item: item[0])
        ),
    )

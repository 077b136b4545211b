"""Increase requests are followed until AWS has decided, on a local AWS whose clock moves while
the watch sleeps."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from quotas.history import make_increase
from quotas.increases import Ask
from quotas.requests import Filed
from tests.unit.quotas.accounts import Account, Case, Clients
from tests.unit.quotas.fakes import FakeClient
from tests.unit.rehearsal.bench import REGION
from workshop.cli.quota_requests import request_increases, watch_increases

APPS, SPACES = "L-71FAF417", "L-8E5333B4"


def test_a_watch_ends_when_nothing_is_open_any_more(tmp_path: Path) -> None:
    case = Case({APPS: 6.0, SPACES: 6.0}, {}, (), ("studio",), 0)
    clients = Clients()
    with Account(case, tmp_path) as account:
        clients.connect(account)
        slept: list[float] = []
        seconds_passed = count()

        def now() -> float:  # fast enough that the pace of the calls never waits
            return float(next(seconds_passed))

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            account.clock.step(600.0)

        asks = [Ask(REGION, code, "a quota", 6, 0, 20, 20, "ask") for code in (APPS, SPACES)]
        filed = request_increases(asks[:1], clients, now, sleep, yes=True, dry_run=False)
        assert [one.outcome for one in filed] == ["filed"]

        found = watch_increases(asks, filed, clients, now, sleep)

        # The second was never asked for.
        assert {key: one.status for key, one in found.items()} == {(REGION, APPS): "APPROVED"}
        assert slept == [1.0, 2.0, 4.0]
        again = request_increases(asks[:1], clients, now, sleep, yes=True, dry_run=False)
        assert [one.outcome for one in again] == ["refused"]  # it is 20 already


def test_a_watch_waits_for_what_was_just_filed_though_it_is_not_listed_yet() -> None:
    def row(status: str, id: str = "new") -> dict[str, Any]:
        created = datetime(2030, 6, 2 if id == "new" else 1, tzinfo=UTC)
        return {
            "Id": id,
            "ServiceCode": "sagemaker",
            "QuotaCode": APPS,
            "DesiredValue": 20.0,
            "Status": status,
            "Created": created,
        }

    looks = iter([[], [row("DENIED", "old")], [row("PENDING")], [row("APPROVED")]])
    operation = "list_requested_service_quota_change_history"
    client = FakeClient(
        "service-quotas", {operation: lambda **_asked: {"RequestedQuotas": next(looks)}}
    )
    ask = Ask(REGION, APPS, "a quota", 6, 0, 20, 20, "ask")
    filed = [Filed(ask, "filed", make_increase(REGION, row("PENDING")))]

    found = watch_increases(
        [ask], filed, lambda _service, _region: client, lambda: 0.0, lambda _seconds: None
    )

    assert found[REGION, APPS].status == "APPROVED"
    assert next(looks, None) is None

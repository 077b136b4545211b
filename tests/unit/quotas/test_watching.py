"""Increase requests are followed until AWS has decided, on a local AWS whose clock moves while
the watch sleeps."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from quotas.increases import Ask
from tests.unit.quotas.accounts import Account, Case, Clients
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

        found = watch_increases(asks, clients, now, sleep)

        # The second was never asked for.
        assert {key: one.status for key, one in found.items()} == {(REGION, APPS): "APPROVED"}
        assert slept == [1.0, 2.0, 4.0]
        again = request_increases(asks[:1], clients, now, sleep, yes=True, dry_run=False)
        assert [one.outcome for one in again] == ["refused"]  # it is 20 already

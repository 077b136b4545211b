"""Which increases are asked for, in which order, and what becomes of asking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quotas.fit import Line, RegionFit
from quotas.history import list_increases
from quotas.increases import Ask, plan_increases
from quotas.limits import Pace
from quotas.requests import file_increases, latest
from tests.unit.quotas.fakes import FakeClient, refusal

PEOPLE = 10


def line(
    code: str, applied: int, *, in_use: int | None = 0, region: str = "a", **more: Any
) -> Line:
    free = applied - (in_use or 0)
    state = "ok" if free >= PEOPLE else "problem"
    known = {"applied": applied, "in_use": in_use, "capacity": free, "state": state}
    return Line(region, code, f"quota {code}", PEOPLE, PEOPLE, **{**known, **more})


def region(*lines: Line, name: str = "a", not_sold: tuple[str, ...] = ()) -> RegionFit:
    least = min(line.capacity or 0 for line in lines)
    return RegionFit(name, PEOPLE, least, least, (), not_sold, lines)


def asked(*fits: RegionFit, **options: int) -> list[tuple[str, int, int, str]]:
    found = plan_increases(fits, **options)
    return [(ask.code, ask.desired, ask.unlocks, ask.verdict) for ask in found]


def test_what_carries_the_fewest_is_asked_for_first_and_ties_together() -> None:
    lines = (line("L-4", 4), line("L-2", 2), line("L-9", 99), line("L-0", 2))

    assert asked(region(*lines)) == [
        ("L-0", 10, 4, "ask"),
        ("L-2", 10, 4, "ask"),
        ("L-4", 10, 10, "ask"),
    ]


def test_what_others_use_is_asked_for_too() -> None:
    assert asked(region(line("L-1", 12, in_use=7))) == [("L-1", 17, 10, "ask")]


def test_a_region_that_one_request_unlocks_comes_before_one_that_needs_many() -> None:
    hard = region(*(line(f"L-{n}", 0, region="a") for n in range(5)), name="a")
    easy = region(line("L-9", 3, region="b"), name="b")

    assert [ask.region for ask in plan_increases([hard, easy])] == ["b", *"aaaaa"]


def test_pending_and_fixed_quotas_are_told_and_not_asked_for() -> None:
    lines = (
        line("L-1", 1, requested=10, status="PENDING"),
        line("L-2", 2, requested=5, status="CASE_OPENED"),
        line("L-4", 4, in_use=None, capacity=None),
    )

    assert [verdict for *_, verdict in asked(region(*lines))] == [
        "unknown",
        "pending",
        "pending too low",
    ]


def test_nothing_is_asked_for_beyond_a_quota_that_cannot_be_raised() -> None:
    lines = (line("L-1", 1), line("L-3", 3, adjustable=False), line("L-5", 5))

    assert asked(region(*lines)) == [
        ("L-1", 10, 3, "ask"),
        ("L-3", 10, 3, "not adjustable"),
        ("L-5", 10, 3, "in vain"),
    ]


def test_no_more_are_open_at_once_than_aws_allows() -> None:
    lines = tuple(line(f"L-{n}", n) for n in range(5))

    verdicts = [verdict for *_, verdict in asked(region(*lines), open_requests=17)]

    assert verdicts == ["ask", "ask", "ask", "later", "later"]


def test_no_increase_helps_where_a_type_is_not_sold() -> None:
    assert asked(region(line("L-1", 0), not_sold=("ml.x for endpoint",))) == []


def ask_for(code: str) -> Ask:
    return Ask("a", code, "a quota", 0, 0, 20, 20, "ask")


def test_a_refusal_stops_no_other_request_and_an_open_one_is_no_failure() -> None:
    asked_for: list[str] = []

    def answer(QuotaCode: str, DesiredValue: float, ServiceCode: str) -> dict[str, Any]:  # noqa: N803
        asked_for.append(f"{ServiceCode} {QuotaCode} {DesiredValue:g}")
        if QuotaCode == "L-1":
            raise refusal("ResourceAlreadyExistsException", "RequestServiceQuotaIncrease")
        if QuotaCode == "L-2":
            raise refusal("QuotaExceededException", "RequestServiceQuotaIncrease")
        row = {"Id": "1", "QuotaCode": QuotaCode, "DesiredValue": 20.0, "Status": "PENDING"}
        row["ServiceCode"] = ServiceCode
        return {"RequestedQuota": row}

    client = FakeClient("service-quotas", {"request_service_quota_increase": answer})
    pace = Pace(3, lambda: 0.0, lambda _seconds: None)

    done = list(file_increases([ask_for(f"L-{n}") for n in (1, 2, 3)], {"a": client}, {"a": pace}))

    assert [one.outcome for one in done] == ["open already", "refused", "filed"]
    assert done[2].increase is not None
    assert done[2].increase.is_open
    assert asked_for == ["sagemaker L-1 20", "sagemaker L-2 20", "sagemaker L-3 20"]


def test_the_history_of_all_services_is_read_newest_first() -> None:
    def row(id: str, day: int, status: str, service: str = "sagemaker") -> dict[str, Any]:
        created = datetime(2026, 3, day, tzinfo=UTC)
        return {
            "Id": id,
            "ServiceCode": service,
            "QuotaCode": "L-1",
            "DesiredValue": 2.0,
            "Status": status,
            "Created": created,
        }

    pages = [
        {"RequestedQuotas": [row("old", 1, "DENIED")]},
        {"RequestedQuotas": [row("new", 2, "PENDING"), row("vpc", 3, "PENDING", "vpc")]},
    ]
    operation = "list_requested_service_quota_change_history"

    def listed(**asked: Any) -> dict[str, Any]:
        if "ServiceCode" in asked:
            return {"RequestedQuotas": []}
        return {"pages": pages}

    client = FakeClient("service-quotas", {operation: listed})
    pace = Pace(10, lambda: 0.0, lambda _seconds: None)

    found = list_increases(client, "a", pace)

    # All services' are counted, for what the account may have open.
    assert [(one.id, one.is_open) for one in found] == [
        ("vpc", True),
        ("new", True),
        ("old", False),
    ]
    # The other service's quota has nothing to do with SageMaker's of the same code.
    newest = latest([("a", "L-1")], {"a": client}, {"a": pace})
    assert newest["a", "L-1"].id == "new"

"""What comes back after it was deleted, and what sticks: found by all that identifies it."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.faults.faults import Faults
from rehearsal.faults.reach import parse
from rehearsal.faults.rules import BadRule
from tests.unit.rehearsal.bench import Bench

DELETION_SECONDS = 120.0
TAGS = [{"Key": "workshop:name", "Value": "ml101"}]


def fault(bench: Bench, **rule: Any) -> None:
    bench.world.faults.set(parse([rule]))


def canvas(bench: Bench, name: str = "default") -> dict[str, str]:
    """A Canvas app in a domain of its own, running."""
    domain = bench.domain(f"ml101-{name}")
    app = {
        "DomainId": domain,
        "UserProfileName": bench.profile(domain),
        "AppType": "Canvas",
        "AppName": name,
    }
    bench.call("CreateApp", **app, Tags=TAGS)
    bench.step(DELETION_SECONDS)
    return app


def delete(bench: Bench, app: dict[str, str]) -> None:
    bench.call("DeleteApp", **app)
    bench.step(DELETION_SECONDS)


def status(bench: Bench, app: dict[str, str]) -> str:
    return str(bench.call("DescribeApp", **app)["Status"])


def test_an_app_comes_back_as_often_as_the_rule_says(bench: Bench) -> None:
    fault(bench, fault="return", kind="app", resource="Canvas", times=2, seconds=30)
    app = canvas(bench)
    for _ in range(2):
        delete(bench, app)
        assert status(bench, app) == "Deleted"
        bench.step(30)
        assert status(bench, app) == "Pending"
        bench.step(DELETION_SECONDS)
        assert status(bench, app) == "InService"
    delete(bench, app)
    bench.step(3600)
    assert status(bench, app) == "Deleted"
    [shown] = bench.world.faults.shown()
    assert (shown["matched"], shown["hits"]) == (3, 2)


def test_what_comes_back_is_new_and_has_its_tags(bench: Bench) -> None:
    fault(bench, fault="return", kind="app", seconds=30)
    app = canvas(bench)
    before = bench.call("DescribeApp", **app)
    delete(bench, app)
    bench.step(30)
    after = bench.call("DescribeApp", **app)
    assert after["AppArn"] == before["AppArn"]
    assert after["CreationTime"] > before["CreationTime"]
    assert bench.call("ListTags", ResourceArn=after["AppArn"])["Tags"] == TAGS


def test_what_the_rule_does_not_mean_stays_away(bench: Bench) -> None:
    fault(bench, fault="return", kind="app", resource="JupyterLab", seconds=30)
    app = canvas(bench)
    delete(bench, app)
    bench.step(3600)
    assert status(bench, app) == "Deleted"


def test_a_kind_without_states_comes_back_too(bench: Bench) -> None:
    fault(bench, fault="return", kind="model", seconds=30)
    bench.model("ml101-ann")
    bench.call("DeleteModel", ModelName="ml101-ann")
    assert bench.call("ListModels")["Models"] == []
    bench.step(30)
    [row] = bench.call("ListModels")["Models"]
    assert row["ModelName"] == "ml101-ann"


def test_nothing_comes_back_without_its_parent(bench: Bench) -> None:
    fault(bench, fault="return", kind="app", seconds=30)
    app = canvas(bench)
    delete(bench, app)
    bench.call(
        "DeleteUserProfile", DomainId=app["DomainId"], UserProfileName=app["UserProfileName"]
    )
    bench.step(3600)
    assert status(bench, app) == "Deleted"


def test_nothing_comes_back_in_the_place_of_a_new_one(bench: Bench) -> None:
    fault(bench, fault="return", kind="model", seconds=30)
    bench.model("ml101-ann")
    bench.call("DeleteModel", ModelName="ml101-ann")
    bench.step(10)
    bench.model("ml101-ann")
    made = bench.call("DescribeModel", ModelName="ml101-ann")["CreationTime"]
    bench.step(60)
    assert bench.call("DescribeModel", ModelName="ml101-ann")["CreationTime"] == made


def test_an_app_sticks_by_the_name_of_its_space(bench: Bench) -> None:
    fault(bench, fault="stick", kind="app", resource="ml101-ann")
    domain = bench.studio()
    app = bench.app(domain)
    bench.step(3600)
    assert status(bench, app) == "Pending"


def test_each_resource_comes_back_by_itself() -> None:
    rules = Faults(parse([{"fault": "return", "kind": "app", "seconds": 5}]))
    assert [rules.returns("app", name) for name in ("a", "a", "b")] == [5, None, 5]
    assert rules.returns("space", "a") is None


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({}, "return needs seconds"),
        ({"seconds": 1, "times": -1}, "times is -1"),
        ({"seconds": 1, "operation": "DeleteApp"}, "return has no operation"),
    ],
)
def test_a_bad_rule_is_refused(rule: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRule, match=complaint):
        parse([{"fault": "return", **rule}])

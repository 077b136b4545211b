"""`workshop cost`, the prices beside the configuration, and what a budget does to a deployment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from costs.own_prices import bring_prices, keep_prices, load_prices, prices_path
from costs.prices import Cell, Price, Prices, shipped
from modules.declarations import load_module
from tests.functional.cli.cleaning.account import break_things
from tests.unit.workshop.configs import write_config
from workshop.aws import make_clients
from workshop.cli.budgets import hold_against_budget
from workshop.cli.main import run
from workshop.cli.probes.prices import read_missing_prices
from workshop.config import load_workshop
from workshop.errors import WorkshopError

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("cost-commands")

Capture = pytest.CaptureFixture[str]
HEADER = "region,usage,instance_type,usd,as_of,source\n"


def say(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    """Run a command; its exit code, stdout and stderr."""
    code = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def call(capsys: Capture, *arguments: object) -> tuple[int, Any]:
    """Run a command with --json; its exit code and what it printed."""
    code, out, _ = say(capsys, *arguments, "--json")
    return code, json.loads(out)


def add_prices(config: Path, rows: Sequence[str]) -> None:
    prices_path(config).write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def test_what_the_shipped_snapshot_lacks_is_unknown_and_the_total_at_least(
    config: Path, capsys: Capture
) -> None:
    code, out, err = say(capsys, "cost", "--config", config)

    assert code == 3
    (hosting,) = [line for line in out.splitlines() if "hosting ml.m5.large " in line]
    assert hosting.split()[-3:] == ["unknown"] * 3
    (total,) = [line for line in out.splitlines() if line.startswith("total")]
    assert total.count("at least") == 3
    assert "2 of 5 prices are unknown" in err
    assert "workshop cost --refresh" in err
    assert "expected: workspaces run from start to end" in out


def test_a_refresh_reads_every_price_and_keeps_it_beside_the_configuration(
    config: Path, capsys: Capture
) -> None:
    code, said = call(capsys, "cost", "--refresh", "--config", config)

    assert (code, said["verified"], said["unknown"]) == (0, True, [])
    path = config.parent / "workshop.prices.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    # Five that the labs need, and processing, which attendees may use.
    assert len(rows) == 1 + 6
    assert "not an AWS price" in path.read_text(encoding="utf-8")
    again, found = call(capsys, "cost", "--config", config)
    assert (again, found) == (code, said)
    total = said["sums"]["total"]
    assert 0 < total["low"] < total["expected"] < total["worst"]
    assert sum(line["usd"]["expected"] for line in said["lines"]) == pytest.approx(
        total["expected"], abs=1e-5
    )


def test_a_price_written_by_hand_counts_and_is_kept_where_the_price_list_has_none(
    config: Path, capsys: Capture
) -> None:
    by_hand = "eu-west-9,hosting,ml.m5.large,0.5,2026-11-01,our agreement"
    add_prices(config, [by_hand, "us-east-1,hosting,ml.m5.large,9,2026-11-01,a guess"])
    _, before = call(capsys, "cost", "--config", config)

    say(capsys, "cost", "--refresh", "--config", config)

    _, after = call(capsys, "cost", "--config", config)
    prices = [{p["usage"]: p["usd"] for p in said["prices"]} for said in (before, after)]
    assert [found["hosting"] for found in prices] == ["9", "0.115"]
    assert by_hand in prices_path(config).read_text(encoding="utf-8")


def test_a_shipped_price_stays_where_the_price_list_cannot_tell_it(config: Path) -> None:
    """However old it is: unknown would keep a workshop with a budget from being deployed."""
    cell = Cell("us-east-1", "studio-jupyterlab", "ml.t3.medium")
    told = Price(None, "2030-01-01", "the Price List has 2 prices for it")

    keep_prices(config, Prices({cell: told}))

    assert shipped().usd(cell) is not None
    assert load_prices(config).find(cell) == shipped().find(cell)


def test_prices_of_another_place_are_missing_to_the_budget_and_to_the_check(
    config: Path, capsys: Capture
) -> None:
    say(capsys, "cost", "--refresh", "--config", config)
    clients = make_clients()
    here = str(clients("pricing", "us-east-1").meta.endpoint_url)
    kept = prices_path(config)
    text = kept.read_text(encoding="utf-8")
    elsewhere = text.replace(here, "https://api.pricing.us-east-1.amazonaws.com")
    kept.write_text(elsewhere, encoding="utf-8")
    workshop, hosting = load_workshop(config), Cell("us-east-1", "hosting", "ml.m5.large")

    with pytest.raises(WorkshopError) as caught:
        hold_against_budget(workshop, config, clients)

    assert "prices it needs are unknown" in caught.value.what
    code, estimated = call(capsys, "cost", "--config", config)
    assert (code, estimated["budget"]["deploys"]) == (3, False)
    assert "at https://api.pricing.us-east-1.amazonaws.com do not count" in caught.value.why
    modules = [load_module(name) for name in workshop.modules]
    now = datetime.now(UTC)
    dry, _ = read_missing_prices(workshop, modules, config, clients, now, keep=False)
    assert dry.usd(hosting) is not None
    assert kept.read_text(encoding="utf-8") == elsewhere
    read_missing_prices(workshop, modules, config, clients, now)
    known = load_prices(config).find(hosting)
    assert known is not None
    assert known.source.startswith(here)
    assert hold_against_budget(workshop, config, clients) == []


@pytest.mark.parametrize("command", ["cost", "status", "cleanup", "destroy", "deploy", "check"])
def test_every_command_refuses_prices_that_do_not_parse(
    config: Path, capsys: Capture, command: str
) -> None:
    add_prices(config, ["us-east-1,hosting,ml.m5.large,cheap,2026-11-01,me"])

    code, out, err = say(capsys, command, "--config", config)

    assert (code, out) == (2, "")
    assert f"{prices_path(config)}:2: usd" in err
    assert "'cheap' is not an amount" in err


def test_prices_that_do_not_parse_are_not_written_over(config: Path, capsys: Capture) -> None:
    add_prices(config, ["us-east-1,hosting,ml.m5.large,cheap,2026-11-01,me"])

    code, _, _ = say(capsys, "cost", "--refresh", "--config", config)

    assert code == 2
    assert "cheap" in prices_path(config).read_text(encoding="utf-8")


def test_a_refused_price_list_changes_nothing_and_names_the_action(
    config: Path, capsys: Capture
) -> None:
    break_things({"fault": "refuse", "service": "pricing", "operation": "GetProducts"})
    try:
        code, out, err = say(capsys, "cost", "--refresh", "--config", config)
    finally:
        break_things()

    assert (code, out) == (3, "")
    assert "GetProducts" in err
    assert not prices_path(config).exists()


def test_old_prices_are_told(config: Path, capsys: Capture) -> None:
    add_prices(config, ["us-east-1,hosting,ml.m5.large,0.1,2024-01,an old list"])

    _, _, err = say(capsys, "cost", "--config", config)

    assert "prices are older than 90 days" in err


def test_prices_that_were_read_elsewhere_are_told(config: Path, capsys: Capture) -> None:
    elsewhere = "http://127.0.0.1:9"
    add_prices(
        config, [f'us-east-1,hosting,ml.m5.large,0.1,2026-11-01,"{elsewhere}, USE1-Host: 0.1"']
    )

    _, _, err = say(capsys, "cost", "--config", config)

    assert f"prices were read at {elsewhere}" in err
    say(capsys, "cost", "--refresh", "--config", config)
    _, _, err = say(capsys, "cost", "--config", config)
    assert "were read at" not in err


def test_a_workshop_with_a_budget_is_not_deployed_while_a_price_is_unknown(
    config: Path, capsys: Capture
) -> None:
    code, out, err = say(capsys, "deploy", "--yes", "--config", config)

    assert (code, out) == (1, "")
    assert "the workshop has a budget, and 2 prices it needs are unknown" in err
    assert "hosting on ml.m5.large in us-east-1" in err
    assert "workshop cost --refresh" in err


def test_a_canary_finds_the_prices_of_the_workshop_it_tries(config: Path, capsys: Capture) -> None:
    say(capsys, "cost", "--refresh", "--config", config)
    derived = config.parent / "canary" / "workshop.yaml"
    derived.parent.mkdir()

    bring_prices(config, derived)

    assert load_prices(derived) == load_prices(config)
    bring_prices(derived.parent / "none.yaml", config.parent / "other.yaml")
    assert not prices_path(config.parent / "other.yaml").exists()


def test_the_estimate_needs_no_account(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)

    code, said = call(capsys, "cost", "--config", write_config(tmp_path))

    assert code == 3
    assert said["sums"]["workspace"]["expected"] == pytest.approx(2 * 8 * 0.05)
    assert said["budget"] == {"above": [], "deploys": True, "per_attendee": None, "total": None}


def test_above_the_budget_a_deployment_says_so(config: Path, capsys: Capture) -> None:
    say(capsys, "cost", "--refresh", "--config", config)
    low = write_config(config.parent, budget={"total": 1, "per_attendee": 0.5})
    workshop, clients = load_workshop(low), make_clients()

    above = hold_against_budget(workshop, low, clients)

    assert above == [
        "expected to cost 1.39 USD, above budget.total of 1.00",
        "expected to cost 0.69 USD per attendee, above budget.per_attendee of 0.50",
    ]
    assert hold_against_budget(load_workshop(write_config(config.parent)), low, clients) == []

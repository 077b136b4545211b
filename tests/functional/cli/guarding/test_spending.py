"""What the ledger knows of what is gone, in the commands that say what it all has cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import break_things, call, say
from tests.functional.cli.clients import client
from tests.functional.cli.guarding.account import (
    WEST,
    add_notebook,
    deploy_guard,
    let_look,
    spend,
)
from tests.unit.workshop.configs import write_config

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]


def test_status_counts_what_is_deleted_and_runs_since_the_last_look(
    config: Path, capsys: Capture
) -> None:
    spend(config, "ann", hours=20)
    let_look(config)
    add_notebook("bob")

    code, said, _ = call(capsys, "status", "--config", config)
    _, _, told = say(capsys, "status", "--config", config)

    spent = said["spent"]
    assert (code, spent["complete"], spent["perhaps_less"]) == (0, True, False)
    assert spent["attendees"]["ann"] == {"usd": 1.0, "unknown": 0}
    # Whoever has cost nothing at all is not in it.
    assert spent["attendees"]["bob"]["usd"] < 0.01
    assert "spent so far: 1.00 USD, 0.50 USD per attendee (jobs' and endpoints' volumes" in told


def test_status_of_one_attendee_takes_only_their_part_of_the_ledger(
    config: Path, capsys: Capture
) -> None:
    spend(config, "ann", hours=20)
    spend(config, "bob", hours=40)
    let_look(config)

    _, said, _ = call(capsys, "status", "--attendee", "bob", "--config", config)

    assert said["spent"]["attendees"] == {"bob": {"usd": 2.0, "unknown": 0}}


def test_a_ledger_that_nobody_has_kept_lately_is_not_complete(
    config: Path, capsys: Capture
) -> None:
    spend(config, "ann", hours=20)
    let_look(config, minutes_ago=45)

    _, said, _ = call(capsys, "status", "--config", config)

    assert (said["spent"]["usd"], said["spent"]["complete"]) == (1.0, False)


def test_without_a_ledger_listings_alone_tell(place: Path, capsys: Capture) -> None:
    path = write_config(place)
    add_notebook("ann")

    code, said, _ = call(capsys, "status", "--config", path)

    assert (code, set(said["spent"]["attendees"])) == (0, {"ann"})
    assert said["spent"]["complete"] is False


def test_one_region_without_a_ledger_makes_the_sum_incomplete(place: Path, capsys: Capture) -> None:
    attendees = [{"id": "ann"}, {"id": "bob", "region": WEST}]
    path = write_config(place, regions=["us-east-1", WEST], attendees=attendees)
    deploy_guard(path)
    spend(path, "ann", hours=20)
    let_look(path)

    _, said, _ = call(capsys, "status", "--config", path)

    assert (said["spent"]["usd"], said["spent"]["complete"]) == (1.0, False)


def test_a_list_that_is_refused_ends_nothing_in_the_ledger(config: Path, capsys: Capture) -> None:
    add_notebook("ann")
    let_look(config)
    break_things({"fault": "refuse", "operation": "ListNotebookInstances"})

    _, said, _ = call(capsys, "status", "--config", config)

    assert said["spent"]["complete"] is False
    assert said["spent"]["attendees"]["ann"]["usd"] < 0.01


def test_the_report_of_a_sweep_counts_what_was_deleted_before(
    config: Path, capsys: Capture
) -> None:
    spend(config, "ann", hours=20)
    let_look(config)
    add_notebook("bob")

    code, _, err = say(capsys, "cleanup", "--yes", "--report", "r.md", "--config", config)

    assert code == 0
    assert "the workshop has cost 1.00 USD, 0.50 USD per attendee" in err
    text = Path("r.md").read_text(encoding="utf-8")
    assert "## What the workshop has cost: 1.00 USD, 0.50 USD per attendee" in text
    assert "| ann | 1.00 USD |" in text


def test_destroy_reads_the_ledger_before_it_deletes_it(config: Path, capsys: Capture) -> None:
    spend(config, "ann", hours=20)
    let_look(config)
    # Something to be destroyed.
    template = {
        "Mappings": {"Doors": {"Attendees": {"State": "open"}}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    }
    client("cloudformation").create_stack(
        StackName="ml101-shared",
        TemplateBody=json.dumps(template),
        Tags=[{"Key": "workshop:name", "Value": "ml101"}],
    )

    arguments = ("destroy", "--yes", "--discard-work", "--config", config)
    _, said, _ = call(capsys, *arguments)

    assert said["executed"] is True
    assert said["spent"]["attendees"] == {"ann": {"usd": 1.0, "unknown": 0}}
    assert said["spent"]["complete"] is True

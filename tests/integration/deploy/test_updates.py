"""A workshop that changes: everybody keeps what is theirs, and what would not is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal import account, isolation
from rehearsal.account import ACCOUNT
from rehearsal.processes import LocalAws
from tests.integration.cleanup.terminal import Terminal
from tests.unit.workshop.configs import write_config

pytestmark = pytest.mark.xdist_group("updated-deployments")

REGIONS = ("us-east-1", "eu-west-1")
ANN = {"id": "ann", "region": "us-east-1"}
BOB = {"id": "bob", "region": "us-east-1", "environment": "notebook"}
CAT = {"id": "cat", "region": "eu-west-1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What `workshop deploy --json` answered: its exit code and document, and what it noted."""

    code: int
    document: dict[str, Any]
    notes: str

    def actions(self) -> dict[str, str]:
        """What is planned, by stack and region."""
        rows = self.document["plan"]
        return {f"{r['stack']} {r['region']}": r["action"] for r in rows}

    def reason(self, stack: str) -> str:
        """Why a stack failed."""
        rows = [r for r in self.document["stacks"] if r["stack"] == stack and not r["ok"]]
        return str(rows[0]["reason"])


@dataclass(frozen=True, slots=True)
class Room:
    """A workshop in two regions, with both environments."""

    terminal: Terminal

    def deploy(self, *attendees: dict[str, str], **changes: Any) -> Answer:
        config = write_config(
            self.terminal.directory, attendees=list(attendees), regions=list(REGIONS), **changes
        )
        process = self.terminal.start("deploy", "--yes", "--json", "--config", config)
        output, errors = process.communicate(timeout=180)
        return Answer(process.returncode, json.loads(output), errors)

    def volumes(self) -> dict[str, Any]:
        """When everybody's volume was made."""
        made: dict[str, Any] = {}
        for region in REGIONS:
            sagemaker = self.terminal.client("sagemaker", region)
            for space in sagemaker.list_spaces()["Spaces"]:
                made[space["SpaceName"]] = space["CreationTime"]
            for instance in sagemaker.list_notebook_instances()["NotebookInstances"]:
                made[instance["NotebookInstanceName"]] = instance["CreationTime"]
        return made

    def statuses(self) -> set[str]:
        return {
            row["StackStatus"]
            for region in REGIONS
            for row in self.terminal.client("cloudformation", region).describe_stacks()["Stacks"]
        }


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    directory = tmp_path_factory.mktemp("updates")
    aws = LocalAws(directory / "aws", isolation.without_aws(os.environ))
    try:
        terminal = Terminal(aws.url, directory)
        account.bootstrap(terminal.client, ACCOUNT, REGIONS)
        yield Room(terminal)
    finally:
        aws.close()


def test_a_name_that_is_taken_fails_one_attendee_who_is_then_retried_alone(room: Room) -> None:
    iam = room.terminal.client("iam")
    iam.create_role(RoleName="ml101-bob", AssumeRolePolicyDocument="{}")

    failed = room.deploy(ANN, BOB, CAT)

    assert failed.code == 1
    assert {r["stack"] for r in failed.document["stacks"] if not r["ok"]} == {"ml101-bob"}
    assert failed.reason("ml101-bob").startswith("name taken: ")

    iam.delete_role(RoleName="ml101-bob")
    again = room.deploy(ANN, BOB, CAT)

    assert again.code == 0
    assert {k for k, action in again.actions().items() if action != "keep"} == {
        "ml101-bob us-east-1"
    }
    assert room.volumes().keys() == {"ml101-ann", "ml101-bob", "ml101-cat"}


def test_another_reference_changes_the_scripts_and_nobodys_volume(room: Room) -> None:
    room.deploy(ANN, BOB, CAT)
    before = room.volumes()

    changed = room.deploy(
        ANN, BOB, CAT, repository={"url": "https://github.com/example/labs.git", "ref": "v2"}
    )

    assert changed.code == 0
    assert "update" in changed.actions().values()
    assert room.volumes() == before
    assert room.deploy(ANN, BOB, CAT).code == 0
    assert room.volumes() == before


def test_an_attendee_more_or_less_changes_only_theirs(room: Room) -> None:
    room.deploy(ANN, BOB, CAT)

    changed = room.deploy(ANN, BOB, CAT | {"id": "dan"})

    assert changed.code == 0
    assert {k for k, action in changed.actions().items() if action != "keep"} == {
        "ml101-dan eu-west-1"
    }
    assert "it stays until: workshop destroy --attendee cat" in changed.notes


def test_another_environment_is_refused_before_anything_changes(room: Room) -> None:
    room.deploy(ANN, BOB, CAT)
    before = room.volumes()

    refused = room.deploy(ANN | {"environment": "notebook"}, BOB, CAT)

    assert refused.code == 1
    # Nobody else in the region uses the domain, so the shared stack would lose it too.
    assert refused.reason("ml101-shared") == (
        "would take away ml101-shared-domain, still imported by ml101-ann; "
        "run workshop destroy --attendee ann, then workshop deploy again"
    )
    assert "delete the space ml101-ann with its files" in refused.reason("ml101-ann")
    assert room.volumes() == before
    assert room.statuses() <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_the_way_out_that_it_names_works(room: Room) -> None:
    room.deploy(ANN, BOB, CAT)
    config = write_config(room.terminal.directory, attendees=[ANN, BOB, CAT], regions=list(REGIONS))
    process = room.terminal.start(
        "destroy", "--attendee", "ann", "--yes", "--discard-work", "--config", config
    )
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors

    changed = room.deploy(ANN | {"environment": "notebook"}, BOB, CAT)

    assert changed.code == 0
    assert room.terminal.client("sagemaker").list_domains()["Domains"] == []

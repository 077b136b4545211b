"""`workshop canary` against a local AWS: the real commands, a real boot, a real lab."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import account, stage
from rehearsal.processes import LocalAws, Processes
from rehearsal.view import View
from tests.integration.cleanup.terminal import Terminal
from tests.unit.workshop.configs import write_config
from workshop.cli.canary import canary_name
from workshop.cli.children import workshop_argv
from workshop.config import load_workshop

CANARY = canary_name("ml101")
STEPS = ["check", "deploy", "open", "boot", "lab", "cleanup", "destroy"]


class Place:
    """A bootstrapped account with a repository, and a workshop that is not deployed there."""

    def __init__(self, directory: Path) -> None:
        self.config = write_config(directory, regions=["us-east-1", "eu-west-1"])
        workshop = load_workshop(self.config)
        account.make_repository(directory, stage.ROOT, workshop.repository.ref)
        self.aws = LocalAws(directory / "aws", stage.server_environment(workshop, directory))
        self.terminal = Terminal(self.aws.url, directory)
        account.bootstrap(self.terminal.client, account.ACCOUNT, workshop.regions[:1])
        variables = stage.variables(self.aws.url, workshop, directory)
        environment = {**stage.command_environment(directory), **variables}
        self.processes = Processes(environment, directory)
        self._view = View(self.aws.url)
        self._before = self._view.inventory()

    def canary(self, *options: str) -> tuple[int, Any, str]:
        """Run it; its exit code, what it printed as JSON, and what it said."""
        finished = self.processes.workshop(
            *("canary", "--yes", "--json", "--look-every", "1"),
            *("--config", str(self.config), *options),
        )
        return finished.code, finished.json(), finished.stderr

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start it, to be killed."""
        return subprocess.Popen(
            [*workshop_argv("canary", "--yes"), "--config", str(self.config), *options],
            env=self.processes.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def left(self) -> list[Any]:
        return sorted(self._view.inventory() - self._before)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("canary"))
    yield found
    found.processes.close()
    found.aws.close()


def test_one_attendee_goes_the_whole_way_and_leaves_nothing(place: Place) -> None:
    code, said, err = place.canary("--environment", "studio")

    assert code == 0, err
    assert said["ok"]
    assert (said["workshop"], said["environment"]) == (CANARY, "studio")
    assert [step["name"] for step in said["steps"]] == STEPS
    assert sum(step["seconds"] for step in said["steps"]) > 0
    assert said["lab"]["ok"]
    assert said["usd"] > 0
    assert said["looks"] > 2
    assert (said["problems"], said["left"], place.left()) == ([], [], [])


def test_whatever_fails_is_named_and_everything_is_destroyed_all_the_same(place: Place) -> None:
    place.terminal.set_faults(
        {"fault": "refuse", "service": "sagemaker", "operation": "CreateTrainingJob"}
    )

    code, said, err = place.canary("--environment", "notebook")

    place.terminal.set_faults()
    assert code == 1, err
    assert [step["name"] for step in said["steps"]] == STEPS
    [failed] = [step for step in said["steps"] if not step["ok"]]
    assert failed["name"] == "lab"
    assert "CreateTrainingJob" in failed["reason"]
    assert (said["ok"], said["left"], place.left()) == (False, [], [])


def test_where_the_check_finds_a_problem_nothing_is_made(place: Place) -> None:
    code, said, err = place.canary("--region", "eu-west-1")

    assert code == 1, err
    [step] = said["steps"]
    assert (step["name"], step["ok"]) == ("check", False)
    assert "CDK bootstrap" in step["reason"]
    assert place.left() == []


def test_a_later_command_removes_what_a_killed_one_left(place: Place) -> None:
    killed = place.start("--environment", "notebook")
    assert killed.stderr is not None
    for line in killed.stderr:
        if f"{CANARY}-shared" in line:
            break
    killed.kill()
    killed.communicate()
    assert place.left()

    code, said, err = place.canary("--clean-up")

    assert code == 0, err
    assert [step["name"] for step in said["steps"]] == ["cleanup", "destroy"]
    assert (said["usd"], place.left()) == (None, [])

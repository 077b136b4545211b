"""What happens beside a sweep: another sweep, a deployment, another workshop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import account, isolation
from rehearsal.account import ACCOUNT
from rehearsal.processes import LocalAws
from tests.integration.cleanup.terminal import REGION, Terminal, ended, leave, remains
from tests.unit.workshop.configs import write_config


def test_two_sweeps_of_one_workshop_at_once_both_end_clean(
    terminal: Terminal, config: Path
) -> None:
    leave(terminal, "ml101-ann-twice", range(6))
    both = [terminal.start("cleanup", "--yes", "--config", config) for _ in range(2)]
    for code, said in [ended(process) for process in both]:
        assert code == 0, said
        assert "Traceback" not in said
    assert remains(terminal, "ml101-ann-twice") == []


def test_a_workshop_whose_name_ours_begins_with_is_not_seen(
    terminal: Terminal, tmp_path: Path
) -> None:
    leave(terminal, "ml101-ann-one", range(2))
    leave(terminal, "ml1011-ann-one", range(2))
    neighbours = terminal.rows("ml1011-")
    ours = write_config(tmp_path, attendees=["ann"])
    code, said = ended(terminal.start("cleanup", "--yes", "--config", ours))
    assert code == 0, said
    assert remains(terminal, "ml101-ann-one") == []
    assert terminal.rows("ml1011-") == neighbours

    leave(terminal, "ml101-ann-two", range(2))
    kept = terminal.rows("ml101-")
    theirs = write_config(tmp_path, name="ml1011", attendees=["ann"])
    code, said = ended(terminal.start("cleanup", "--yes", "--config", theirs))
    assert code == 0, said
    assert remains(terminal, "ml1011-") == []
    assert terminal.rows("ml101-") == kept


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """An account in which a workshop can be deployed."""
    directory = tmp_path_factory.mktemp("school")
    aws = LocalAws(directory / "aws", isolation.without_aws(os.environ))
    terminal = Terminal(aws.url, directory)
    account.bootstrap(terminal.client, ACCOUNT, [REGION])
    yield terminal
    aws.close()


def test_a_sweep_during_a_deployment_leaves_every_environment_standing(
    school: Terminal, config: Path
) -> None:
    deploying = school.start("deploy", "--yes", "--config", config)
    sweeps = 0
    while deploying.poll() is None:
        code, said = ended(school.start("cleanup", "--yes", "--no-prices", "--config", config))
        assert code == 0, said
        sweeps += 1
    code, said = ended(deploying)
    assert code == 0, said
    assert sweeps > 1, "it was over before anything was swept"
    standing = {(row["kind"], row["name"].rpartition("/")[2]) for row in school.rows()}
    for name in ("ml101-ann", "ml101-bob"):
        assert {("stack", name), ("user-profile", name), ("space", name)} <= standing
    assert {row["status"] for row in school.rows() if row["kind"] == "stack"} == {"CREATE_COMPLETE"}

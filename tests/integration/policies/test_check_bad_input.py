"""`workshop check` with credentials, rights or regions that are missing: clear, and harmless."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal import account, isolation, stage
from rehearsal.processes import LocalAws, Processes
from rehearsal.view import View
from tests.integration.cleanup.terminal import Terminal
from tests.unit.workshop.configs import write_config
from workshop.cli.children import Finished
from workshop.config import load_workshop

DENIED = {"fault": "refuse", "service": "iam", "operation": "ListRoles"}


class Account:
    """A local AWS with a bootstrapped account."""

    def __init__(self, directory: Path) -> None:
        self.config = write_config(directory)
        self._workshop = load_workshop(self.config)
        account.make_repository(directory, stage.ROOT, self._workshop.repository.ref)
        self._directory = directory
        self.aws = LocalAws(directory / "aws", stage.server_environment(self._workshop, directory))
        account.bootstrap(Terminal(self.aws.url, directory).client, account.ACCOUNT, ["us-east-1"])

    def check(self, key: str, *options: str) -> Finished:
        """Run the check as whoever has an access key; "" is nobody."""
        variables = stage.variables(self.aws.url, self._workshop, self._directory)
        if key:
            variables["AWS_ACCESS_KEY_ID"] = key
        else:
            del variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
        environment = {**stage.command_environment(self._directory), **variables}
        processes = Processes(environment, self._directory)
        return processes.workshop("check", *options, "--config", str(self.config))

    def let_fail(self, *rules: Mapping[str, Any]) -> None:
        """Set the faults; without any, nothing fails."""
        url = f"{self.aws.url}/_local/faults"
        isolation.require_loopback(url)
        request = urllib.request.Request(url, json.dumps(list(rules)).encode(), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            assert answer.status == 200

    def calls(self, key: str) -> set[str]:
        """What was called with an access key."""
        calls = json.loads(View(self.aws.url).get(f"{self.aws.url}/_local/calls"))["calls"]
        return set(calls.get(key, ()))


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    found = Account(tmp_path_factory.mktemp("account"))
    yield found
    found.aws.close()


def findings(finished: Finished) -> dict[str, dict[str, str]]:
    """The findings by subject."""
    said = finished.json()
    assert isinstance(said, dict), finished.stderr
    return {found["subject"]: found for found in said["findings"]}


@pytest.mark.xdist_group("check-bad-input")
def test_without_credentials_nothing_can_be_told_and_the_rest_is(aws: Account) -> None:
    finished = aws.check("", "--json")

    found = findings(finished)
    assert finished.code == 3
    assert found["credentials"]["what"] == "no AWS credentials were found"
    assert "sign in again" in found["credentials"]["fix"]
    assert found["modules in time"]["state"] == "ok"
    assert found["repository"]["state"] == "ok"


@pytest.mark.xdist_group("check-bad-input")
def test_one_right_that_is_missing_is_named_and_all_else_is_looked_at(aws: Account) -> None:
    aws.let_fail(DENIED)
    try:
        finished = aws.check("denied", "--json")
    finally:
        aws.let_fail()

    found = findings(finished)
    unknown = [subject for subject, row in found.items() if row["state"] == "unknown"]
    assert finished.code == 3
    assert unknown == ["role names"]
    assert "iam:ListRoles" in found["role names"]["fix"]
    assert found["policy names"]["state"] == "ok"
    changes = {
        call
        for call in aws.calls("denied")
        if not call.partition(":")[2].startswith(("Describe", "Get", "Head", "List"))
    }
    assert changes == set()


@pytest.mark.xdist_group("check-bad-input")
def test_prices_beside_the_configuration_that_do_not_parse_are_told_by_line(aws: Account) -> None:
    prices = aws.config.with_suffix(".prices.csv")
    before = prices.read_text(encoding="utf-8") if prices.exists() else None
    prices.write_text("region,usage\nnowhere,much\n", encoding="utf-8")
    try:
        finished = aws.check("prices", "--json")
    finally:
        prices.unlink()
        if before is not None:
            prices.write_text(before, encoding="utf-8")

    assert finished.code == 2
    assert f"{prices}:1" in finished.stderr
    assert aws.calls("prices") == set()

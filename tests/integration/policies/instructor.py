"""A workshop's day at an instructor's terminal, each command signed with a key of its own name.

The local AWS counts calls by access key, so that afterwards every command's calls are known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rehearsal import account, stage
from rehearsal.lesson import Lesson
from rehearsal.processes import LocalAws, Processes
from rehearsal.view import View
from tests.integration.cleanup.terminal import Terminal
from tests.unit.workshop.configs import write_config
from workshop.cli.children import Finished
from workshop.config import load_workshop

# (key, arguments): in the order of a day. A key is the command, with what it is given.
DAY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("check", ("check", "--json")),
    ("cost", ("cost", "--refresh", "--json")),
    ("deploy", ("deploy", "--yes", "--json")),
    ("open", ("open", "ann", "--wait", "--json")),
    ("open", ("open", "bob", "--wait", "--json")),
    ("run", ("run", "iris-xgboost", "--attendee", "ann", "--poll-seconds", "1", "--json")),
    ("run", ("run", "iris-xgboost", "--attendee", "bob", "--poll-seconds", "1", "--json")),
    ("status", ("status", "--json")),
    ("status", ("status", "--boot", "--json")),
    ("check", ("check", "--json")),
    ("deploy", ("deploy", "--yes", "--json")),
    ("guard", ("guard", "--once", "--yes", "--json")),
    ("guard", ("guard", "--json")),
    ("guard", ("guard", "--explain", "ml101-bob", "--json")),
    ("guard", ("guard", "--hold", "1h", "--yes", "--json")),
    ("guard", ("guard", "--release", "--yes", "--json")),
    ("guard", ("guard", "--log", "--json")),
    ("extend", ("extend", "1h", "--yes", "--json")),
    ("extend", ("extend", "--reset", "--yes", "--json")),
    ("collect", ("collect", "--json")),
    ("cleanup", ("cleanup", "--yes", "--audit-s3", "--records", "--json")),
    ("destroy", ("destroy", "--yes", "--discard-work", "--json")),
)


class Day:
    """An account with a repository, and the commands of a day in it."""

    def __init__(self, directory: Path) -> None:
        self.config = write_config(
            directory,
            attendees=[{"id": "ann"}, {"id": "bob", "environment": "notebook"}],
        )
        self._workshop = load_workshop(self.config)
        account.make_repository(directory, stage.ROOT, self._workshop.repository.ref)
        self.aws = LocalAws(directory / "aws", stage.server_environment(self._workshop, directory))
        self._view = View(self.aws.url)
        self._directory = directory
        self._environment = stage.command_environment(directory)
        self._client = Terminal(self.aws.url, directory).client
        account.bootstrap(self._client, account.ACCOUNT, self._workshop.regions)

    def run(self, key: str, *arguments: str) -> Finished:
        """Run a command as whoever has an access key."""
        variables = stage.variables(self.aws.url, self._workshop, self._directory)
        environment = {**self._environment, **variables, "AWS_ACCESS_KEY_ID": key}
        processes = Processes(environment, self._directory)
        return processes.workshop(*arguments, "--config", str(self.config))

    def leave_something(self) -> None:
        """What an attendee forgets: an endpoint with its configuration and model."""
        clients: Any = self._client
        lesson = Lesson(
            self._workshop,
            self.config,
            processes=Processes({}, self._directory),
            clients=clients,
            view=self._view,
            kept=self._directory,
        )
        lesson.forget_endpoint()

    def calls(self) -> dict[str, set[str]]:
        """The operations that every key has called, as "service:Operation"."""
        calls = json.loads(self._view.get(f"{self.aws.url}/_local/calls"))["calls"]
        return {key: set(counted) for key, counted in calls.items()}

    def close(self) -> None:
        self.aws.close()

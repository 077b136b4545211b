from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.factories import make_workshop
from workshop.model import Repository, Workshop


def git(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="package")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("repository")
    git("init", "--quiet", "--initial-branch=main", folder)
    git("-C", folder, "commit", "--quiet", "--allow-empty", "--message=first")
    git("-C", folder, "tag", "v1.0")
    return Repository(str(folder), "main")


@pytest.fixture
def workshop(repository: Repository) -> Workshop:
    return make_workshop(["ann", "bob"], repository=repository)

"""What an account has before a workshop: CDK's bootstrap, and a repository with the labs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workshop.aws import Clients
from workshop.errors import WorkshopError
from workshop.names import bootstrap_bucket

ACCOUNT = "123456789012"  # moto's default account

# What `cdk bootstrap` records; the templates' rule asks for 6 or newer.
BOOTSTRAP_VERSION = "28"
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"


def bootstrap(clients: Clients, account: str, regions: Iterable[str]) -> None:
    """Make the bootstrap bucket and version parameter: what `cdk bootstrap` leaves that a
    deployment with the caller's own credentials needs."""
    for region in regions:
        where: dict[str, Any] = {}
        if region != "us-east-1":
            where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        clients("s3", region).create_bucket(Bucket=bootstrap_bucket(account, region), **where)
        clients("ssm", region).put_parameter(
            Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
        )


def make_repository(directory: Path, sources: Path, ref: str) -> Path:
    """Make a bare git repository whose branch `ref` holds the labs of this checkout.

    `sources` is the checkout; its modules/, README.md and LICENSE are committed as they
    stand in the working tree. Returns the bare repository's path.
    """
    work, bare = directory / "labs", directory / "labs.git"
    work.mkdir(parents=True)
    shutil.copytree(
        sources / "modules",
        work / "modules",
        ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
    )
    for name in ("README.md", "LICENSE"):
        shutil.copy(sources / name, work / name)
    identity = ["-c", "user.name=Workshop", "-c", "user.email=workshop@example.com"]
    _git(work, "init", "--quiet", "--initial-branch", "main")
    _git(work, "add", "--all")
    _git(work, *identity, "commit", "--quiet", "--message", "The labs of this workshop")
    if ref != "main":
        _git(work, "branch", "--move", "main", ref)
    _git(directory, "clone", "--quiet", "--bare", str(work), str(bare))
    shutil.rmtree(work)
    return bare


def _git(directory: Path, *arguments: str) -> None:
    finished = subprocess.run(
        ["git", *arguments], cwd=directory, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        raise WorkshopError(
            "the rehearsal's git repository could not be made",
            f"git {arguments[0]}: {finished.stderr.strip()}",
            "install git 2.28 or newer",
        )

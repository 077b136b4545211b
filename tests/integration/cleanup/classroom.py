"""A workshop of two people on the local AWS, deployed and opened, and commands in their homes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from rehearsal import account, isolation
from rehearsal.account import ACCOUNT
from rehearsal.lesson import Lesson
from rehearsal.processes import LocalAws, Processes
from rehearsal.view import View
from tests.unit.workshop.configs import write_config
from workshop.config import load_workshop
from workshop.errors import EXIT_OK

ROOT = Path(__file__).parents[3]
REGION = "us-east-1"
# Whose home is how deep below what stands for the root of their machine.
_DEPTHS = {"ann": ("home/sagemaker-user", "."), "bob": ("home/ec2-user/SageMaker", "..")}
_PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Classroom:
    """Ann in Studio and bob on a notebook instance, with what leads to their local AWS."""

    url: str
    config: Path
    view: View

    def client(self, service: str, **credentials: str) -> Any:
        """A client of the local AWS, the instructor's unless credentials are given."""
        own = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.url, **{**own, **credentials}
        )

    def workshop(
        self, attendee: str, *arguments: str, role: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the installed `workshop` in an attendee's terminal, with a role's credentials."""
        base = self.view.homes()[f"ml101-{attendee}"]
        inside, up = _DEPTHS[attendee]
        home = (base / up).resolve()
        given = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role or f'ml101-{attendee}'}",
            RoleSessionName="SageMaker",
        )["Credentials"]
        environment = {
            **isolation.without_aws(os.environ),
            **isolation.exports(self.url, REGION),
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
            "HOME": str(home),
            "WORKSHOP_ROOT": str(base).removesuffix(f"/{inside}"),
        }
        # Terminals of notebook instances have none; the metadata file says where they are.
        if attendee == "bob":
            del environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]
        return subprocess.run(
            [str(home / ".local/bin/workshop"), *arguments],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )

    def home(self, attendee: str) -> Path:
        """Where an attendee's files are."""
        return self.view.homes()[f"ml101-{attendee}"]

    def left(self) -> set[tuple[str, str, str]]:
        """(kind, name, status) of everything there is."""
        return {(kind, name, status) for kind, _, name, status in self.view.inventory()}


@contextmanager
def open_classroom(directory: Path, **changes: Any) -> Iterator[Classroom]:
    """Deploy and open the workshop on a local AWS of its own; all of it ends at the end.
    `changes` are keys of its configuration."""
    config = write_config(
        directory,
        attendees=[{"id": "ann"}, {"id": "bob", "environment": "notebook"}],
        **changes,
    )
    workshop = load_workshop(config)
    labs = account.make_repository(directory, ROOT, workshop.repository.ref)
    environment = {
        **isolation.without_aws(os.environ),
        **isolation.git_redirect(workshop.repository.url, labs),
    }
    offline = isolation.offline_tools(ROOT / ".wheelhouse", directory / "uv-cache")
    aws = LocalAws(directory / "aws", {**environment, **offline})
    classroom = Classroom(aws.url, config, View(aws.url))
    processes = Processes({**environment, **isolation.exports(aws.url, REGION)}, ROOT)
    lesson = Lesson(
        workshop,
        config,
        processes=processes,
        clients=lambda service, _region: classroom.client(service),
        view=classroom.view,
        kept=directory / "kept",
    )
    try:
        account.bootstrap(lambda service, _: classroom.client(service), ACCOUNT, [REGION])
        deployed = processes.workshop("deploy", "--yes", "--config", str(config))
        assert deployed.code == EXIT_OK, deployed.last_words
        assert lesson.open_all() == []
        yield classroom
    finally:
        lesson.close()
        aws.close()

"""`workshop check` as an instructor calls it, in a folder of its own, on a local AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.workshop.configs import write_config

URL = "https://git.example.com/labs.git"


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check said."""

    code: int
    stdout: str
    stderr: str

    @property
    def data(self) -> Any:
        return json.loads(self.stdout)


class Classroom:
    """A workshop's file, a repository that stands for its labs, and the way to the local AWS."""

    def __init__(self, folder: Path, aws: Mapping[str, str], **changes: Any) -> None:
        self.folder = folder
        self._aws = aws
        self.config = write_config(folder, repository={"url": URL, "ref": "main"}, **changes)
        labs = folder / "labs.git"
        git = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", "-C", str(labs)]
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", labs], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message=labs"], check=True)
        self._git = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{labs}.insteadOf",
            "GIT_CONFIG_VALUE_0": URL,
        }

    def check(self, *options: str, **environment: str) -> Checked:
        """Run `workshop check`."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run(
            [
                *(sys.executable, "-m", "workshop.cli.main", "check"),
                *("--config", str(self.config), *options),
            ],
            env={**kept, **self._aws, **self._git, "HOME": str(self.folder), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Checked(done.returncode, done.stdout, done.stderr)

    def tell(self, page: str, data: Any) -> None:
        """Tell the local AWS something: /_local/clock, /_local/faults."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        url = f"{self._aws['AWS_ENDPOINT_URL']}/_local/{page}"
        with opener.open(url, json.dumps(data).encode(), timeout=30) as answer:
            answer.read()

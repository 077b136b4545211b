"""A deployment or a destruction that is killed or interrupted is simply run again."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.cleanup.terminal import ended, wait_until
from tests.integration.deploy.killing import STACKS, Site, kill_deployments, kill_destructions
from tests.unit.workshop.configs import write_config

# One account serves all tests of this file.
pytestmark = pytest.mark.xdist_group("killed-deployments")


def test_after_any_kills_deploy_ends_complete_and_destroy_leaves_nothing(site: Site) -> None:
    assert kill_deployments(site, kills=2, seed=1) == []
    assert kill_destructions(site, kills=1, seed=2) == []


def test_an_interrupted_deployment_says_what_goes_on_and_is_continued(site: Site) -> None:
    site.terminal.set_faults({"fault": "stick", "kind": "domain"})
    process = site.start("deploy", "--yes", "--assembly", site.assemblies[0])
    wait_until(lambda: site.statuses().get("ml101-shared") == "CREATE_IN_PROGRESS")
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 130
    assert "still under way in CloudFormation: ml101-shared" in said
    assert "run workshop deploy again" in said

    site.terminal.set_faults()
    output, _ = finished(site.start("deploy", "--yes", "--json", "--assembly", site.assemblies[0]))

    assert json.loads(output)["ok"]
    assert site.statuses() == dict.fromkeys(STACKS, "CREATE_COMPLETE")


def test_with_json_every_line_of_stderr_is_an_event(site: Site) -> None:
    output, errors = finished(
        site.start("deploy", "--yes", "--json", "--assembly", site.assemblies[1])
    )

    events = [json.loads(line) for line in errors.splitlines()]
    assert json.loads(output)["ok"]
    stacks = {event["stack"] for event in events if event["event"] == "stack" and event["done"]}
    assert stacks == set(STACKS)
    assert events[-1]["event"] == "progress"
    assert all(event["time"].endswith("Z") for event in events)


def test_an_assembly_of_another_workshop_is_refused(site: Site, tmp_path: Path) -> None:
    config = write_config(tmp_path, name="other")
    code, said = ended(
        site.terminal.start("deploy", "--config", config, "--assembly", site.assemblies[0])
    )
    assert code == 2
    assert "the assembly is not of other" in said
    assert "its stacks are of ml101" in said


def finished(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a command says on stdout and on stderr, in the end."""
    return process.communicate(timeout=120)

"""Cloud Custodian deletes what the sweep deletes, by tag, from an environment of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.left_behind import REGION, WORKSHOP, count_left
from benchmarks.timing import ROOT, run
from rehearsal import isolation
from workshop.errors import WorkshopError

_COMMAND = ROOT / ".venv-custodian" / "bin" / "custodian"
_OURS = {"tag:workshop:name": WORKSHOP}
# In this order: an instance is deleted once it has stopped.
_POLICIES = [
    {"name": "endpoints", "resource": "aws.sagemaker-endpoint", "filters": [_OURS],
     "actions": ["delete"]},
    {"name": "models", "resource": "aws.sagemaker-model", "filters": [_OURS],
     "actions": ["delete"]},
    {"name": "stop", "resource": "aws.sagemaker-notebook", "filters": [_OURS],
     "actions": ["stop"]},
    {"name": "delete", "resource": "aws.sagemaker-notebook",
     "filters": [_OURS, {"NotebookInstanceStatus": "Stopped"}], "actions": ["delete"]},
]  # fmt: skip


def seconds_of_custodian(url: str) -> float:
    """How long Cloud Custodian takes. Raises WorkshopError when it leaves anything."""
    if not _COMMAND.exists():
        raise WorkshopError("Cloud Custodian is not installed", "", "make setup")
    with TemporaryDirectory() as directory:
        policies = Path(directory) / "policies.json"
        policies.write_text(json.dumps({"policies": _POLICIES}), encoding="utf-8")
        environment = {
            **isolation.without_aws(os.environ),
            **isolation.exports(url, REGION),
            "HOME": directory,
        }
        where = ("--output-dir", directory, "--region", REGION, "--cache-period", "0")
        finished = run([str(_COMMAND), "run", *where, str(policies)], environment)
    left = count_left(url)
    if finished.code != 0 or left:
        said = " ".join(finished.stderr.split())[-300:]
        raise WorkshopError(f"Cloud Custodian left {left} resources", said)
    return finished.seconds

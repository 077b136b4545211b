"""A training script as the SDK v3 sends it: drivers and code as channels, a command of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.integration.rehearsal.commands import ROOT, Commands
from tests.integration.rehearsal.conftest import REGION, Client
from tests.integration.rehearsal.scripts import BUCKET, TRAIN, Account
from tests.integration.rehearsal.test_sdk import SETTINGS, make_role

pytestmark = pytest.mark.xdist_group("local-aws")


def test_a_model_trainer_with_source_code_trains_by_its_script(
    client: Client, aws_url: str, tmp_path: Path
) -> None:
    account = Account(client)
    iam = client("iam")
    role = make_role(iam, "sdk-script")
    iam.attach_role_policy(
        RoleName="sdk-script", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    source, settings = tmp_path / "source", tmp_path / ".config" / "sagemaker"
    source.mkdir()
    (source / "train.py").write_text(TRAIN)
    (source / "requirements.txt").write_text("scikit-learn==1.2.1\na-package-nobody-has\n")
    settings.mkdir(parents=True)
    (settings / "config.yaml").write_text(SETTINGS)
    given = {"region": REGION, "bucket": BUCKET, "role": role, "source": str(source)}

    ended = Commands(aws_url, tmp_path, REGION).run(
        sys.executable,
        *("-m", "tests.integration.rehearsal.sdk_script", json.dumps(given)),
        cwd=ROOT,
    )

    assert ended.returncode == 0, ended.stderr[-3000:]
    job = account.ended(json.loads(ended.stdout.splitlines()[-1]), "Completed")
    said = account.log("TrainingJobs", job["TrainingJobName"])
    assert "accuracy=1.0;" in said
    assert "a-package-nobody-has: NOT here; nothing is installed locally" in said
    model = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    assert account.read(model)

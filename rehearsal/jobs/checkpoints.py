"""Checkpoints of a training job: from S3 before it starts, back to S3 when it has ended.

SageMaker copies them while the job runs, too; here nothing takes a job's machine away meanwhile.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal.jobs import storage
from rehearsal.jobs.relocation import ML, relocate
from rehearsal.jobs.work import JobFailure

_FOLDER = f"{ML}/checkpoints"


def bring_back(job: dict[str, Any], base: Path, s3: Any) -> None:
    """Download what earlier jobs have left under the S3Uri of the job's CheckpointConfig.

    Raises JobFailure for a LocalPath outside of /opt/ml, which has no place here.
    """
    if not (config := job.get("CheckpointConfig")):
        return
    folder = _folder(config, base)
    folder.mkdir(parents=True, exist_ok=True)
    if kept := storage.any_under(s3, config["S3Uri"]):
        storage.download(s3, kept, folder)


def keep(job: dict[str, Any], base: Path, s3: Any) -> None:
    """Upload the folder's files to the S3Uri of the job's CheckpointConfig."""
    if not (config := job.get("CheckpointConfig")):
        return
    folder = _folder(config, base)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        key = path.relative_to(folder).as_posix()
        storage.write(s3, f"{config['S3Uri'].rstrip('/')}/{key}", path.read_bytes())


def _folder(config: dict[str, Any], base: Path) -> Path:
    local = config.get("LocalPath") or _FOLDER
    folder = Path(relocate(local, {ML: base}))
    if not folder.is_relative_to(base):
        raise JobFailure(f"not executed locally: checkpoints in {local}, which is not below {ML}")
    return folder

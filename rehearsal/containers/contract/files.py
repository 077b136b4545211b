"""The container contract: which files a training or serving container finds and writes.

Sources: "How Amazon SageMaker AI provides training information" and "How Amazon SageMaker
AI processes training output"
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


class CustomerError(Exception):
    """Something the person who made the job can put right."""


def log(level: str, text: str) -> None:
    """Write a line of the container's log; SageMaker carries stdout to CloudWatch Logs."""
    sys.stdout.write(f"{level}: {text}\n")
    sys.stdout.flush()


def base_folder() -> Path:
    """The folder that stands for /opt/ml."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def read_config(name: str) -> dict[str, Any]:
    """One of input/config/*.json; {} if SageMaker wrote none."""
    path = base_folder() / "input" / "config" / f"{name}.json"
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write_failure(reason: str) -> None:
    """Write output/failure; SageMaker shows its first 1,024 characters as FailureReason."""
    path = base_folder() / "output" / "failure"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(reason, encoding="utf-8")


def data_files(folder: Path) -> list[Path]:
    """The data files of a channel, sorted. Hidden ones and markers (_SUCCESS) are no data."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".", "_")) and path.stat().st_size > 0
    )

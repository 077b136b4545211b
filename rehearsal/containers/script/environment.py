"""What a training script finds in its environment and on its command line.

Sources: "Use scripts with a framework's container"
(https://docs.aws.amazon.com/sagemaker/latest/dg/docker-containers-adapt-your-own.html) and the
environment variables of https://github.com/aws/sagemaker-training-toolkit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from rehearsal.containers.contract.files import read_config

# Hyperparameters that the toolkit takes for itself (params.py of sagemaker-training 5.1.4).
_OWN = "sagemaker_"
_TUNING = "_tuning_objective_metric"


def decoded(hyperparameters: dict[str, str]) -> dict[str, Any]:
    """Hyperparameters with the values that their JSON stands for; what is no JSON stays text."""
    found: dict[str, Any] = {}
    for name, text in hyperparameters.items():
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def for_the_script(hyperparameters: dict[str, Any]) -> dict[str, Any]:
    """The hyperparameters without those that are the toolkit's."""
    return {
        name: value
        for name, value in hyperparameters.items()
        if not name.startswith(_OWN) and name != _TUNING
    }


def arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """`--name value` of each, sorted by name: a script's command line."""
    words: list[str] = []
    for name, value in sorted(hyperparameters.items()):
        words += [f"--{name}" if len(name) > 1 else f"-{name}", _as_argument(value)]
    return words


def _as_argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)


def script_environment(base: Path, program: str, hyperparameters: dict[str, Any]) -> dict[str, str]:
    """The SM_* variables of a training script.

    `hyperparameters` are the script's own, decoded.
    """
    resources = read_config("resourceconfig")
    data = read_config("inputdataconfig")
    folders = {name: str(base / "input" / "data" / name) for name in data}
    values: dict[str, Any] = {
        "MODEL_DIR": str(base / "model"),
        "INPUT_DIR": str(base / "input"),
        "INPUT_CONFIG_DIR": str(base / "input" / "config"),
        "OUTPUT_DIR": str(base / "output"),
        "OUTPUT_DATA_DIR": str(base / "output" / "data"),
        "OUTPUT_INTERMEDIATE_DIR": str(base / "output" / "intermediate"),
        "MODULE_DIR": str(base / "code"),
        "MODULE_NAME": Path(program).stem,
        "USER_ENTRY_POINT": program,
        "USER_ARGS": arguments(hyperparameters),
        "CHANNELS": sorted(folders),
        "HPS": hyperparameters,
        "HOSTS": resources.get("hosts", []),
        "CURRENT_HOST": resources.get("current_host", ""),
        "CURRENT_INSTANCE_TYPE": resources.get("current_instance_type", ""),
        "NETWORK_INTERFACE_NAME": resources.get("network_interface_name", ""),
        "RESOURCE_CONFIG": resources,
        "INPUT_DATA_CONFIG": data,
        "NUM_CPUS": os.cpu_count() or 1,
        "NUM_GPUS": 0,
        "NUM_NEURONS": 0,
        "LOG_LEVEL": 20,
        "FRAMEWORK_PARAMS": {},
    }
    values["TRAINING_ENV"] = {
        "channel_input_dirs": folders,
        "hyperparameters": hyperparameters,
        "job_name": os.environ.get("TRAINING_JOB_NAME", ""),
        **{name.lower(): value for name, value in values.items()},
    }
    values |= {f"CHANNEL_{name.upper()}": path for name, path in folders.items()}
    values |= {f"HP_{name.upper()}": value for name, value in hyperparameters.items()}
    return {f"SM_{name}": _as_variable(value) for name, value in values.items()}


def _as_variable(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))

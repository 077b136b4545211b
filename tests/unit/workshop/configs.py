"""A valid configuration for tests, to be changed key by key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workshop.config import load_workshop
from workshop.errors import ConfigError, Problem
from workshop.model import Workshop

VALID: dict[str, Any] = {
    "name": "ml101",
    "attendees": ["ann", "bob"],
    "regions": ["us-east-1"],
    "starts": "2030-03-04T09:00:00+01:00",
    "ends": "2030-03-04T17:00:00+01:00",
    "repository": {"url": "https://github.com/example/labs.git", "ref": "main"},
    "modules": ["iris-xgboost"],
}


def write_config(folder: Path, **changes: Any) -> Path:
    """Write the valid configuration with changes, one key per line; None takes a key out."""
    data = {key: value for key, value in {**VALID, **changes}.items() if value is not None}
    # JSON is YAML: a line `name: "ml101"` needs no emitter.
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in data.items())
    return write_text(folder, text)


def write_text(folder: Path, text: str) -> Path:
    path = folder / "workshop.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, **changes: Any) -> Workshop:
    return load_workshop(write_config(folder, **changes))


def problems_of(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load_workshop(path)
    return caught.value.problems


def only_problem(folder: Path, **changes: Any) -> Problem:
    """The one problem that a change causes."""
    (problem,) = problems_of(write_config(folder, **changes))
    return problem

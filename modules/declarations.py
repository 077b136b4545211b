"""What each lab declares about itself: title, minutes, instances, expected result.

Quota demand, cost and the IAM allow-list of instance types are all derived from these
declarations, so they are checked strictly when a module.yaml is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workshop.errors import ConfigError, Problem, UsageError
from workshop.model import JobUse

MODULES_FOLDER = Path(__file__).resolve().parent
DECLARATION = "module.yaml"


@dataclass(frozen=True, slots=True)
class Need:
    """Instances of one type that one attendee uses at the same time for one kind of job."""

    use: JobUse
    instance_type: str
    count: int


@dataclass(frozen=True, slots=True)
class Expected:
    """The lab passes when `metric` in its result is at least `at_least`."""

    metric: str
    at_least: float


@dataclass(frozen=True, slots=True)
class Module:
    """One lab. `minutes` is how long an attendee needs; `notebook` is the built .ipynb."""

    name: str
    title: str
    teaches: str
    minutes: int
    needs: tuple[Need, ...]
    expected: Expected
    folder: Path
    notebook: Path


class _NeedYaml(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    use: JobUse
    instance_type: str = Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")
    count: int = Field(ge=1)


class _ExpectedYaml(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    metric: str = Field(min_length=1)
    at_least: float = Field(allow_inf_nan=False)


class _ModuleYaml(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(min_length=1)
    teaches: str = Field(min_length=1)
    minutes: int = Field(ge=1)
    # An instance type per use and lab: a lab that needs none (pure data work) says [].
    needs: list[_NeedYaml]
    expected: _ExpectedYaml


def load_modules(root: Path = MODULES_FOLDER) -> dict[str, Module]:
    """Return every module below `root` by name, sorted.

    A module is a folder with a module.yaml; the folder's name is the module's.

    Raises:
        ConfigError: a module.yaml is not valid; all of its problems are reported.
    """
    return {
        path.parent.name: read_module(path.parent) for path in sorted(root.glob(f"*/{DECLARATION}"))
    }


def load_module(name: str, root: Path = MODULES_FOLDER) -> Module:
    """Return one module.

    Raises:
        UsageError: there is no module of that name; the known ones are listed.
        ConfigError: its module.yaml is not valid.
    """
    known = sorted(path.parent.name for path in root.glob(f"*/{DECLARATION}"))
    # Looked up in the listing, never joined to a path: "../x" is no module.
    if name not in known:
        raise UsageError(
            f"there is no module {name!r}",
            why=f"the modules are: {', '.join(known) or 'none'}",
            fix="workshop run MODULE with one of them, or name one under `modules` in the YAML",
        )
    return read_module(root / name)


def read_module(folder: Path) -> Module:
    """Read and check the module.yaml of one folder.

    Raises:
        ConfigError: it is not YAML, has an unknown or missing key, or a wrong value.
    """
    path = folder / DECLARATION
    raw = _read_yaml(path)
    try:
        declared = _ModuleYaml.model_validate(raw)
    except ValidationError as error:
        raise ConfigError([_problem(path, detail) for detail in error.errors()]) from None
    needs = tuple(
        Need(use=n.use, instance_type=n.instance_type, count=n.count) for n in declared.needs
    )
    _check_needs_are_distinct(path, needs)
    return Module(
        name=folder.name,
        title=declared.title,
        teaches=declared.teaches.strip(),
        minutes=declared.minutes,
        needs=needs,
        expected=Expected(declared.expected.metric, declared.expected.at_least),
        folder=folder,
        notebook=folder / f"{folder.name}.ipynb",
    )


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        reason = getattr(error, "problem", None) or str(error)
        raise ConfigError([Problem(where, f"not YAML: {reason}", "correct the syntax")]) from None


def _problem(path: Path, detail: Any) -> Problem:
    """One pydantic error in the words of the file."""
    key = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
    fixes = {
        "extra_forbidden": f"remove {key}",
        "missing": f"add {key}",
        "string_pattern_mismatch": "write an instance type such as ml.m5.xlarge",
    }
    what = detail["msg"]
    if detail["type"] not in ("missing", "model_type"):
        what = f"{what} (found {detail['input']!r})"
    return Problem(f"{path}: {key}", what, fixes.get(detail["type"], "see an existing module.yaml"))


def _check_needs_are_distinct(path: Path, needs: tuple[Need, ...]) -> None:
    """Two rows for one use and type would leave open whether they add up."""
    seen = set()
    for need in needs:
        key = (need.use, need.instance_type)
        if key in seen:
            raise ConfigError(
                [
                    Problem(
                        f"{path}: needs",
                        f"{need.use} on {need.instance_type} is declared twice",
                        "write one row with the count of both",
                    )
                ]
            )
        seen.add(key)

"""What each lab declares about itself: title, minutes, instances, prerequisites, expected result.

Quota demand, cost and the IAM allow-list of instance types are all derived from these
declarations, so they are checked strictly when a module.yaml is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from modules.prerequisites import prerequisite_problems
from workshop.errors import ConfigError, Problem, UsageError
from workshop.model import Environment, JobUse

MODULES_FOLDER = Path(__file__).resolve().parent
DECLARATION = "module.yaml"
ENVIRONMENTS: tuple[Environment, ...] = ("studio", "notebook")


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """Instances of one type that one attendee uses at the same time for one kind of job."""

    use: JobUse
    instance_type: str
    count: int


@dataclass(frozen=True, slots=True)
class Expected:
    """The lab passes when `metric` is at least, or at most, this; one of the two is None."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    def admits(self, value: float) -> bool:
        """Whether a measured value is as expected; NaN never is."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    @property
    def bound(self) -> str:
        """The bound in words: "at least 0.9"."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}"

    def as_json(self) -> dict[str, str | float]:
        """As module.yaml writes it: the metric, and one of at_least and at_most."""
        if self.at_least is not None:
            return {"metric": self.metric, "at_least": self.at_least}
        assert self.at_most is not None
        return {"metric": self.metric, "at_most": self.at_most}


@dataclass(frozen=True, slots=True)
class Module:
    """One lab. `minutes` is how long an attendee needs; `notebook` is the built .ipynb.

    `prerequisites` are the labs whose handover it takes over; `environment` the kinds of
    environment it works in; `builds_images` says that attendees build container images in it.
    """

    name: str
    title: str
    teaches: str
    minutes: int
    needs: tuple[Need, ...]
    expected: Expected
    folder: Path
    notebook: Path
    prerequisites: tuple[str, ...] = ()
    environment: tuple[Environment, ...] = ENVIRONMENTS
    builds_images: bool = False


class _NeedYaml(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    use: JobUse
    instance_type: str = Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")
    count: int = Field(ge=1)


class _ExpectedYaml(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    metric: str = Field(min_length=1)
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_one_bound(self) -> _ExpectedYaml:
        if (self.at_least is None) == (self.at_most is None):
            raise PydanticCustomError("bound", "write either at_least or at_most")
        return self


class _ModuleYaml(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(min_length=1)
    teaches: str = Field(min_length=1)
    minutes: int = Field(ge=1)
    # An instance type per use and lab: a lab that needs none (pure data work) says [].
    needs: list[_NeedYaml]
    prerequisites: list[str] = []
    environment: list[Environment] = Field(default=list(ENVIRONMENTS), min_length=1)
    builds_images: bool = False
    expected: _ExpectedYaml


def load_modules(root: Path = MODULES_FOLDER) -> dict[str, Module]:
    """Return every module below `root` by name, sorted.

    A module is a folder with a module.yaml; the folder's name is the module's.

    Raises:
        ConfigError: a module.yaml is not valid, or prerequisites are not there or go round in a
            circle; all problems of one kind are reported.
    """
    modules = {
        path.parent.name: read_module(path.parent) for path in sorted(root.glob(f"*/{DECLARATION}"))
    }
    if problems := list(prerequisite_problems(modules)):
        raise ConfigError(problems)
    return modules


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
        expected=Expected(**declared.expected.model_dump()),
        folder=folder,
        notebook=folder / f"{folder.name}.ipynb",
        prerequisites=tuple(dict.fromkeys(declared.prerequisites)),
        environment=tuple(declared.environment),
        builds_images=declared.builds_images,
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
    if detail["type"] not in ("missing", "model_type", "bound"):
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

"""Buildspecs, as far as builds of container images need them.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

# In this order; POST_BUILD also runs when BUILD has failed.
PHASES = ("install", "pre_build", "build", "post_build")


class BuildspecError(Exception):
    """The buildspec cannot be read."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Commands of which the first to fail ends the rest, and those that follow in any case."""

    commands: tuple[str, ...] = ()
    always: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Buildspec:
    """Its variables, and what each phase does."""

    variables: Mapping[str, str]
    phases: Mapping[str, Phase]


def parse(text: str) -> Buildspec:
    """Read a buildspec. Raises BuildspecError in CodeBuild's words where they are known."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"YAML_FILE_ERROR: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("phases"), dict):
        raise BuildspecError("YAML_FILE_ERROR: This build image requires at least one phase")
    env = content.get("env") or {}
    elsewhere = sorted(set(env) & {"parameter-store", "secrets-manager"})
    if elsewhere:
        raise BuildspecError(f"not built locally: variables from {', '.join(elsewhere)}")
    return Buildspec(
        variables={str(k): str(v) for k, v in (env.get("variables") or {}).items()},
        phases={name: _phase(content["phases"].get(name)) for name in PHASES},
    )


def _phase(phase: Any) -> Phase:
    if not isinstance(phase, dict):
        return Phase()
    return Phase(_commands(phase.get("commands")), _commands(phase.get("finally")))


def _commands(listed: Any) -> tuple[str, ...]:
    return tuple(str(command) for command in listed or [])


def script(commands: tuple[str, ...], state: str) -> str:
    """A shell script of commands. In version 0.2 "all build commands run in the same instance":
    variables and the folder go from script to script by files that begin with `state`."""
    kept = shlex.quote(f"{state}.env"), shlex.quote(f"{state}.folder")
    return "\n".join(
        (
            f"[ -f {kept[0]} ] && . {kept[0]}",
            f'[ -f {kept[1]} ] && cd "$(cat {kept[1]})"',
            f"trap 'export -p > {kept[0]}; pwd > {kept[1]}' EXIT",
            "set -ae",
            *commands,
        )
    )

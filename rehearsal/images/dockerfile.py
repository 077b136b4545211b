"""A Dockerfile, as far as it says which files an image has and what runs in it.

Source: https://docs.docker.com/reference/dockerfile/. RUN is not executed.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<plain>\w+))")
_WITHOUT_EFFECT = {
    *("CMD", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *("MAINTAINER", "SHELL", "STOPSIGNAL", "USER", "VOLUME"),
}


class DockerfileError(Exception):
    """The Dockerfile says something that cannot be built here, or nothing that can be read."""


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY or ADD: files of the build context to an absolute place in the image."""

    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What a Dockerfile says. `made_executable` are the paths that a RUN chmod names."""

    copies: tuple[Copy, ...]
    environment: Mapping[str, str]
    workdir: str
    entrypoint: tuple[str, ...]
    made_executable: tuple[str, ...]
    not_run: tuple[str, ...]


def parse(text: str, arguments: Mapping[str, str]) -> Dockerfile:
    """Read a Dockerfile, with the build arguments given.

    Raises DockerfileError for what cannot be built here: several stages, files from elsewhere.
    """
    reader = _Reader(arguments)
    for number, (instruction, rest) in enumerate(_instructions(text)):
        if number == 0 and instruction not in ("FROM", "ARG"):
            raise DockerfileError(f"no build stage in current context: {instruction} before FROM")
        reader.read(instruction, rest)
    if reader.stages == 0:
        raise DockerfileError("the Dockerfile has no FROM")
    return reader.result()


class _Reader:
    def __init__(self, arguments: Mapping[str, str]) -> None:
        self.stages = 0
        self._given = dict(arguments)
        self._arguments: dict[str, str] = {}
        self._environment: dict[str, str] = {}
        self._copies: list[Copy] = []
        self._workdir = "/"
        self._entrypoint: tuple[str, ...] = ()
        self._executable: list[str] = []
        self._not_run: list[str] = []

    def result(self) -> Dockerfile:
        return Dockerfile(
            copies=tuple(self._copies),
            environment=self._environment,
            workdir=self._workdir,
            entrypoint=self._entrypoint,
            made_executable=tuple(self._executable),
            not_run=tuple(self._not_run),
        )

    def read(self, instruction: str, rest: str) -> None:
        if instruction == "FROM":
            self.stages += 1
            if self.stages > 1:
                raise DockerfileError("not built locally: a Dockerfile of several stages")
        elif instruction == "ARG":
            name, _, default = rest.partition("=")
            self._arguments[name] = self._given.get(name, self._expand(default.strip("\"'")))
        elif instruction == "ENV":
            self._read_environment(rest)
        elif instruction == "WORKDIR":
            self._workdir = self._absolute(self._expand(rest))
        elif instruction in ("COPY", "ADD"):
            self._read_copy(rest)
        elif instruction == "ENTRYPOINT":
            self._entrypoint = _command(self._expand(rest))
        elif instruction == "RUN":
            self._read_run(self._expand(rest))
        elif instruction not in _WITHOUT_EFFECT:
            raise DockerfileError(f"not built locally: the instruction {instruction}")

    def _read_environment(self, rest: str) -> None:
        name, _, value = rest.partition(" ")
        pairs = shlex.split(rest) if "=" in name else [f"{name}={value.strip()}"]
        for pair in pairs:
            key, _, text = pair.partition("=")
            self._environment[key] = self._expand(text)

    def _read_copy(self, rest: str) -> None:
        words = _words(rest)
        options = [word for word in words if word.startswith("--")]
        if any(option.startswith("--from") for option in options):
            raise DockerfileError("not built locally: COPY --from another image")
        *sources, target = (self._expand(word) for word in words if not word.startswith("--"))
        if not sources or any("://" in source for source in sources):
            raise DockerfileError(f"not built locally: COPY {rest}")
        at = self._absolute(target)
        self._copies.append(Copy(tuple(sources), at + "/" if target.endswith(("/", ".")) else at))

    def _read_run(self, rest: str) -> None:
        for command in re.split(r"&&|;", rest):
            words = shlex.split(command)
            if words[:1] == ["chmod"]:
                paths = [word for word in words[2:] if not word.startswith("-")]
                self._executable += [self._absolute(path) for path in paths]
            elif words:
                self._not_run.append(command.strip())

    def _absolute(self, path: str) -> str:
        joined = path if path.startswith("/") else f"{self._workdir}/{path}"
        parts: list[str] = []
        for part in joined.split("/"):
            if part == "..":
                parts[-1:] = []
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def _expand(self, text: str) -> str:
        known = {**self._arguments, **self._environment}

        def value(match: re.Match[str]) -> str:
            name = match["braced"] or match["plain"]
            return known.get(name, match["default"] or "")

        return _VARIABLE.sub(value, text)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """(INSTRUCTION, the rest) of each, comments gone and continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\s*\n", " ", "\n".join(lines)).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction:
            yield instruction.upper(), rest.strip()


def _words(rest: str) -> list[str]:
    """The words of an instruction, in either of its forms."""
    if rest.startswith("["):
        try:
            return [str(word) for word in json.loads(rest)]
        except ValueError as error:
            raise DockerfileError(f"{rest} is not a list of words") from error
    return shlex.split(rest)


def _command(rest: str) -> tuple[str, ...]:
    """An entry point's words; the form without brackets goes through a shell."""
    return tuple(_words(rest)) if rest.startswith("[") else ("/bin/sh", "-c", rest)

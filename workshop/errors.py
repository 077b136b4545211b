"""Errors a user can cause or must act on. Each says what, why, and how to fix it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXIT_OK = 0
EXIT_FAILED = 1  # something failed or remains
EXIT_USAGE = 2  # bad usage or configuration
EXIT_UNVERIFIED = 3  # a listing was refused or failed: nothing can be said


class WorkshopError(Exception):
    """Something the user must know, in three parts.

    `what` went wrong, `why` (the fact behind it), and the `fix` (a command or an edit).
    The command line prints the three parts on stderr and leaves with `exit_code`.
    """

    exit_code = EXIT_FAILED

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"why: {self.why}")
        if self.fix:
            lines.append(f"fix: {self.fix}")
        return "\n".join(lines)


class UsageError(WorkshopError):
    """The command was called in a way that cannot work."""

    exit_code = EXIT_USAGE


class UnverifiedError(WorkshopError):
    """What was asked cannot be answered, because AWS refused or failed to say."""

    exit_code = EXIT_UNVERIFIED


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration file.

    `where` is "file:line: key"; the line is 1-based.
    """

    where: str
    what: str
    fix: str


class ConfigError(WorkshopError):
    """A configuration file with one or more problems, all of them reported at once."""

    exit_code = EXIT_USAGE

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the configuration")
        self.problems = tuple(problems)

    def __str__(self) -> str:
        blocks = [f"{p.where}\n  why: {p.what}\n  fix: {p.fix}" for p in self.problems]
        return "\n".join([self.what, *blocks])

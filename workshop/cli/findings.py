"""What a check finds: one row per subject, and what the rows say together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from workshop.cli.boundary import explain
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED

State = Literal["ok", "problem", "unknown"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that was looked at. `region` is "" for what concerns all regions."""

    region: str
    subject: str
    state: State
    what: str
    why: str = ""
    fix: str = ""


def unknown(region: str, subject: str, error: Exception) -> Finding:
    """A finding that says why nothing could be found out."""
    explained = explain(error)
    return Finding(region, subject, "unknown", explained.what, explained.why, explained.fix)


def exit_code(states: Iterable[State]) -> int:
    """1 when something is wrong for certain, 3 when something is unknown, else 0."""
    found = set(states)
    if "problem" in found:
        return EXIT_FAILED
    return EXIT_UNVERIFIED if "unknown" in found else EXIT_OK

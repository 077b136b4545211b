"""What commands say of a scan: rows for JSON, and what it could not see or attribute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workshop.cli.output import note

if TYPE_CHECKING:
    from cleanup.resources import Resource, Scan
    from cleanup.sweep import SweepResult


def resource_rows(resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Resources as JSON rows."""
    return [
        {
            "kind": r.kind,
            "region": r.region,
            "name": r.name,
            "status": r.status,
            "attendee": None if r.shared else r.owner,
            "why": r.why,
            "since": r.created,
            "bills": r.bills,
            "managed": r.managed,
        }
        for r in resources
    ]


def kept_rows(kept: Iterable[tuple[Resource, str]]) -> list[dict[str, str]]:
    """What stays and why, as JSON rows."""
    return [
        {"kind": r.kind, "region": r.region, "name": r.name, "reason": reason} for r, reason in kept
    ]


def gap_rows(found: Scan | SweepResult) -> dict[str, list[dict[str, str]]]:
    """What was not attributed and what could not be read, as two lists for JSON."""
    return {
        "unattributed": [
            {"kind": u.kind, "region": u.region, "name": u.name, "why": u.why}
            for u in found.unattributed
        ],
        "unknown": [{"kind": b.kind, "region": b.region, "reason": b.reason} for b in found.blind],
    }


def note_scan(found: Scan) -> None:
    """Say on stderr what was left alone and what could not be seen."""
    for other in found.unattributed:
        note(f"left alone: {other.kind} {other.name} ({other.region}): {other.why}")
    for hole in found.blind:
        note(f"could not be read: {hole.kind} in {hole.region}: {hole.reason}")

"""Resources for tests, made directly."""

from __future__ import annotations

from typing import Any

from cleanup.kinds import BY_NAME
from cleanup.resources import Resource


def make_resource(kind: str, name: str, status: str = "", **changes: Any) -> Resource:
    """A resource of ann's in us-east-1; its ids are its name."""
    values: dict[str, Any] = {
        "kind": kind,
        "region": "us-east-1",
        "name": name,
        "ids": ((str(BY_NAME[kind].id_fields[-1]), name),),
        "status": status,
        "owner": "ann",
        "why": "name prefix",
        "managed": False,
        "protected": "",
        "claimed": True,
    }
    return Resource(**{**values, **changes})

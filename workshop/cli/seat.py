"""Whether the command runs in an attendee's environment: whose, and on which app or instance."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleanup.kinds import BY_NAME
from cleanup.resources import Key
from workshop.errors import UsageError, WorkshopError
from workshop.names import environment_name, read_environment_name

# SageMaker writes it into every Studio app and notebook instance (Studio guide, "Get app
# metadata"; developer guide, "Get Notebook Instance Metadata").
_METADATA = "opt/ml/metadata/resource-metadata.json"
_UNREADABLE = (OSError, ValueError, LookupError, TypeError)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an attendee sits: their workshop and id, the region, and what they work on."""

    workshop: str
    attendee: str
    region: str
    key: Key


def metadata_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where SageMaker says what runs here; below WORKSHOP_ROOT, as the boot script has it."""
    return Path(environ.get("WORKSHOP_ROOT") or "/") / _METADATA


def region_of(path: Path) -> str:
    """The region that SageMaker's metadata file names, or "" when it cannot be read: a notebook
    instance's terminals have no AWS_REGION."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["ResourceArn"]).split(":")[3]
    except _UNREADABLE:
        return ""


def find_seat(path: Path, role_name: str) -> Seat | None:
    """The seat of an attendee, or None where no attendee's role works.

    `path` is SageMaker's metadata file, `role_name` the role of the caller's credentials: who
    someone is comes from there, since a file can be edited. Raises WorkshopError when the file
    cannot be read or is about somebody else's environment.
    """
    person = read_environment_name(role_name)
    if person is None or not path.exists():
        return None
    workshop, attendee = person
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        region = str(content["ResourceArn"]).split(":")[3]
        key = _key(content, region)
    except _UNREADABLE as error:
        raise WorkshopError(
            "this environment cannot be identified",
            f"{path}: {error!r}",
            "restart the app or instance; or give --config to work as an instructor",
        ) from None
    name = str(
        content.get("SpaceName") or content.get("UserProfileName") or content["ResourceName"]
    )
    if name != environment_name(workshop, attendee):
        raise UsageError(
            f"this environment is {name}, but the credentials are those of {role_name}",
            "only what belongs to the credentials' owner may be swept",
            "remove foreign credentials from the environment (AWS_PROFILE, ~/.aws); "
            "or give --config to work as an instructor",
        )
    return Seat(workshop, attendee, region, key)


def role_of(arn: str) -> str:
    """The role's name in the ARN that GetCallerIdentity gives for its session; "" for others."""
    parts = arn.rpartition(":")[2].split("/")
    return parts[-2] if parts[0] == "assumed-role" and len(parts) > 2 else ""


def _key(content: Mapping[str, Any], region: str) -> Key:
    if "AppType" in content:
        kind = BY_NAME["app"]
        row = {**content, "AppName": content["ResourceName"], "DomainId": content["DomainId"]}
        # A space's app has no user profile of its own.
        if row.get("SpaceName"):
            row.pop("UserProfileName", None)
    else:
        kind = BY_NAME["notebook-instance"]
        row = {"NotebookInstanceName": content["ResourceName"]}
    return region, kind.name, kind.ids_in(row)

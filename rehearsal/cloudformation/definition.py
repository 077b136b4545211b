"""What a stack is asked to be: the template and everything that a request says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation.template import Template


@dataclass(frozen=True, slots=True)
class Definition:
    """One request's wish. `parameters` are the texts that were given, `values` what Ref
    answers: defaults filled in, lists split, Systems Manager parameters read."""

    body: str
    template: Template
    parameters: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()
    role: str = ""


# A stack that only has a change set "has no template or resources" (CreateChangeSet, API
# reference, "ChangeSetType").
NOTHING = Definition(body="", template={"Resources": {}})

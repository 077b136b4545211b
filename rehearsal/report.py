"""What a rehearsal found: phases, labs, and what is left."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from modules.declarations import Need


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: seconds, calls to the local AWS, and what it made and removed.

    `created` and `removed` count SageMaker's resources and stacks.
    """

    name: str
    seconds: float
    api_calls: int
    created: int
    removed: int


@dataclass(frozen=True, slots=True)
class LabResult:
    """One attendee's lab, of `seconds` of wall time. `result` is None when the lab did not get
    that far. What it `declares` and what it `used`: uses, instance types, counts."""

    name: str
    attendee: str
    result: Any
    expected: Any
    ok: bool
    reason: str
    seconds: float | None = None
    declares: tuple[Need, ...] = ()
    used: tuple[Need, ...] = ()


@dataclass(slots=True)
class Report:
    """The whole rehearsal."""

    attendees: int
    environment: str
    phases: list[Phase] = field(default_factory=list)
    modules: list[LabResult] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything went well and nothing is left."""
        return not (self.problems or self.left) and all(m.ok for m in self.modules)

    def as_json(self) -> dict[str, Any]:
        """The report as `workshop rehearse --json` prints it."""
        return {
            "ok": self.ok,
            "left": self.left,
            "attendees": self.attendees,
            "environment": self.environment,
            "phases": [asdict(phase) for phase in self.phases],
            "modules": [asdict(module) for module in self.modules],
            "problems": self.problems,
        }

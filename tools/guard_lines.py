"""The lines that the guard writes, one of each rule: made by the rule itself, on made-up things."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cleanup.resources import Resource
from costs.meter import Amount, Bill
from guard.execute import line
from guard.ledger import Hold, Ledger
from guard.plan import Judged
from guard.policy import GuardPolicy
from guard.rule import Activity, Subject, decide
from workshop.machine import Machine

_MORNING = datetime(2030, 3, 4, 9, tzinfo=UTC)
_BEGAN = _MORNING + timedelta(minutes=10)
_MOST = "ml.m5.large"

_POLICY = GuardPolicy(
    workshop="ml101",
    region="us-east-1",
    regions=("us-east-1",),
    ends=_MORNING + timedelta(hours=8),
    grace=timedelta(hours=1),
    after_end="stop",
    workspace_idle=timedelta(minutes=60),
    endpoint_idle=timedelta(minutes=60),
    job_age=timedelta(hours=4),
    unseen_age=timedelta(hours=12),
    instances=1,
    allowed={"training": ("ml.m5.xlarge",), "endpoint": (_MOST,)},
    budget_per_attendee=10.0,
)


@dataclass(frozen=True, slots=True)
class _Sample:
    """What a rule stops, when, in words; and a thing that it decides on some hours after nine."""

    rule: str
    stops: str
    after: str
    kind: str
    hours: float
    change: Callable[[Subject], Subject] = lambda subject: subject
    policy: GuardPolicy = _POLICY
    ledger: Ledger = Ledger()  # noqa: RUF009 - frozen
    bill: Bill = Bill()  # noqa: RUF009 - frozen


def _used(minutes: float, source: str) -> Callable[[Subject], Subject]:
    seen = Activity(True, _MORNING + timedelta(minutes=minutes), source)
    return lambda subject: replace(subject, activity=seen)


def _instances(count: int) -> Callable[[Subject], Subject]:
    machines = (Machine("transform", _MOST, count),)
    return lambda subject: replace(subject, machines=machines)


def _in_status(status: str) -> Callable[[Subject], Subject]:
    return lambda s: replace(s, resource=replace(s.resource, status=status))


_STOPS = (
    _Sample(
        "deadline",
        "everything",
        "`ends`, as extended, and `cleanup.grace_minutes`",
        "endpoint",
        9.1,
    ),
    _Sample(
        "budget",
        "all of whoever has spent it, or of everybody",
        "`budget.per_attendee`, `budget.total`",
        "endpoint",
        4,
        bill=Bill({"ann": Amount(10.02)}),
    ),
    _Sample(
        "ceiling",
        "jobs and endpoints",
        "at once: more than `guard.instances` instances, or a type that `instances` does not list",
        "transform-job",
        0.3,
        _instances(3),
    ),
    _Sample("job-age", "jobs", "`guard.job_minutes`", "training-job", 4.3),
    _Sample(
        "idle-endpoint",
        "endpoints with instances",
        "`idle.endpoint_minutes` without an invocation",
        "endpoint",
        3.2,
        _used(125, "CloudWatch's last 60 min"),
    ),
    _Sample(
        "idle-workspace",
        "apps and notebook instances",
        "`idle.workspace_minutes` without use, when their own idle shutdown did not act",
        "app",
        3.2,
        _used(125, "its idle program"),
    ),
    _Sample(
        "unseen",
        "endpoints and workspaces whose use nobody can tell",
        "`guard.unseen_hours`",
        "notebook-instance",
        12.4,
        lambda s: replace(s, activity=Activity(False, None, "it has not said yet")),
        replace(_POLICY, ends=_MORNING + timedelta(days=1)),
    ),
)
_LEAVES = (
    _Sample(
        "protected",
        "the tag `workshop:keep`, `cleanup.protected`, or a part of such a thing",
        "",
        "endpoint",
        9.1,
        lambda s: replace(s, kept="protected: tagged workshop:keep"),
    ),
    _Sample("going", "it is on its way already", "", "app", 9.1, _in_status("Deleting")),
    _Sample(
        "hold",
        "somebody holds it",
        "",
        "endpoint",
        9.1,
        ledger=Ledger(holds=(Hold(_MORNING + timedelta(hours=10), "ann", "jane"),)),
    ),
    _Sample(
        "idle-endpoint",
        "nothing else is due before: the rule that will stop it, and when",
        "",
        "endpoint",
        2.5,
        _used(125, "CloudWatch's last 60 min"),
    ),
)


def stops() -> str:
    """What each part of the rule stops, and the lines it writes."""
    rows = [f"| `{s.rule}` | {s.stops} | {s.after} |" for s in _STOPS]
    return _page(["| rule | stops | after |", "|---|---|---|", *rows], _STOPS)


def leaves() -> str:
    """Why things are left, and the lines that say so."""
    rows = [f"| `{s.rule}` | {s.stops} |" for s in _LEAVES]
    return _page(["| rule | why it is left |", "|---|---|", *rows], _LEAVES)


def _page(table: list[str], samples: tuple[_Sample, ...]) -> str:
    lines = [_line(sample) for sample in samples]
    return "\n".join([*table, "", "```json", *lines, "```"]) + "\n"


def _line(sample: _Sample) -> str:
    """The line as it is written, as JSON. Raises ValueError where another rule decides."""
    name = {"app": "default"}.get(sample.kind, f"ml101-ann-{sample.kind.split('-')[0]}")
    usage = {"training-job": "training", "endpoint": "hosting"}.get(sample.kind)
    types = {"training": "ml.m5.xlarge", "hosting": _MOST}
    resource = Resource(sample.kind, "us-east-1", name, (), "InService", "ann", "name")
    machines = (Machine(usage, types[usage]),) if usage else None
    used = Activity(True, _BEGAN, "")
    subject = sample.change(Subject(resource, _BEGAN, machines, used))
    now = _MORNING + timedelta(hours=sample.hours)
    verdict = decide(now, subject, sample.policy, sample.ledger, sample.bill)
    if verdict.rule != sample.rule:
        raise ValueError(f"{verdict.rule} decides on the sample of {sample.rule}")
    return json.dumps(line(Judged(subject, verdict)), ensure_ascii=False)

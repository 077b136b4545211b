"""What the configuration says about times, modules and instance types. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from costs.estimate import minutes_in_slots
from modules.declarations import Module
from workshop.cli.findings import Finding
from workshop.config.tables import retired
from workshop.model import JOB_USES, Workshop

# "Maximum: 2419200" seconds (StoppingCondition, SageMaker API reference).
LONGEST_JOB = timedelta(days=28)
_SHOWN = 5


def check_plan(workshop: Workshop, modules: Sequence[Module], now: datetime) -> list[Finding]:
    """What can be said of a workshop without an account. `now` has a time zone.

    `modules` are the declarations of its modules.
    """
    return [
        *_check_times(workshop, now),
        *_check_minutes(workshop, modules),
        _check_allow_list(workshop, modules),
        _check_retired(workshop, modules),
    ]


def _ok(subject: str, what: str, why: str = "", fix: str = "") -> Finding:
    return Finding("", subject, "ok", what, why, fix)


def _problem(subject: str, what: str, why: str, fix: str) -> Finding:
    return Finding("", subject, "problem", what, why, fix)


def _check_times(workshop: Workshop, now: datetime) -> Iterator[Finding]:
    starts, ends = workshop.starts, workshop.ends
    subject = "starts and ends"
    if ends <= now:
        deadline = ends + timedelta(minutes=workshop.cleanup.grace_minutes)
        yield _problem(
            subject,
            f"the workshop ended at {_moment(ends)}",
            f"it is {_moment(now)}; what attendees made is to be gone by {_moment(deadline)}",
            "set `starts` and `ends` anew, or remove it: workshop destroy",
        )
        return
    length = ends - starts
    if length > LONGEST_JOB:
        yield _ok(
            subject,
            f"{_moment(starts)} to {_moment(ends)}: {length.days} days",
            f"no job of SageMaker's runs longer than {LONGEST_JOB.days} days",
            "nothing, unless a job is to run all the time",
        )
        return
    if starts <= now:
        yield _ok(
            subject,
            f"it has begun at {_moment(starts)}, and ends at {_moment(ends)}",
            "what is deployed after the start is ready some minutes later",
            "nothing, or set `starts` anew",
        )
        return
    yield _ok(subject, f"{_moment(starts)} to {_moment(ends)}")


def _check_minutes(workshop: Workshop, modules: Sequence[Module]) -> Iterator[Finding]:
    need = minutes_in_slots(workshop, modules)
    there = int((workshop.ends - workshop.starts).total_seconds() // 60)
    if need > there:
        yield _problem(
            "modules in time",
            f"the modules take {need} minutes, the workshop lasts {there}",
            "the minutes are those that each module.yaml declares",
            "set a later `ends`, leave modules out, or put some into one slot of `schedule`",
        )
    else:
        yield _ok("modules in time", f"{need} of {there} minutes")


def _check_allow_list(workshop: Workshop, modules: Sequence[Module]) -> Finding:
    missing = sorted(
        {
            (need.use, need.instance_type, module.name)
            for module in modules
            for need in module.needs
            if need.instance_type not in workshop.instances.allowed(need.use)
        }
    )
    if not missing:
        return _ok("allowed instances", "attendees may use what the modules need")
    told = "; ".join(f"{module} needs {name} for {use}" for use, name, module in missing[:_SHOWN])
    return _problem(
        "allowed instances",
        told,
        "IAM lets attendees use only what `instances` lists, so these labs would be refused",
        ", ".join(f"add {name} to instances.{use}" for use, name, _ in missing[:_SHOWN]),
    )


def _check_retired(workshop: Workshop, modules: Sequence[Module]) -> Finding:
    instances = workshop.instances
    asked = {(use, name) for use in JOB_USES for name in instances.allowed(use)}
    asked |= {(need.use, need.instance_type) for module in modules for need in module.needs}
    uses: set[tuple[str, str]] = {
        *asked,
        *((a.environment, instances.workspace) for a in workshop.attendees),
    }
    found = [(use, name, row) for use, name in sorted(uses) if (row := retired(name, use))]
    if not found:
        return _ok("retired types", "none is asked for")
    return _problem(
        "retired types",
        ", ".join(f"{name} for {use}" for use, name, _ in found[:_SHOWN]),
        "; ".join(sorted({row.reason for _, _, row in found})),
        "use " + ", ".join(sorted({row.instead for _, _, row in found})) + " instead",
    )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

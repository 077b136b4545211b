"""From the file to a Workshop: read, check shape, check rules, and only then convert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workshop.config import fields
from workshop.config.document import Document, read_document
from workshop.config.explain import explain_validation
from workshop.config.people import People, Person, expand_attendees, region_of
from workshop.config.rules import Draft, check_rules
from workshop.config.schema import WorkshopYaml
from workshop.config.tables import image_builders, needs_by_module
from workshop.errors import ConfigError, Problem, UsageError
from workshop.model import (
    Attendee,
    Budget,
    Cleanup,
    Environment,
    Guard,
    Idle,
    Instances,
    Network,
    Repository,
    Workshop,
)

# Stand in for keys that could not be read, so that the others can still be checked
# together. No rule ever looks at them (Draft.broken).
_STAND_INS: dict[str, Any] = {
    "name": "standin",
    "attendees": 1,
    "regions": ["us-east-1"],
    "starts": "2000-01-01T00:00:00Z",
    "ends": "2000-01-02T00:00:00Z",
    "repository": {"url": "https://example.com/stand/in.git"},
    "modules": list(needs_by_module())[:1],
}


def load_workshop(path: Path) -> Workshop:
    """Read a workshop from its YAML file (and its roster, if it names one).

    Raises:
        UsageError: there is no such file, or it cannot be read.
        ConfigError: something in it is wrong; everything that is wrong is reported at once,
            each with file, line, key and what would be right.
    """
    document = read_document(path, _read(path))
    draft, problems = _draft(document)
    problems += [*draft.people.problems, *check_rules(draft)]
    if problems:
        raise ConfigError(sorted(problems, key=_by_place))
    return _workshop(draft.yaml, draft.people)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}",
            "it describes the workshop; every command reads it",
            "workshop init writes a commented example, --config names another file",
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read", error.strerror or str(error), "check the path and its rights"
        ) from None
    except UnicodeDecodeError as error:
        problem = Problem(f"{path}:1: (whole file)", f"not UTF-8: {error.reason}", "save as UTF-8")
        raise ConfigError([problem]) from None


def _draft(document: Document) -> tuple[Draft, list[Problem]]:
    """Check the shape of every key; leave aside those that are broken."""
    problems = list(document.problems)
    broken: set[str] = set()
    data = document.data
    try:
        yaml = WorkshopYaml.model_validate(data)
    except ValidationError as error:
        if not isinstance(data, dict):
            what = "the file holds no keys with values"
            problem = Problem(document.where(()), what, "begin with: name: ml101")
            raise ConfigError([problem]) from None
        problems += explain_validation(document, error)
        broken = {str(detail["loc"][0]) for detail in error.errors()}
        yaml = WorkshopYaml.model_validate(_without(data, broken))
    # A person's mistake would else be blamed on the stand-in.
    people = People(()) if "attendees" in broken else expand_attendees(document, yaml.attendees)
    return Draft(document, yaml, people, frozenset(broken)), problems


def _without(data: dict[str, Any], broken: set[str]) -> dict[str, Any]:
    sound = {key: value for key, value in data.items() if key not in broken}
    return {**{key: _STAND_INS[key] for key in broken & _STAND_INS.keys()}, **sound}


def _by_place(problem: Problem) -> tuple[str, int, str]:
    """Sort by file, then line as a number."""
    file, _, rest = problem.where.partition(":")
    line = rest.split(":")[0]
    return file, int(line) if line.isdigit() else 0, problem.where


def _workshop(yaml: WorkshopYaml, people: People) -> Workshop:
    attendees = (_attendee(person, yaml.regions, yaml.environment) for person in people.persons)
    instances = yaml.instances
    return Workshop(
        name=yaml.name,
        title=yaml.title or yaml.name,
        environment=yaml.environment,
        attendees=tuple(sorted(attendees, key=lambda attendee: attendee.id)),
        regions=tuple(yaml.regions),
        starts=fields.moment(yaml.starts),
        ends=fields.moment(yaml.ends),
        repository=Repository(url=yaml.repository.url, ref=yaml.repository.ref),
        modules=tuple(yaml.modules),
        instances=Instances(
            workspace=instances.workspace,
            training=tuple(instances.training),
            processing=tuple(instances.processing),
            transform=tuple(instances.transform),
            endpoint=tuple(instances.endpoint),
        ),
        networks={
            region: Network(vpc=network.vpc, subnets=tuple(network.subnets))
            for region, network in sorted(yaml.network.items())
        },
        domains=dict(sorted(yaml.domain.items())),
        idle=Idle(yaml.idle.workspace_minutes, yaml.idle.endpoint_minutes),
        budget=Budget(yaml.budget.total, yaml.budget.per_attendee),
        cleanup=Cleanup(
            yaml.cleanup.grace_minutes,
            tuple(yaml.cleanup.protected),
            tuple(yaml.cleanup.dedicated_accounts),
            yaml.cleanup.after_end,
        ),
        guard=_guard(yaml),
        schedule=tuple(tuple(slot) for slot in yaml.schedule or ()),
        headroom=yaml.headroom,
        builds_images=not image_builders().isdisjoint(yaml.modules),
    )


def _guard(yaml: WorkshopYaml) -> Guard:
    needs = [need for module in yaml.modules for need in needs_by_module()[module]]
    return Guard(
        job_minutes=yaml.guard.job_minutes,
        instances=yaml.guard.instances or max((need.count for need in needs), default=1),
        unseen_hours=yaml.guard.unseen_hours,
        notify=tuple(yaml.guard.notify),
        webhook=yaml.guard.webhook or "",
    )


def _attendee(person: Person, regions: list[str], default: Environment) -> Attendee:
    row = person.row
    return Attendee(
        id=row.id,
        region=region_of(person, regions),
        environment=row.environment or default,
        name=row.name,
        email=row.email or "",
    )

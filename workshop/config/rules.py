"""Rules between keys. Each looks at a draft and yields what is wrong.

A rule runs only when the keys it names could be read, so that one mistake is reported once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from workshop import names
from workshop.config import fields, tables
from workshop.config.document import Document, KeyPath
from workshop.config.people import People, Person, ids_by_place, region_of
from workshop.config.schema import WorkshopYaml
from workshop.errors import Problem
from workshop.model import Environment

# botocore: SpaceIdleSettings and IdleSettings begin at 60 minutes.
STUDIO_IDLE_FLOOR = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read. Only keys that are not in `broken` may be looked at."""

    document: Document
    yaml: WorkshopYaml
    people: People
    broken: frozenset[str]

    def problem(self, path: KeyPath, what: str, fix: str) -> Problem:
        """A problem at a key of the file."""
        return Problem(self.document.where(path), what, fix)

    def environment_of(self, person: Person) -> Environment:
        """The person's own kind of environment, or the workshop's."""
        return person.row.environment or self.yaml.environment

    def environments(self) -> list[Environment]:
        """The kinds of environment that somebody has, sorted."""
        return sorted({self.environment_of(person) for person in self.people.persons})


Rule = Callable[[Draft], Iterator[Problem]]


def _end_is_after_start(draft: Draft) -> Iterator[Problem]:
    starts, ends = fields.moment(draft.yaml.starts), fields.moment(draft.yaml.ends)
    if ends <= starts:
        yield draft.problem(
            ("ends",),
            f"the workshop ends ({ends.isoformat()}) before it starts ({starts.isoformat()})",
            "let it end after its start; mind the offsets",
        )


def _ids_are_unique(draft: Draft) -> Iterator[Problem]:
    for attendee, places in ids_by_place(draft.people.persons).items():
        for place in places[1:]:
            what = f"the id {attendee!r} is already given at {places[0]}"
            yield Problem(place, what, "give every person an id of their own")


def _prefixes_are_short(draft: Draft) -> Iterator[Problem]:
    name = draft.yaml.name
    for person in draft.people.persons:
        prefix = names.attendee_prefix(name, person.row.id)
        if len(prefix) > names.PREFIX_MAX_LENGTH:
            yield Problem(
                person.where("id"),
                f"the name prefix {prefix!r} has {len(prefix)} characters, of at most "
                f"{names.PREFIX_MAX_LENGTH} (SageMaker's tuning jobs have 32 in all)",
                "shorten the id, or the workshop's name",
            )


def _regions_are_the_workshops(draft: Draft) -> Iterator[Problem]:
    regions = draft.yaml.regions
    for person in draft.people.persons:
        if person.row.region is not None and person.row.region not in regions:
            yield Problem(
                person.where("region"),
                f"{person.row.region} is not among the workshop's regions",
                f"use one of {', '.join(regions)}, or add it to `regions`",
            )


def _networks_are_in_the_regions(draft: Draft) -> Iterator[Problem]:
    for key, section in (("network", draft.yaml.network), ("domain", draft.yaml.domain)):
        for region in section:
            if region not in draft.yaml.regions:
                yield draft.problem(
                    (key, region),
                    f"{region} is not among the workshop's regions",
                    f"use one of {', '.join(draft.yaml.regions)}, or add it to `regions`",
                )


def _regions_have_the_environments(draft: Draft) -> Iterator[Problem]:
    """CloudFormation must have every type there; see tables.environments_by_region."""
    regions = draft.yaml.regions
    used = {
        (region_of(person, regions), draft.environment_of(person))
        for person in draft.people.persons
    }
    for region, environment in sorted(used):
        possible = tables.environments_by_region().get(region)
        if region not in regions or possible is None or environment in possible:
            continue
        others = " or ".join(possible) if possible else "another region"
        yield draft.problem(
            ("regions", regions.index(region)),
            f"CloudFormation cannot make a {environment} environment in {region}",
            f"use {others} there, or another region",
        )


def _images_are_built_where_that_is_possible(draft: Draft) -> Iterator[Problem]:
    builders = [m for m in draft.yaml.modules if m in tables.image_builders()]
    for index, region in enumerate(draft.yaml.regions if builders else ()):
        if region in tables.regions_without_image_builds():
            yield draft.problem(
                ("regions", index),
                f"attendees build container images in {', '.join(builders)}, and CloudFormation "
                f"has no CodeBuild in {region}",
                "choose another region, or leave the module out",
            )


def _workspace_type_fits(draft: Draft) -> Iterator[Problem]:
    for environment in draft.environments():
        try:
            fields.instance_type_for(environment)(draft.yaml.instances.workspace)
        except PydanticCustomError as error:
            context = error.context or {}
            yield draft.problem(("instances", "workspace"), context["what"], context["fix"])


def _needs_are_allowed(draft: Draft) -> Iterator[Problem]:
    for index, module in enumerate(draft.yaml.modules):
        for need in tables.needs_by_module()[module]:
            allowed: list[str] = getattr(draft.yaml.instances, need.use)
            if need.instance_type not in allowed:
                yield draft.problem(
                    ("modules", index),
                    f"{module} needs {need.instance_type} for {need.use}, but instances.{need.use} "
                    f"allows only {', '.join(allowed)}",
                    f"add {need.instance_type} to instances.{need.use}, or leave the module out",
                )


def _prerequisites_come_first(draft: Draft) -> Iterator[Problem]:
    slots = draft.yaml.schedule or [[module] for module in draft.yaml.modules]
    for slot, place, what in unmet(slots, tables.prerequisites_by_module()):
        path: KeyPath = ("schedule", slot, place) if draft.yaml.schedule else ("modules", slot)
        yield draft.problem(path, what, "name it before, or leave out what builds on it")


def unmet(
    slots: Sequence[Sequence[str]], prerequisites: Mapping[str, Sequence[str]]
) -> Iterator[tuple[int, int, str]]:
    """The slots, and the places in them, of modules that build on what does not come in a slot
    before theirs; and why."""
    taught = {module for slot in slots for module in slot}
    before: set[str] = set()
    for index, slot in enumerate(slots):
        for place, module in enumerate(slot):
            for earlier in prerequisites.get(module, ()):
                if earlier not in taught:
                    what = f"{module} builds on {earlier}, which is not among the modules"
                    yield index, place, what
                elif earlier not in before:
                    yield index, place, f"{module} builds on {earlier}, which is not done before"
        before.update(slot)


def _schedule_has_every_module_once(draft: Draft) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, slot in enumerate(draft.yaml.schedule or ()):
        for place, module in enumerate(slot):
            path = ("schedule", index, place)
            if module not in draft.yaml.modules:
                what = f"{module} is not among the workshop's modules"
                yield draft.problem(path, what, "add it to `modules`, or take it out of here")
            elif module in seen:
                what = f"{module} stands in slot {seen[module] + 1} and in slot {index + 1}"
                yield draft.problem(path, what, "a module runs once: keep one of them")
            seen.setdefault(module, index)
    missing = [m for m in draft.yaml.modules if m not in seen]
    if draft.yaml.schedule and missing:
        yield draft.problem(
            ("schedule",),
            f"no slot has {', '.join(missing)}",
            f"add a slot: [{', '.join(missing)}], or leave `schedule` out: one after the other",
        )


def _studio_idle_time_is_possible(draft: Draft) -> Iterator[Problem]:
    minutes = draft.yaml.idle.workspace_minutes
    if minutes < STUDIO_IDLE_FLOOR and "studio" in draft.environments():
        yield draft.problem(
            ("idle", "workspace_minutes"),
            f"{minutes} minutes: Studio shuts an idle app down after {STUDIO_IDLE_FLOOR} at least",
            f"write {STUDIO_IDLE_FLOOR} or more",
        )


def _budgets_agree(draft: Draft) -> Iterator[Problem]:
    total, each = draft.yaml.budget.total, draft.yaml.budget.per_attendee
    if total is not None and each is not None and each > total:
        yield draft.problem(
            ("budget", "per_attendee"),
            f"{each:g} USD for one attendee is more than {total:g} USD for all",
            f"write {total:g} or less, or raise budget.total",
        )


# The keys a rule looks at -> the rule.
RULES: tuple[tuple[frozenset[str], Rule], ...] = (
    (frozenset({"starts", "ends"}), _end_is_after_start),
    (frozenset({"attendees"}), _ids_are_unique),
    (frozenset({"attendees", "name"}), _prefixes_are_short),
    (frozenset({"attendees", "regions"}), _regions_are_the_workshops),
    (frozenset({"network", "domain", "regions"}), _networks_are_in_the_regions),
    (frozenset({"attendees", "regions", "environment"}), _regions_have_the_environments),
    (frozenset({"modules", "regions"}), _images_are_built_where_that_is_possible),
    (frozenset({"attendees", "environment", "instances"}), _workspace_type_fits),
    (frozenset({"modules", "instances"}), _needs_are_allowed),
    (frozenset({"modules", "schedule"}), _prerequisites_come_first),
    (frozenset({"modules", "schedule"}), _schedule_has_every_module_once),
    (frozenset({"attendees", "environment", "idle"}), _studio_idle_time_is_possible),
    (frozenset({"budget"}), _budgets_agree),
)


def check_rules(draft: Draft) -> list[Problem]:
    """Run every rule whose keys could be read."""
    return [problem for keys, rule in RULES if not keys & draft.broken for problem in rule(draft)]

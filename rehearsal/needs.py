"""What labs really ask for: instances at the same time, by attendee and lab, at their peak.

A lab's declaration says what one attendee needs of each instance type for each use; quota
demand, costs and the allow-list all follow from it. This is the other side: what the local
AWS saw. An instance counts from the request until its job has ended or its endpoint is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modules.declarations import Module, Need
from rehearsal.quotas.claims import Fields, groups
from rehearsal.sagemaker.plane import Admission, ControlPlane
from rehearsal.sagemaker.resource import Resource
from workshop.names import TAG_ATTENDEE, TAG_MODULE, TAG_WORKSHOP, read_environment_name

# (use as a module.yaml has it, instance type) -> instances
Uses = Counter[tuple[str, str]]

_ENDED = frozenset({"Completed", "Failed", "Stopped"})
_ENDED_ENDPOINT = frozenset({"Failed", "OutOfService", "Deleting"})


@dataclass(frozen=True, slots=True, order=True)
class Peak:
    """The most instances of a type that an attendee had for a use at the same time.

    `attendee` is "WORKSHOP-ID"; it and `module` are "" for what says neither.
    """

    attendee: str
    module: str
    use: str
    instance_type: str
    count: int


def _job(use: str, *path: str) -> tuple[str, tuple[str, ...]]:
    return use, path


# Kinds of jobs, the use they count for, and where their instances stand.
_JOBS = {
    "training-job": _job("training", "ResourceConfig"),
    "processing-job": _job("processing", "ProcessingResources", "ClusterConfig"),
    "transform-job": _job("transform", "TransformResources"),
}
_KINDS = (*_JOBS, "endpoint")


class Needs:
    """Watches every admission of a plane: `plane.admit = Needs(plane, plane.admit)`.

    A tuning job's training jobs and a pipeline's steps count as the jobs that they start.
    """

    def __init__(self, plane: ControlPlane, admit: Admission) -> None:
        self._plane = plane
        self._admit = admit
        self._peaks: dict[tuple[str, str, str, str], int] = {}
        # What may hold instances, so that a thousand ended jobs cost no time.
        self._last: Counter[tuple[str, str]] = Counter()  # the newest serial seen
        self._kept: dict[tuple[str, str], list[Resource]] = {}

    def __call__(self, kind: str, region: str, params: dict[str, Any]) -> None:
        """Let the quotas decide; what they let pass counts."""
        self._admit(kind, region, params)
        if kind not in _KINDS:
            return
        wanted, replaced = self._wanted(kind, region, params)
        owner = _owner(replaced.tags if replaced else _tags(params), _name(kind, params))
        now = Counter(wanted)
        for resource in self._holding(region):
            if resource is not replaced and _owner(resource.tags, resource.name) == owner:
                now.update(self._held(resource))
        for (use, instance_type), count in now.items():
            key = (*owner, use, instance_type)
            self._peaks[key] = max(self._peaks.get(key, 0), count)

    def peaks(self) -> list[Peak]:
        """All peaks so far, sorted."""
        return sorted(Peak(*key, count) for key, count in self._peaks.items())

    def _wanted(self, kind: str, region: str, params: Fields) -> tuple[Uses, Resource | None]:
        """What the request asks for, and the resource that it would change, if any."""
        if kind != "endpoint":
            return _job_uses(kind, params), None
        existing = self._plane.find("endpoint", region, params.get("EndpointName"))
        config = params.get("EndpointConfigName") or (
            existing.fields["EndpointConfigName"] if existing else ""
        )
        asked = {
            variant["VariantName"]: variant["DesiredInstanceCount"]
            for variant in params.get("DesiredWeightsAndCapacities", ())
            if "DesiredInstanceCount" in variant
        }
        return self._variant_uses(region, config, asked), existing

    def _holding(self, region: str) -> Iterator[Resource]:
        for kind in _KINDS:
            place = (kind, region)
            last = self._last[place]
            new = [found for found in self._plane.store(*place) if found.serial > last]
            self._last[place] = max((found.serial for found in new), default=last)
            candidates = [*self._kept.get(place, ()), *new]
            self._kept[place] = [found for found in candidates if self._holds(found)]
            yield from self._kept[place]

    def _holds(self, resource: Resource) -> bool:
        ended = _ENDED_ENDPOINT if resource.kind.name == "endpoint" else _ENDED
        return resource.status not in ended and self._plane.by_arn(resource.arn) is resource

    def _held(self, resource: Resource) -> Uses:
        if resource.kind.name in _JOBS:
            return _job_uses(resource.kind.name, resource.fields)
        counts = {
            variant["VariantName"]: variant["DesiredInstanceCount"]
            for variant in resource.fields.get("ProductionVariants", ())
            if variant.get("DesiredInstanceCount") is not None
        }
        config = resource.fields["EndpointConfigName"]
        return self._variant_uses(resource.region, config, counts)

    def _variant_uses(self, region: str, config: str, counts: Mapping[str, int]) -> Uses:
        found = self._plane.find("endpoint-config", region, config)
        uses: Uses = Counter()
        for variant in found.fields.get("ProductionVariants", ()) if found else ():
            if "InstanceType" in variant:  # serverless has none
                initial = variant.get("InitialInstanceCount", 1)
                count = counts.get(variant["VariantName"], initial)
                uses["endpoint", variant["InstanceType"]] += count
        return uses


def _job_uses(kind: str, fields: Fields) -> Uses:
    use, path = _JOBS[kind]
    resources: Any = fields
    for part in path:
        resources = resources.get(part, {})
    uses: Uses = Counter()
    for instance_type, count in groups(resources):
        uses[use, instance_type] += count
    return uses


def _name(kind: str, params: Fields) -> str:
    words = "".join(word.capitalize() for word in kind.split("-"))
    return str(params.get(f"{words}Name", ""))


def _tags(params: Fields) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or ()}


def _owner(tags: Mapping[str, str], name: str) -> tuple[str, str]:
    """Whose it is, by its tags, or by its name where it has none; and of which lab."""
    if TAG_WORKSHOP in tags and TAG_ATTENDEE in tags:
        attendee = f"{tags[TAG_WORKSHOP]}-{tags[TAG_ATTENDEE]}"
    else:
        attendee = "-".join(name.split("-")[:2])
        if read_environment_name(attendee) is None:
            attendee = ""
    return attendee, tags.get(TAG_MODULE, "")


def used(peaks: Iterable[Peak], module: str, attendee: str) -> tuple[Need, ...]:
    """What a lab of an attendee ("WORKSHOP-ID") had at its peak, sorted; empty for none."""
    found = (
        Need(peak.use, peak.instance_type, peak.count)  # type: ignore[arg-type]
        for peak in peaks
        if (peak.attendee, peak.module) == (attendee, module)
    )
    return tuple(sorted(found))


def differences(
    peaks: Sequence[Peak], modules: Sequence[Module], attendees: Iterable[str]
) -> list[str]:
    """Where the labs' declarations and what was seen differ, in words.

    `attendees` ("WORKSHOP-ID") are those who have done all of the modules to their end.
    """
    who = set(attendees)
    declared: dict[tuple[str, str, str], int] = {
        (module.name, need.use, need.instance_type): need.count
        for module in modules
        for need in module.needs
    }
    found = []
    for attendee in sorted(who):
        seen = {
            (peak.module, peak.use, peak.instance_type): peak.count
            for peak in peaks
            if peak.attendee == attendee
        }
        for key in sorted({*declared, *seen}):
            if declared.get(key, 0) != seen.get(key, 0):
                module, use, instance_type = key
                found.append(
                    f"{module or 'a lab that does not tag what it makes'}: {attendee} had "
                    f"{seen.get(key, 0)} {instance_type} for {use} at once, "
                    f"module.yaml declares {declared.get(key, 0)}"
                )
    return found

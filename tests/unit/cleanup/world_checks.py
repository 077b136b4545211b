"""Sweeps a drawn world and says what of the sweep's promises did not hold.

What is left is read from the local AWS's own state and not through its API, so that a sweep
that did not look cannot pass.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleanup.kind import REST
from cleanup.kinds import BY_NAME as SWEPT
from cleanup.resources import TAGS, Scope
from cleanup.resources import Resource as Found
from cleanup.steps import Call, Policy
from cleanup.sweep import LIMIT_SECONDS, Sweep, SweepResult
from rehearsal.faults.reach import parse
from rehearsal.inventory import bills, everything
from rehearsal.sagemaker.resource import Resource
from tests.unit.cleanup.world_maker import WorldMaker
from tests.unit.cleanup.worlds import OTHER_NAMES, PROTECTED, RECORDS, WORKSHOP, Case
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire
from workshop.cli.cleanup import exit_code
from workshop.errors import EXIT_OK

# What the limit may be passed by: the last poll and the last look.
_GRACE_SECONDS = 600.0
_NO_CAP = 1e9
# What SageMaker leaves elsewhere, as the inventory calls it, and as a sweep does.
_ELSEWHERE = {
    "file-system": "efs-file-system",
    "mount-target": "efs-mount-target",
    "network-interface": "network-interface",
    "security-group": "nfs-security-group",
}
_MADE_BY_FAULTS = ("ThrottlingException", "InternalFailure", "InternalError", "not authorized")
# Other people's work goes on while a sweep runs; it may end by itself, but not be stopped.
_WORK = ("-job", "-execution", "job", "training-session")
_STOPPED = {"Stopping", "Stopped", "Deleting", "DeleteFailed"}
_Spot = tuple[str, tuple[str | None, ...]]


@dataclass(slots=True)
class Verdict:
    """What did not hold, and how often a call was refused that no fault made fail."""

    violations: list[str]
    unforced: Counter[str] = field(default_factory=Counter)
    clean: bool = False


@dataclass(slots=True)
class _Outcomes:
    """An audit that counts what AWS refused."""

    refused: Counter[str] = field(default_factory=Counter)

    def __call__(self, call: Call, result: str, detail: str = "") -> None:
        if result in ("later", "refused") and not any(x in detail for x in _MADE_BY_FAULTS):
            self.refused[f"{call.resource.kind} {call.resource.status}: {detail}"] += 1


def check(case: Case, wire: Wire) -> Verdict:
    """Make a world, sweep it, and look at what became of it."""
    with tempfile.TemporaryDirectory(prefix="t-") as directory:
        bench = Bench(Path(directory) / "m")
        try:
            wire.connect(bench.world)
            return _Check(case, bench, wire).run()
        finally:
            bench.machine.close()


class _Check:
    def __init__(self, case: Case, bench: Bench, wire: Wire) -> None:
        self._case = case
        self._bench = bench
        self._wire = wire

    def run(self) -> Verdict:
        maker = WorldMaker(self._bench, self._wire)
        maker.make_others(self._case)
        others = {_spot(r): _picture(r) for r in self._every()}
        elsewhere = {(row["kind"], row["name"]) for row in everything(self._bench.world)}
        maker.make_ours(self._case)
        self._bench.world.faults.set(parse(list(self._case.faults)))
        outcomes = _Outcomes()
        sweep = Sweep(
            Scope(WORKSHOP, frozenset(self._case.attendees), (REGION,), frozenset({PROTECTED})),
            self._wire,
            policy=Policy(keep_managed=self._case.keep_managed),
            now=self._bench.clock.now,
            sleep=self._bench.step,
            workers=self._case.workers,
            calls_per_second=_NO_CAP,
            audit=outcomes,
        )
        started = self._bench.clock.now()
        result = sweep.run()
        seconds = self._bench.clock.now() - started
        violations = [
            *self._touched(others, elsewhere),
            *self._unnamed(result, others, elsewhere),
            *self._untrue(result),
        ]
        if seconds > LIMIT_SECONDS + _GRACE_SECONDS:
            violations.append(f"it took {seconds:.0f} s")
        return Verdict(violations, outcomes.refused, result.clean)

    def _every(self) -> list[Resource]:
        """What exists, in the order in which it was made."""
        return [r for r in self._bench.plane.every() if not r.status or r.status != r.kind.deleted]

    def _touched(
        self, others: dict[_Spot, dict[str, Any]], elsewhere: set[tuple[str, str]]
    ) -> Iterator[str]:
        """Nothing out of scope, and nothing held, is touched."""
        now = {_spot(r): r for r in self._every()}
        for spot, before in others.items():
            if spot not in now:
                yield f"{spot} of others is gone"
            elif spot[0].endswith(_WORK):
                if now[spot].status in _STOPPED - {before["status"]}:
                    yield f"{spot} of others is {now[spot].status}"
                elif now[spot].tags != before["tags"]:
                    yield f"the tags of {spot} of others changed"
            elif (after := _picture(now[spot])) != before:
                changed = [name for name in before if before[name] != after[name]]
                yield f"{spot} of others changed: {changed}"
        left = {(row["kind"], row["name"]) for row in everything(self._bench.world)}
        for kind, name in sorted(elsewhere - left):
            if kind in _ELSEWHERE:
                yield f"{kind} {name} of others is gone"

    def _unnamed(
        self,
        result: SweepResult,
        others: dict[_Spot, dict[str, Any]],
        elsewhere: set[tuple[str, str]],
    ) -> Iterator[str]:
        """What still bills is named or its kind was not seen; after a clean sweep nothing else
        is left at all."""
        named = [*(r.resource for r in result.remaining), *(r for r, _ in result.kept)]
        blind = {hole.kind for hole in result.blind}
        for resource in self._every():
            if _spot(resource) in others or resource.kind.name in RECORDS or self._lags(resource):
                continue
            name = OTHER_NAMES.get(resource.kind.name, resource.kind.name)
            if _is_named(resource, name, named) or name in blind:
                continue
            if TAGS in blind and resource.tags:
                continue
            if bills(resource):
                yield f"{name} {resource.path} bills as {resource.status} and is not named"
            elif result.clean and SWEPT[name].action(resource.status) != REST:
                yield f"clean, but {name} {resource.path} is left as {resource.status!r}"
        for row in everything(self._bench.world) if result.clean else ():
            kind = _ELSEWHERE.get(row["kind"])
            if kind is None or (row["kind"], row["name"]) in elsewhere:
                continue
            if not any(found.kind == kind and _id(found) in row["name"] for found in named):
                yield f"clean, but {kind} {row['name']} is left"

    def _lags(self, resource: Resource) -> bool:
        """Whether no list showed it yet when the sweep ended."""
        call = f"List{resource.kind.list_noun}"
        lag = max(
            (
                f["seconds"]
                for f in self._case.faults
                if f["fault"] == "lag" and f["operation"] == call
            ),
            default=0.0,
        )
        return resource.created > self._bench.clock.now() - lag

    def _untrue(self, result: SweepResult) -> Iterator[str]:
        """The result says of itself what is so, and blames nothing without a cause."""
        case = self._case
        lists = {f["operation"] for f in case.faults if f["fault"] == "refuse"}
        refused = {
            kind.name
            for kind in SWEPT.values()
            if not kind.parent and f"{kind.list_op.replace('_', '')}" in {x.lower() for x in lists}
        }
        if "GetResources" in lists:
            refused.add(TAGS)
        blind = {hole.kind for hole in result.blind}
        if not refused <= blind:
            yield f"listing {sorted(refused - blind)} was refused, but it is called seen"
        if result.blind and not lists and not case.has("throttle", "error500"):
            yield f"blind without a cause: {result.blind}"
        if result.verified != (not result.blind):
            yield "verified although something could not be listed"
        # What a list does not show yet can hold what it does show.
        if result.remaining and not case.has("stick", "refuse", "return", "lag"):
            yield f"remaining without a cause: {result.remaining}"
        if (exit_code(result) == EXIT_OK) != result.clean:
            yield f"exit code {exit_code(result)}, clean {result.clean}"
        held = [resource for resource, why in result.kept if not self._is_legitimate(why)]
        if held and not case.others and not blind and not result.remaining:
            yield f"kept without a cause: {[(r.kind, r.name) for r in held]}"

    def _is_legitimate(self, why: str) -> bool:
        """Whether a thing may be kept in a world where nobody holds anything."""
        managed = self._case.keep_managed and (
            why.startswith("part of the environment") or "stays and may need it" in why
        )
        return managed or why.startswith("paid for until its end")


def _spot(resource: Resource) -> _Spot:
    return resource.kind.name, resource.key


def _picture(resource: Resource) -> dict[str, Any]:
    """Everything that could change, by name."""
    return {
        "status": resource.status,
        "fields": repr(resource.fields),
        "tags": dict(resource.tags),
        "modified": resource.modified,
        "created": resource.created,
    }


def _is_named(resource: Resource, kind: str, named: list[Found]) -> bool:
    known = {resource.arn, resource.name, *resource.key, *map(str, resource.fields.values())}
    return any(found.kind == kind and {value for _, value in found.ids} <= known for found in named)


def _id(found: Found) -> str:
    return found.ids[-1][1]

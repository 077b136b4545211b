"""Makes the things of a drawn world in a local AWS in this process."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.kinds import BY_NAME
from tests.sagemaker_requests import MODEL, Requests, role_of
from tests.unit.cleanup.worlds import ENDS, Case, Thing, needs
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire

# Longer than anything takes to be made: an MLflow server takes 25 minutes.
_LONG_ENOUGH = 3600.0


class WorldMaker:
    """Makes things on a bench, each with what it needs, once."""

    def __init__(self, bench: Bench, wire: Wire) -> None:
        self._bench = bench
        self._wire = wire
        self._ids: dict[tuple[str, str], dict[str, Any]] = {}
        # Made since time last passed: it may not be ready for what needs it.
        self._young: set[tuple[str, str]] = set()

    def make_others(self, case: Case) -> None:
        """What is not to be touched, done and settled."""
        for thing in case.others:
            self._make_needs(thing)
            self._make(thing.kind, thing)
        self._settle()

    def make_ours(self, case: Case) -> None:
        """What is to go, the oldest first, each as old as it is to be."""
        things = sorted(case.ours, key=lambda thing: -thing.seconds)
        for thing in things:
            self._make_needs(thing)
        self._settle()
        later = [*(thing.seconds for thing in things[1:]), 0.0]
        for thing, seconds in zip(things, later, strict=True):
            self._make(thing.kind, thing)
            if thing.seconds:
                self._bench.settle()
                self._bench.step(thing.seconds - seconds)
        for thing in things:
            if thing.ending:
                self._end(thing)

    def _settle(self) -> None:
        for _ in range(2):
            self._let_time_pass()

    def _make_needs(self, thing: Thing) -> None:
        for kind in needs(thing.kind):
            self._make_needs(Thing(kind, thing.name, thing.tags))
            self._make(kind, thing)
            if BY_NAME[kind].status_field and _key(kind, thing) in self._young:
                self._let_time_pass()

    def _let_time_pass(self) -> None:
        self._bench.settle()
        self._bench.step(_LONG_ENOUGH)
        self._young.clear()

    def _make(self, name: str, thing: Thing) -> None:
        """Make one, unless there is one already."""
        key = _key(name, thing)
        if key in self._ids:
            return
        kind = BY_NAME["app" if name == "canvas" else name]
        requests = Requests(key[1], REGION)
        request: dict[str, Any]
        if name == "canvas":
            request = {"UserProfileName": thing.name, "AppType": "Canvas", "AppName": "default"}
        else:
            request = requests.request(kind)
        request |= self._more(name, thing, requests)
        shape = MODEL.operation_model(f"{kind.verb}{kind.noun}").input_shape
        # A domain is its workshop's, whatever is in it.
        if thing.tags and name != "domain" and "Tags" in shape.members:
            request["Tags"] = [{"Key": key, "Value": value} for key, value in thing.tags]
        answer = self._bench.call(f"{kind.verb}{kind.noun}", **request)
        self._ids[key] = {**request, **answer}
        self._young.add(key)

    def _more(self, name: str, thing: Thing, requests: Requests) -> dict[str, Any]:
        """What a request has to say beside what every one of its kind says."""
        more: dict[str, Any] = {}
        if name in ("user-profile", "space", "app", "canvas"):
            more["DomainId"] = self._ids["domain", _domain_of(thing)]["DomainId"]
        if name == "domain":
            more |= self._bench.network()
        if name in ("cluster-scheduler-config", "compute-quota"):
            more["ClusterArn"] = self._ids["cluster", thing.name]["ClusterArn"]
        if name == "cluster":
            # A cluster whose role is gone stays in Deleting for ever.
            self._wire("iam", REGION).create_role(
                RoleName=thing.name, AssumeRolePolicyDocument=json.dumps({"Statement": []})
            )
        if name == "endpoint-config":
            # Without a model it is in service without a container.
            more["ExecutionRoleArn"] = role_of(thing.name)
            variant = requests.replaced[name]["ProductionVariants"][0]
            more["ProductionVariants"] = [
                {key: value for key, value in variant.items() if key != "ModelName"}
            ]
        return more

    def _end(self, thing: Thing) -> None:
        operation = ENDS[thing.kind]
        kind = BY_NAME["app" if thing.kind == "canvas" else thing.kind]
        known = self._ids[thing.kind, thing.name]
        resource = next(
            r
            for r in self._bench.plane.every()
            if r.kind.name == kind.name and thing.name in r.path.split("/")
        )
        if not _may(kind, operation, resource.status):
            return
        shape = MODEL.operation_model(operation).input_shape
        self._bench.call(operation, **{n: known[n] for n in shape.members if n in known})


def _may(kind: Kind, operation: str, status: str) -> bool:
    """Whether the service takes the call in a status."""
    allowed = kind.stoppable_from if operation.startswith("Stop") else kind.deletable_from
    return status in allowed


def _key(kind: str, thing: Thing) -> tuple[str, str]:
    """What is made once."""
    return kind, _domain_of(thing) if kind == "domain" else thing.name


def _domain_of(thing: Thing) -> str:
    """Ours for what is ours, by name or tag; held things are in ours too."""
    start, _, _ = thing.name.partition("-")
    if start in ("ml101", "free"):
        other = ("workshop:name", "ml202") in thing.tags or thing.name.startswith("ml101-zoe-")
        return "ml202-shared" if other else "ml101-shared"
    return f"{start}-shared"

"""Makes one of each kind on a bench, with the smallest requests."""

from __future__ import annotations

from typing import Any

from rehearsal.sagemaker.kinds import BY_NAME, KINDS
from tests.sagemaker_requests import BEFORE, MODEL, Requests
from tests.unit.rehearsal.bench import REGION, Bench

__all__ = ["BEFORE", "MODEL", "NAME", "OTHER", "REQUESTS", "Samples", "filling", "request"]

NAME = "ml101-ann"
OTHER = "ml101-bob"

_BUILDER = Requests(NAME, REGION)
REQUESTS = _BUILDER.replaced
request = _BUILDER.request
filling = _BUILDER.filling


class Samples:
    """Makes one of each kind on a bench; each kind once."""

    def __init__(self, bench: Bench, more: dict[str, dict[str, Any]] | None = None) -> None:
        self.bench = bench
        self.more = more or {}  # further members of a kind's request
        self.made: dict[str, dict[str, Any]] = {}

    def make_all(self) -> None:
        for kind in KINDS:
            self.make(kind.name)

    def make(self, name: str) -> dict[str, Any]:
        """Make one of a kind and what it needs; answers the fields that identify it."""
        if name in self.made:
            return self.made[name]
        kind = BY_NAME[name]
        for need in (*BEFORE.get(name, ()), *(n.kind for n in kind.needs)):
            self.make(need)
        more: dict[str, Any] = dict(self.more.get(name, {}))
        if name in ("user-profile", "space", "app"):
            more["DomainId"] = self.made["domain"]["DomainId"]
        if name == "domain":
            more |= self.bench.network()
        if name in ("cluster-scheduler-config", "compute-quota"):
            more["ClusterArn"] = self.bench.found("cluster", NAME).arn
        params = request(kind, **more)
        answer = self.bench.call(f"{kind.verb}{kind.noun}", **params)
        if name in ("endpoint", "inference-component"):
            self.bench.put_in_service(NAME, name)
        arn = answer.get(kind.arn_name) or answer[f"{kind.noun}Arn"]
        resource = self.bench.plane.by_arn(arn)
        assert resource is not None
        self.bench.step(4000 if not kind.fails else 0)
        ids = {k: v for k, v in {**params, **resource.fields}.items() if k in kind.id_fields}
        if name == "model-package":  # a version has no name of its own
            ids = {"ModelPackageName": arn}
        self.made[name] = ids
        return ids

    def another(self, name: str) -> str:
        """The name of a second resource of a kind, to which nothing belongs."""
        kind = BY_NAME[name]
        for need in kind.needs:
            self.make(need.kind)
        params = request(kind, **{kind.name_field: OTHER})
        if "ClientRequestToken" in params:
            params["ClientRequestToken"] = OTHER.ljust(40, "x")
        self.bench.call(f"{kind.verb}{kind.noun}", **params)
        self.bench.step(4000)
        return OTHER

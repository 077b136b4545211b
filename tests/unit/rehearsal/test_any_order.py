"""Random calls in random order: what AWS could not answer or hold, the local AWS does not."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rehearsal.checks import error_problem
from rehearsal.errors import ApiError
from rehearsal.sagemaker.kinds import BY_NAME, KINDS, Kind
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.schema import schema_of
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.samples import MODEL, NAME, OTHER, REQUESTS, Samples, filling, request

NAMES = (NAME, OTHER)
# A resource of the first kind is nothing without one of the second, named by the path.
CHILDREN = (
    ("user-profile", "DomainId", "domain"),
    ("space", "DomainId", "domain"),
    ("space", "OwnershipSettings.OwnerUserProfileName", "user-profile"),
    ("app", "DomainId", "domain"),
    ("app", "SpaceName", "space"),
    ("app", "UserProfileName", "user-profile"),
    ("image-version", "ImageName", "image"),
    ("endpoint", "EndpointConfigName", "endpoint-config"),
    ("inference-component", "EndpointName", "endpoint"),
    ("pipeline-execution", "PipelineArn", "pipeline"),
    ("model-package", "ModelPackageGroupName", "model-package-group"),
    ("hub-content", "HubName", "hub"),
    ("trial", "ExperimentName", "experiment"),
    ("compute-quota", "ClusterArn", "cluster"),
    ("cluster-scheduler-config", "ClusterArn", "cluster"),
    (
        "monitoring-schedule",
        "MonitoringScheduleConfig.MonitoringJobDefinitionName",
        "data-quality-job-definition",
    ),
)
# Of the calls that change something, at least so many were accepted: a run in which all is
# refused proves nothing.
LEAST_ACCEPTED = 600

kinds = st.sampled_from([kind.name for kind in KINDS])
# Kinds that hold others come up more often, so that there is something to hold.
busy = st.one_of(
    kinds, st.sampled_from([name for child in CHILDREN for name in (child[0], child[2])])
)


class AnyOrder(RuleBasedStateMachine):
    """Makes, changes, stops and deletes whatever there is, and lets time pass."""

    accepted: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="any-order-"))
        self.bench = Bench(self.directory / "machine")

    def teardown(self) -> None:
        self.bench.machine.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # -- what happens ------------------------------------------------------------------

    @initialize(some=st.lists(busy, min_size=3, max_size=8))
    def begin_with(self, some: list[str]) -> None:
        """Something is there already, with all that it needs."""
        samples = Samples(self.bench)
        for name in some:
            samples.make(name)
        AnyOrder.accepted.update(f"Create{BY_NAME[name].noun}" for name in samples.made)

    @rule(of=busy, name=st.sampled_from(NAMES))
    def create(self, of: str, name: str) -> None:
        kind = BY_NAME[of]
        params = request(kind)
        if kind.name_field in params and not kind.name_field.endswith("Id"):
            params[kind.name_field] = name
        if kind.name == "domain":
            params |= self.bench.network()
        if kind.name == "app" and name == OTHER:  # the other one is its profile's
            params |= {"AppType": "KernelGateway", "UserProfileName": NAME}
            del params["SpaceName"]
        if "DomainId" in params and kind.name != "domain":
            params["DomainId"] = self.some("domain", "d-nowhere")
        if "ClusterArn" in params:
            nowhere = f"arn:aws:sagemaker:{REGION}:123456789012:cluster/000000000000"
            params["ClusterArn"] = self.some("cluster", nowhere, arn=True)
        for token in ("ClientRequestToken", "ClientToken"):
            if token in params:
                params[token] = f"{name}-{len(self.bench.plane.every())}".ljust(40, "x")
        self.call(f"{kind.verb}{kind.noun}", params)
        if kind.name in ("endpoint", "inference-component"):
            for resource in self.bench.plane.store(kind.name, REGION):
                if resource.status == "Creating":
                    self.bench.put_in_service(resource.name, kind.name)

    @rule(data=st.data(), verb=st.sampled_from(("Describe", "Delete", "Stop", "Start", "Update")))
    @precondition(lambda self: self.bench.plane.every())
    def act(self, data: st.DataObject, verb: str) -> None:
        there = self.bench.plane.every()
        resource = there[data.draw(st.integers(0, len(there) - 1))]
        kind = resource.kind
        operation = f"{verb}{kind.noun}"
        if operation not in MODEL.operation_names or verb == kind.verb:
            return
        shape = MODEL.operation_model(operation).input_shape
        ids = self.bench.plane.rules(kind).identify(resource)
        params = {n: filling(shape.members[n], n) for n in shape.required_members}
        change = REQUESTS.get(kind.name, {}) if verb == "Update" else {}
        known = {**params, **change, f"{kind.noun}Arn": resource.arn, **ids}
        self.call(operation, {n: v for n, v in known.items() if n in shape.members})

    @rule(of=kinds)
    def list_all(self, of: str) -> None:
        kind = BY_NAME[of]
        shape = MODEL.operation_model(f"List{kind.list_noun}").input_shape
        params = {n: filling(shape.members[n], n) for n in shape.required_members}
        self.call(f"List{kind.list_noun}", params)

    @rule(seconds=st.sampled_from((0.0, 15.0, 90.0, 4000.0)))
    def wait(self, seconds: float) -> None:
        self.bench.step(seconds)
        self.bench.settle()

    def call(self, operation: str, params: dict[str, Any]) -> None:
        """Call it; the bench holds the answer against the output shape."""
        try:
            self.bench.call(operation, **params)
        except ApiError as error:
            check_refusal(operation, error)
            return
        if not operation.startswith(("List", "Describe")):
            AnyOrder.accepted[operation] += 1

    def some(self, kind: str, otherwise: str, *, arn: bool = False) -> str:
        for resource in self.bench.plane.store(kind, REGION):
            return resource.arn if arn else resource.name
        return otherwise

    # -- what must hold ----------------------------------------------------------------

    @invariant()
    def every_state_is_one_of_the_enum(self) -> None:
        for resource in self.bench.plane.every():
            if resource.kind.status_field:
                assert resource.status in states_of(resource.kind), f"{resource.arn}"

    @invariant()
    def nothing_outlives_what_it_is_part_of(self) -> None:
        for child, path, parent in CHILDREN:
            for resource in self.bench.plane.store(child, REGION):
                if not is_over(resource):
                    assert self.parent_of(resource, path, parent), f"{resource.arn} is an orphan"

    def parent_of(self, resource: Resource, path: str, kind: str) -> bool:
        wanted = set(values_at(resource.fields, path))
        return not wanted or any(
            wanted & {parent.name, parent.arn}
            for parent in self.bench.plane.store(kind, REGION)
            if parent.status not in {parent.kind.deleting, parent.kind.deleted} - {""}
        )


def check_refusal(operation: str, error: ApiError) -> None:
    assert not error_problem(MODEL, operation, error)
    assert error.status == 400, f"{operation}: {error.status}"


def is_over(resource: Resource) -> bool:
    """Whether a resource is gone, going, or the record of something that has ended."""
    kind = resource.kind
    return resource.status in {kind.deleting, kind.deleted, *kind.ended_in} - {""}


def states_of(kind: Kind) -> set[str]:
    shape = MODEL.operation_model(f"Describe{kind.noun}").output_shape
    wrapper = schema_of(MODEL, kind).wrapper
    shape = shape.members[wrapper] if wrapper else shape
    return set(shape.members[kind.status_field].enum)


def test_calls_in_any_order_never_leave_what_aws_could_not_have() -> None:
    AnyOrder.accepted.clear()
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=40,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,  # the same calls on every machine
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert sum(AnyOrder.accepted.values()) >= LEAST_ACCEPTED, AnyOrder.accepted
    verbs = {"Create", "Delete", "Update", "Stop"}
    assert verbs <= {verb for name in AnyOrder.accepted for verb in verbs if name.startswith(verb)}

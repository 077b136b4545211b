"""Twenty people's environments, endpoints and jobs on a local AWS, and what is true of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from lifecycle_configs import idle
from rehearsal.account import ACCOUNT
from rehearsal.sagemaker import surroundings
from tests.unit.guard.two_days.people import Endpoint, Job, Person
from tests.unit.rehearsal.bench import REGION, ROLE, Bench, EndlessActivity
from tests.unit.rehearsal.wire import Wire
from workshop import names

WORKSHOP = "ml101"
BUCKET = names.bucket_name(WORKSHOP, ACCOUNT, REGION)
# USD per hour of a person's environment and of what they run.
RATES = {"ml.t3.medium": 0.05, "ml.m5.large": 0.12, "ml.c5.4xlarge": 2.0, "ml.m5.xlarge": 0.23}
WORKSPACE_IDLE, ENDPOINT_IDLE = 60, 60

_GOING = ("Deleting", "Deleted", "Stopping", "Stopped", "Completed", "Failed")


@dataclass(slots=True)
class Running:
    """The truth of one thing that bills: since which minute, until when, at what rate."""

    name: str
    kind: str
    owner: str
    rate: float
    since: float
    until: float | None = None
    used: list[float] = field(default_factory=list)

    def cost(self, minute: float) -> float:
        """USD until a minute."""
        end = minute if self.until is None else min(self.until, minute)
        return max(0.0, end - self.since) / 60 * self.rate


class Classroom:
    """Does at each tick what people do until then. `minute` counts from the first day's 08:00."""

    def __init__(self, people: Iterable[Person], bench: Bench, wire: Wire) -> None:
        self.people = {person.id: person for person in people}
        self.things: list[Running] = []
        self._bench = bench
        self._wire = wire
        self._done: set[tuple[str, float]] = set()
        self._work: dict[str, EndlessActivity] = {}
        self._prepare()
        # Everything before was making the account.
        self._zero = bench.clock.now()

    # -- time ------------------------------------------------------------------------

    @property
    def minute(self) -> float:
        """Minutes since the beginning."""
        return (self._bench.clock.now() - self._zero) / 60

    def at(self, minute: float) -> datetime:
        """A minute as a time."""
        return datetime.fromtimestamp(self._zero, UTC) + timedelta(minutes=minute)

    def now(self) -> datetime:
        """The time."""
        return self.at(self.minute)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._bench.step(seconds)

    def advance(self, minute: float) -> None:
        """Let people do what they do until a minute, and the environments say so."""
        before = self.minute
        if minute > before:
            self._bench.step((minute - before) * 60)
        for person in self.people.values():
            self._work_on(person, minute)
            self._report(person, minute)
        self._bench.step()
        self.look()

    # -- the truth -------------------------------------------------------------------

    def running(self) -> list[Running]:
        """What bills now."""
        return [thing for thing in self.things if thing.until is None]

    def rests(self, since: float, until: float) -> bool:
        """Whether nothing bills now, and nobody is at work at any time between two minutes."""
        spans = [span for person in self.people.values() for span in person.busy]
        return not self.running() and all(end < since or start > until for start, end in spans)

    def spent(self, owner: str = "") -> float:
        """USD that were spent until now, by somebody or by all."""
        return sum(thing.cost(self.minute) for thing in self.things if owner in ("", thing.owner))

    def burn(self, minutes: float, owner: str = "") -> float:
        """USD that all that ran in the last minutes costs in as many minutes."""
        since = self.minute - minutes
        ran = [t for t in self.things if t.until is None or t.until >= since]
        return sum(t.rate for t in ran if owner in ("", t.owner)) * minutes / 60

    def last_used(self, thing: Running, minute: float) -> float:
        """When a thing was last used as of a minute; its beginning counts as use."""
        person = self.people[thing.owner]
        used = [at for at in thing.used if at <= minute]
        if thing.kind in ("app", "notebook-instance"):
            last = person.last_used(minute)
            used += [] if last is None else [last]
        return max([thing.since, *used])

    def find(self, kind: str, name: str) -> Running:
        """The thing of a kind and name that began last."""
        return next(t for t in reversed(self.things) if (t.kind, t.name) == (kind, name))

    def look(self) -> None:
        """Take note of what has ended."""
        for thing in self.running():
            status = self._status(thing)
            if status is None or status in _GOING:
                thing.until = self.minute

    # -- what people do --------------------------------------------------------------

    def _work_on(self, person: Person, minute: float) -> None:
        if not self._may_start(person):
            return
        for start, _ in person.busy:
            if self._is_due(f"{person.id} comes", start, minute):
                self._open(person)
        for endpoint in person.endpoints:
            if self._is_due(endpoint.name, endpoint.made, minute):
                self._make_endpoint(person, endpoint)
            # It can be put on an endpoint that is in service.
            if self._is_due(f"{endpoint.name} holds a component", endpoint.made + 10, minute):
                self._make_component(person, endpoint)
            for at in endpoint.invoked:
                if self._is_due(f"{endpoint.name} invoked", at, minute):
                    self._invoke(endpoint, at)
        for job in person.jobs:
            if self._is_due(job.name, job.made, minute):
                self._make_job(person, job)
            ends = None if job.minutes is None else job.made + job.minutes
            if ends is not None and self._is_due(f"{job.name} ends", ends, minute):
                self._work[job.name].stopped = True

    def _may_start(self, person: Person) -> bool:
        """What the permissions boundary says, which the local AWS does not enforce: its test is
        in tests/synth."""
        role = iam_backends[ACCOUNT]["aws"].get_role(names.environment_name(WORKSHOP, person.id))
        return names.TAG_STOPPED not in role.tags

    def _is_due(self, what: str, at: float, minute: float) -> bool:
        """Whether something is to happen now for the first time."""
        if at > minute or (what, at) in self._done:
            return False
        self._done.add((what, at))
        return True

    def _open(self, person: Person) -> None:
        kind = "app" if person.environment == "studio" else "notebook-instance"
        name = names.environment_name(WORKSHOP, person.id)
        if any((t.kind, t.owner) == (kind, person.id) for t in self.running()):
            return
        if kind == "app":
            self._bench.call("CreateApp", **self._app(name), Tags=_tags(person.id))
        else:
            self._bench.call("StartNotebookInstance", NotebookInstanceName=name)
        rate = RATES["ml.t3.medium"]
        self.things.append(Running(name, kind, person.id, rate, self.minute))

    def _make_endpoint(self, person: Person, endpoint: Endpoint) -> None:
        name, component = endpoint.name, endpoint.how == "component"
        variant: dict[str, Any] = {
            "VariantName": "AllTraffic",
            "InstanceType": endpoint.instance_type,
            "InitialInstanceCount": 1,
        }
        self._bench.model(name)
        if component:
            variant["RoutingConfig"] = {"RoutingStrategy": "RANDOM"}
        else:
            variant["ModelName"] = name
        config: dict[str, Any] = {"ProductionVariants": [variant], "Tags": _tags(person.id)}
        if component:
            config["ExecutionRoleArn"] = ROLE
        if endpoint.how == "backlog":
            config["AsyncInferenceConfig"] = {
                "OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/attendees/{person.id}/out"}
            }
        self._bench.call("CreateEndpointConfig", EndpointConfigName=name, **config)
        self._bench.call(
            "CreateEndpoint", EndpointName=name, EndpointConfigName=name, Tags=_tags(person.id)
        )
        self._bench.serve(name)
        rate = RATES[endpoint.instance_type]
        self.things.append(Running(name, "endpoint", person.id, rate, self.minute))

    def _make_component(self, person: Person, endpoint: Endpoint) -> None:
        thing = self.find("endpoint", endpoint.name)
        if endpoint.how != "component" or thing.until is not None:
            return
        name = f"{endpoint.name}-c"
        self._bench.call(
            "CreateInferenceComponent",
            InferenceComponentName=name,
            EndpointName=endpoint.name,
            VariantName="AllTraffic",
            Specification={
                "ModelName": endpoint.name,
                "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128},
            },
            RuntimeConfig={"CopyCount": 1},
            Tags=_tags(person.id),
        )
        self._bench.serve(name, "inference-component")

    def _invoke(self, endpoint: Endpoint, at: float) -> None:
        thing = self.find("endpoint", endpoint.name)
        if thing.until is not None:
            return
        thing.used.append(at)
        dimensions = {
            "variant": {"EndpointName": endpoint.name, "VariantName": "AllTraffic"},
            "component": {"InferenceComponentName": f"{endpoint.name}-c"},
            "backlog": {"EndpointName": endpoint.name},
        }[endpoint.how]
        metric = "ApproximateBacklogSize" if endpoint.how == "backlog" else "Invocations"
        moment = self.at(at).timestamp()
        surroundings.count_invocation(REGION, dimensions, moment, {metric: (1.0, "None")})

    def _make_job(self, person: Person, job: Job) -> None:
        resources = {"InstanceType": "ml.m5.xlarge", "InstanceCount": job.instances}
        if job.kind == "training-job":
            self._bench.training_job(
                job.name, ResourceConfig={**resources, "VolumeSizeInGB": 5}, Tags=_tags(person.id)
            )
        else:
            self._bench.transform_job(
                self._bench.model(job.name),
                job.name,
                TransformResources=resources,
                Tags=_tags(person.id),
            )
        # Its work begins once there are instances; then another takes its place.
        self._bench.step(60)
        activity = EndlessActivity()
        self._bench.found(job.kind, job.name).activity = activity
        self._work[job.name] = activity
        rate = RATES["ml.m5.xlarge"] * job.instances
        self.things.append(Running(job.name, job.kind, person.id, rate, self.minute))

    def _report(self, person: Person, minute: float) -> None:
        """What the program in an environment writes: its own rule, on what Jupyter would list."""
        open_since = [
            t.since
            for t in self.running()
            if t.kind in ("app", "notebook-instance") and t.owner == person.id
        ]
        last = person.last_used(minute)
        if not open_since or last is None:
            return
        moment, busy = self.at(max(last, 0)), person.at_work(minute)
        kernels: list[dict[str, Any]] = []
        terminals: list[dict[str, Any]] = []
        if person.way == "terminal":
            terminals = [{"name": "1", "last_activity": moment.isoformat()}]
        elif person.way == "silent" and busy:
            # It prints nothing: Jupyter hears of it when it begins, and when it ends.
            began = max(start for start, _ in person.busy if start <= minute)
            quiet = self.at(began).isoformat()
            kernels = [{"id": "k", "execution_state": "busy", "last_activity": quiet}]
        else:
            state = "idle"
            kernels = [{"id": "k", "execution_state": state, "last_activity": moment.isoformat()}]
        start = self.at(open_since[0])
        now = self.at(minute)
        verdict, latest, reason = idle.decide(
            now, start, [], kernels, terminals, WORKSPACE_IDLE * 60
        )
        body = {
            "at": idle.shown(now),
            "latest": idle.shown(latest),
            "verdict": verdict,
            "reason": reason,
        }
        s3_backends[ACCOUNT]["aws"].put_object(
            BUCKET, names.activity_key(person.id), json.dumps(body).encode()
        )

    # -- the account -----------------------------------------------------------------

    def _prepare(self) -> None:
        self._wire("s3", REGION).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self._wire("dynamodb", REGION).create_table(
            TableName=names.ledger_name(WORKSHOP),
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        topic = self._wire("sns", REGION).create_topic(Name=names.notices_name(WORKSHOP))
        self.topic: str = topic["TopicArn"]
        self._domain = self._bench.domain()
        for person in self.people.values():
            name = names.environment_name(WORKSHOP, person.id)
            self._wire("iam", REGION).create_role(RoleName=name, AssumeRolePolicyDocument="{}")
            if person.environment == "notebook":
                self._bench.notebook(name, Tags=_tags(person.id))
                continue
            self._bench.profile(self._domain, name)
            self._bench.space(self._domain, name, name)
        self._bench.step(600)
        for person in self.people.values():
            if person.environment == "notebook":
                name = names.environment_name(WORKSHOP, person.id)
                self._bench.call("StopNotebookInstance", NotebookInstanceName=name)
        self._bench.step(600)

    def _app(self, space: str) -> dict[str, str]:
        return {
            "DomainId": self._domain,
            "SpaceName": space,
            "AppType": "JupyterLab",
            "AppName": "default",
        }

    def _status(self, thing: Running) -> str | None:
        key: tuple[str | None, ...] = (thing.name,)
        if thing.kind == "app":
            app = self._app(thing.name)
            key = (app["DomainId"], None, app["SpaceName"], app["AppType"], app["AppName"])
        found = self._bench.plane.find(thing.kind, REGION, *key)
        return None if found is None else found.status


def _tags(attendee: str) -> list[dict[str, str]]:
    return [{"Key": k, "Value": v} for k, v in names.tags(WORKSHOP, attendee).items()]

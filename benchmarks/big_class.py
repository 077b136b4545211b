"""A class as large as the toolkit is made for, on a local AWS in this process, and its guard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from moto.s3.models import s3_backends

from guard.execute import Means, Report, execute
from guard.plan import make_plan
from guard.policy import GuardPolicy
from guard.table import Table
from rehearsal.account import ACCOUNT
from rehearsal.clock import SteppedClock
from rehearsal.faults.reach import parse
from rehearsal.machine import Machine
from rehearsal.quotas.applied import NO_LIMIT, AppliedQuotas
from rehearsal.sagemaker import surroundings
from rehearsal.sagemaker.resource import Outcome
from rehearsal.world import World
from tests.unit.rehearsal.bench import NOWHERE, REGION, Bench, Ended
from tests.unit.rehearsal.wire import Wire
from workshop import names

WORKSHOP = "ml101"
ATTENDEES = APPS = 300
NOTEBOOKS, ENDPOINTS, TRAINING_JOBS, TRANSFORM_JOBS = 100, 500, 300, 300
RUNNING = APPS + NOTEBOOKS + ENDPOINTS + TRAINING_JOBS + TRANSFORM_JOBS
LATENCY_SECONDS = 0.05

_JOB_AGE = timedelta(hours=4)
# So much of it is behind the jobs that are to be stopped.
_AGED_SECONDS = 3 * 3600.0
_TYPE, _JOB_TYPE = "ml.m5.large", "ml.m5.xlarge"
_BUCKET = names.bucket_name(WORKSHOP, ACCOUNT, REGION)


class _Unlimited(Bench):
    """A bench whose quotas do not bind."""

    def __init__(self, directory: Path) -> None:
        self.clock = SteppedClock()
        self.machine = Machine(directory, NOWHERE)
        self.world = World(self.clock, self.machine, quotas=AppliedQuotas(raised_to=NO_LIMIT))
        self.plane = self.world.sagemaker
        self.called = set()


class BigClass:
    """Attendees with what runs of theirs, and a guard that looks at it.

    `minute` counts from when all runs; `running` is how much of it does; `log` is what the
    guard has written. A tenth of each kind is
    not used after that, or is a job that will have run for too long at minute 75.
    """

    def __init__(self, directory: Path) -> None:
        self.bench = _Unlimited(directory)
        self.wire = Wire()
        self.wire.connect(self.bench.world)
        self.running = RUNNING
        self.log: list[dict[str, Any]] = []
        self._attendees = [f"a{number:03}" for number in range(ATTENDEES)]
        self._prepare()
        self._make_environments()
        self._make_endpoints()
        self.bench.step(600)
        self._make_jobs()
        self._zero = self.bench.clock.now()
        self._used: dict[int, float] = {}
        self._use(range(ATTENDEES), range(ENDPOINTS))
        self._policy = self._make_policy()

    @property
    def minute(self) -> float:
        """Minutes since all runs."""
        return (self.bench.clock.now() - self._zero) / 60

    @minute.setter
    def minute(self, minute: float) -> None:
        self.bench.step(max(0.0, (minute - self.minute) * 60))
        # Environments say every five minutes that they are there.
        self._say(range(ATTENDEES))

    def use_all_but_a_tenth(self) -> None:
        """Let people use what they have, every tenth of it left out."""
        self._use(
            [number for number in range(ATTENDEES) if number % 10],
            [number for number in range(ENDPOINTS) if number % 10],
        )

    def slow_down(self, seconds: float) -> None:
        """Let every call take longer by so many seconds."""
        self.bench.world.faults.set(parse([{"fault": "latency", "seconds": seconds}]))

    def run(self) -> Report:
        """One whole run of the guard. What AWS takes to stop things passes at once."""
        table = Table(self.wire, self._policy)
        now = datetime.fromtimestamp(self.bench.clock.now(), UTC)
        plan = make_plan(self._policy, ACCOUNT, table.read(), self.wire, now)
        means = Means(
            self.wire,
            table,
            self._topic,
            self.log.append,
            now=self.bench.clock.now,
            sleep=self.bench.step,
        )
        return execute(plan, means)

    # -- what there is ---------------------------------------------------------------

    def _prepare(self) -> None:
        where = {"LocationConstraint": REGION}
        self.wire("s3", REGION).create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=where)
        keys = (("pk", "HASH"), ("sk", "RANGE"))
        self.wire("dynamodb", REGION).create_table(
            TableName=names.ledger_name(WORKSHOP),
            KeySchema=[{"AttributeName": name, "KeyType": how} for name, how in keys],
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        topic = self.wire("sns", REGION).create_topic(Name=names.notices_name(WORKSHOP))
        self._topic: str = topic["TopicArn"]

    def _make_environments(self) -> None:
        call = self.bench.call
        domain = self.bench.domain()
        own = [(who, names.environment_name(WORKSHOP, who)) for who in self._attendees]
        for _, name in own:
            call("CreateUserProfile", DomainId=domain, UserProfileName=name)
        self.bench.step(60)
        for _, name in own:
            call(
                "CreateSpace",
                DomainId=domain,
                SpaceName=name,
                OwnershipSettings={"OwnerUserProfileName": name},
                SpaceSharingSettings={"SharingType": "Private"},
                SpaceSettings={
                    "AppType": "JupyterLab",
                    "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 5}},
                },
            )
        self.bench.step(60)
        for _, name in own:
            self.bench.app(domain, name)
        for number in range(NOTEBOOKS):
            who = self._attendees[number]
            self.bench.notebook(names.environment_name(WORKSHOP, who), Tags=_tags(who))

    def _make_endpoints(self) -> None:
        """Every other one has two variants."""
        for number in range(ENDPOINTS):
            name = self._endpoint(number)
            who = self._owner(number)
            self.bench.model(name)
            variants = [
                {
                    "VariantName": variant,
                    "ModelName": name,
                    "InstanceType": _TYPE,
                    "InitialInstanceCount": 1,
                }
                for variant in _variants(number)
            ]
            self.bench.call(
                "CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=variants
            )
            self.bench.call(
                "CreateEndpoint", EndpointName=name, EndpointConfigName=name, Tags=_tags(who)
            )
            shown = [{"VariantName": v, "CurrentWeight": 1.0} for v in _variants(number)]
            fields = {"servers": {}, "ProductionVariants": shown}
            self.bench.found("endpoint", name).activity = Ended(Outcome("InService", fields=fields))

    def _make_jobs(self) -> None:
        model = self.bench.model("ml101-a000-batch")
        resources = {"InstanceType": _JOB_TYPE, "InstanceCount": 1}
        for number in range(TRAINING_JOBS):
            who = self._owner(number)
            name = self.bench.training_job(
                f"{WORKSHOP}-{who}-train-{number}",
                ResourceConfig={**resources, "VolumeSizeInGB": 5},
                Tags=_tags(who),
            )
            self._set_going("training-job", name, "TrainingStartTime", number)
        for number in range(TRANSFORM_JOBS):
            who = self._owner(number)
            name = self.bench.transform_job(
                model,
                f"{WORKSHOP}-{who}-batch-{number}",
                TransformResources=resources,
                Tags=_tags(who),
            )
            self._set_going("transform-job", name, "TransformStartTime", number)

    def _set_going(self, kind: str, name: str, field: str, number: int) -> None:
        """Let a job run without a program behind it."""
        job = self.bench.found(kind, name)
        job.transition = None
        aged = 0.0 if number % 10 else _AGED_SECONDS
        job.fields[field] = self.bench.clock.now() - aged

    # -- what is used ----------------------------------------------------------------

    def _use(self, people: Iterable[int], endpoints: Iterable[int]) -> None:
        now = self.bench.clock.now()
        for number in people:
            self._used[number] = now
        self._say(people)
        for number in endpoints:
            of_endpoint = {"EndpointName": self._endpoint(number), "VariantName": "v0"}
            surroundings.count_invocation(REGION, of_endpoint, now, {"Invocations": (1.0, "None")})

    def _say(self, people: Iterable[int]) -> None:
        for number in people:
            who, latest = self._attendees[number], _text(self._used[number])
            said = {"at": _text(self.bench.clock.now()), "latest": latest, "verdict": "active"}
            s3_backends[ACCOUNT]["aws"].put_object(
                _BUCKET, names.activity_key(who), json.dumps(said).encode()
            )

    def _owner(self, number: int) -> str:
        return self._attendees[number % ATTENDEES]

    def _endpoint(self, number: int) -> str:
        return f"{WORKSHOP}-{self._owner(number)}-live-{number}"

    def _make_policy(self) -> GuardPolicy:
        hour = timedelta(hours=1)
        return GuardPolicy(
            workshop=WORKSHOP,
            region=REGION,
            regions=(REGION,),
            ends=datetime.fromtimestamp(self._zero, UTC) + 24 * hour,
            grace=hour,
            after_end="stop",
            workspace_idle=hour,
            endpoint_idle=hour,
            job_age=_JOB_AGE,
            unseen_age=12 * hour,
            instances=1,
            allowed={"training": (_JOB_TYPE,), "transform": (_JOB_TYPE,), "endpoint": (_TYPE,)},
        )


def _variants(number: int) -> list[str]:
    return ["v0", "v1"][: 1 + number % 2]


def _tags(attendee: str) -> list[dict[str, str]]:
    return [{"Key": k, "Value": v} for k, v in names.tags(WORKSHOP, attendee).items()]


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@contextmanager
def big_class() -> Iterator[BigClass]:
    """The class, whose calls take LATENCY_SECONDS longer once it is there."""
    with TemporaryDirectory() as name:
        held = BigClass(Path(name))
        try:
            held.slow_down(LATENCY_SECONDS)
            yield held
        finally:
            held.bench.world.close()

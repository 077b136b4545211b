"""Accounts with quotas that bind, and classes that fill them: what the model of capacity says
is held against what the local AWS admits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from hypothesis import strategies as st

from modules.declarations import Expected, Module, Need
from quotas import catalog
from quotas.fit import RegionFit
from rehearsal.clock import SteppedClock
from rehearsal.errors import ApiError
from rehearsal.front import Front
from rehearsal.inprocess import answer_in_process, run
from rehearsal.machine import Machine
from rehearsal.quotas.applied import AppliedQuotas
from rehearsal.sagemaker.resource import Outcome
from rehearsal.world import World
from tests.factories import make_attendee, make_workshop
from tests.unit.rehearsal.bench import (
    ENDPOINT_SECONDS,
    IMAGE_NOBODY_HAS,
    NOWHERE,
    REGION,
    ROLE,
    Ended,
    EndlessActivity,
    default_network,
)
from workshop import names, volumes
from workshop.cli.quota_survey import survey
from workshop.model import JOB_USES, Environment, JobUse, Workshop

TYPES = ("ml.m5.large", "ml.m5.xlarge")
MOST = 6
_ENVIRONMENTS: list[tuple[Environment, ...]] = [
    ("studio",),
    ("notebook",),
    ("studio", "notebook"),
]
_PER_JOB = tuple(catalog.PER_JOB.values())
_PER_PERSON = (catalog.USER_PROFILES, catalog.NOTEBOOK_INSTANCES)


@dataclass(frozen=True, slots=True)
class Case:
    """An account's quotas, a workshop's modules in their slots, and what others use."""

    quotas: Mapping[str, float]
    needs: Mapping[str, tuple[Need, ...]]
    slots: tuple[tuple[str, ...], ...]
    environments: tuple[Environment, ...]  # attendees take turns
    others: int  # so many people use something already

    def modules(self) -> list[Module]:
        return [
            Module(name, name, "things", 30, needs, Expected("x", 1), Path(), Path())
            for name, needs in self.needs.items()
        ]

    def workshop(self, people: int) -> Workshop:
        turns = self.environments
        return make_workshop(
            [make_attendee(f"a{n:03}", turns[n % len(turns)], REGION) for n in range(people)],
            modules=tuple(self.needs),
            schedule=self.slots,
        )


def _codes() -> list[str]:
    """The quotas that bind such a workshop, save those of single jobs."""
    typed = [catalog.type_quota(use, name).code for use in JOB_USES for name in TYPES]
    rooms = [catalog.type_quota(use, "ml.t3.medium").code for use in ("studio", "notebook")]
    totals = [*catalog.TOTALS.values(), catalog.SPACES, catalog.RUNNING_APPS]
    return [*typed, *rooms, *totals]


_NEED = st.builds(Need, st.sampled_from(JOB_USES), st.sampled_from(TYPES), st.integers(1, 3))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any account and any workshop, small enough that somebody is refused soon."""
    # Now and then nobody fits; mostly a few do.
    tight = st.one_of(st.integers(0, 3), st.integers(4, 24), st.integers(4, 24)).map(float)
    quotas = draw(st.dictionaries(st.sampled_from(_codes()), tight, max_size=12))
    quotas |= {code: float(draw(st.sampled_from([0, 3, 4, 5, MOST]))) for code in _PER_PERSON}
    quotas[catalog.SPACES_GB] = float(draw(st.integers(9, MOST * volumes.SPACE_GB + 10)))
    quotas[catalog.NOTEBOOKS_GB] = float(draw(st.integers(9, MOST * volumes.NOTEBOOK_GB + 20)))
    quotas[catalog.DOMAINS] = float(draw(st.sampled_from([0, 1, 1, 1, 2, 2])))
    quotas |= {code: float(draw(st.sampled_from([1, 3, 3, 4]))) for code in _PER_JOB}
    needs = st.lists(
        _NEED, min_size=1, max_size=3, unique_by=lambda need: (need.use, need.instance_type)
    )
    modules = {name: tuple(draw(needs)) for name in draw(st.sampled_from(["x", "xy", "xyz"]))}
    slots: list[tuple[str, ...]] = []
    for name in modules:  # each in a slot of its own, or in the last one
        if draw(st.booleans()) and slots:
            slots[-1] = (*slots[-1], name)
        else:
            slots.append((name,))
    environments = draw(st.sampled_from(_ENVIRONMENTS))
    return Case(quotas, modules, tuple(slots), environments, draw(st.integers(0, 2)))


class Clients:
    """boto3 clients that reach whichever account is connected, in this process. What moto
    holds stays: the network that every account has is all that is used of it."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._front: Front | None = None

    def connect(self, account: Account) -> None:
        """Let the clients reach this account from now on."""
        self._front = Front(account.world)

    def __call__(self, service: str, region: str) -> Any:
        if service not in self._clients:
            session = boto3.Session("local", "local", region_name=region)
            client = session.client(service, endpoint_url=NOWHERE)
            answer_in_process(client, lambda environ: run(self._front, environ))
            self._clients[service] = client
        return self._clients[service]


class Account:
    """A local AWS with the case's quotas, in which others use something already."""

    def __init__(self, case: Case, directory: Path) -> None:
        self.case = case
        self.clock = SteppedClock()
        self.machine = Machine(directory, NOWHERE)
        quotas = AppliedQuotas(values={"*": case.quotas}, raised_to=1000.0)
        self.world = World(self.clock, self.machine, quotas=quotas)

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_: object) -> None:
        self.world.close()
        self.machine.close()

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.world.sagemaker.call(operation, params, REGION)
        return answer

    def use_by_others(self) -> None:
        """What others have running, as far as the quotas let them."""
        for number in range(self.case.others):
            try:
                self._notebook(f"team-{number}")
                for need in (Need("training", TYPES[0], 1), Need("endpoint", TYPES[1], 1)):
                    self._start(f"team-{number}", need)
                    # The second one's has failed: it is there, and holds nothing.
                    runs = need.use == "training" or not number
                    activity = EndlessActivity() if runs else Ended(Outcome("Failed"))
                    self._become(need.use, f"team-{number}", activity)
                self._let_end()
            except ApiError as error:
                assert error.code == "ResourceLimitExceeded"  # noqa: PT017 - they take no more

    def judge(self, clients: Any, people: int) -> RegionFit:
        """What `workshop check` says of so many people."""
        workshop = self.case.workshop(people)
        read = survey(
            workshop, self.case.modules(), [REGION], clients, lambda: 0.0, lambda _seconds: None
        )
        assert not read[0].unread
        return read[0].judge()

    def rehearse(self, people: int) -> str:
        """Make all that a class needs, slot by slot; returns the refusal, or "" without one."""
        workshop = self.case.workshop(people)
        try:
            self._environments(workshop)
            for slot in self.case.slots:
                self._slot(workshop, slot)
        except ApiError as error:
            assert error.code == "ResourceLimitExceeded", error  # noqa: PT017 - told to the test
            return error.message
        return ""

    def _environments(self, workshop: Workshop) -> None:
        domain = ""
        for attendee in workshop.attendees:
            name = f"{workshop.name}-{attendee.id}"
            if attendee.environment == "notebook":
                self._notebook(name)
                continue
            domain = domain or self._domain(workshop)
            self.call("CreateUserProfile", DomainId=domain, UserProfileName=name)
        self.clock.step(60.0)
        self.world.tick()
        for attendee in workshop.attendees:
            if attendee.environment == "studio":
                self._room(domain, f"{workshop.name}-{attendee.id}")

    def _domain(self, workshop: Workshop) -> str:
        answer = self.call(
            "CreateDomain",
            DomainName=names.domain_name(workshop.name),
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": ROLE},
            **default_network(),
        )
        self.clock.step(600.0)
        self.world.tick()
        domain: str = answer["DomainId"]
        return domain

    def _room(self, domain: str, name: str) -> None:
        storage = {"EbsStorageSettings": {"EbsVolumeSizeInGb": volumes.SPACE_GB}}
        self.call(
            "CreateSpace",
            DomainId=domain,
            SpaceName=name,
            OwnershipSettings={"OwnerUserProfileName": name},
            SpaceSharingSettings={"SharingType": "Private"},
            SpaceSettings={"AppType": "JupyterLab", "SpaceStorageSettings": storage},
        )
        self.clock.step(60.0)
        self.world.tick()
        self.call(
            "CreateApp",
            DomainId=domain,
            SpaceName=name,
            AppType="JupyterLab",
            AppName="default",
            ResourceSpec={"InstanceType": "ml.t3.medium"},
        )

    def _notebook(self, name: str) -> None:
        self.call(
            "CreateNotebookInstance",
            NotebookInstanceName=name,
            InstanceType="ml.t3.medium",
            RoleArn=ROLE,
            VolumeSizeInGB=volumes.NOTEBOOK_GB,
        )

    def _slot(self, workshop: Workshop, modules: Sequence[str]) -> None:
        started: list[tuple[JobUse, str]] = []
        for attendee in workshop.attendees:
            for module in modules:
                for number, need in enumerate(self.case.needs[module]):
                    name = f"{workshop.name}-{attendee.id}-{module}-{number}"
                    self._start(name, need)
                    started.append((need.use, name))
        for use, name in started:
            self._become(use, name, Ended(Outcome("Failed")))
        self._let_end()

    def _start(self, name: str, need: Need) -> None:
        resources = {"InstanceType": need.instance_type, "InstanceCount": need.count}
        disk = {**resources, "VolumeSizeInGB": 5}
        image = {"TrainingImage": IMAGE_NOBODY_HAS, "TrainingInputMode": "File"}
        if need.use == "training":
            self.call(
                "CreateTrainingJob",
                TrainingJobName=name,
                RoleArn=ROLE,
                AlgorithmSpecification=image,
                OutputDataConfig={"S3OutputPath": "s3://bucket/out"},
                ResourceConfig=disk,
                StoppingCondition={"MaxRuntimeInSeconds": 600},
            )
        elif need.use == "processing":
            self.call(
                "CreateProcessingJob",
                ProcessingJobName=name,
                RoleArn=ROLE,
                AppSpecification={"ImageUri": IMAGE_NOBODY_HAS},
                ProcessingResources={"ClusterConfig": disk},
            )
        elif need.use == "transform":
            self._model(name)
            source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}
            self.call(
                "CreateTransformJob",
                TransformJobName=name,
                ModelName=name,
                TransformInput={"DataSource": source},
                TransformOutput={"S3OutputPath": "s3://bucket/out"},
                TransformResources=resources,
            )
        else:
            self._model(name)
            variant = {
                "VariantName": "AllTraffic",
                "ModelName": name,
                "InstanceType": need.instance_type,
                "InitialInstanceCount": need.count,
            }
            self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])
            self.call("CreateEndpoint", EndpointName=name, EndpointConfigName=name)

    def _model(self, name: str) -> None:
        container = {"Image": IMAGE_NOBODY_HAS}
        self.call("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)

    def _let_end(self) -> None:
        """Whatever has ended shows it: an endpoint after a while."""
        self.clock.step(ENDPOINT_SECONDS)
        self.world.tick()

    def _become(self, use: JobUse, name: str, activity: EndlessActivity | Ended) -> None:
        """Let a job or endpoint run until it is told to end, or end now."""
        kind = "endpoint" if use == "endpoint" else f"{use}-job"
        resource = self.world.sagemaker.need(kind, REGION, name)
        resource.transition = None
        resource.activity = activity
        self.world.sagemaker.watch(resource)

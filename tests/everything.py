"""One of everything that a workshop can leave behind, made over the API of a local AWS.

For tests that clean all of it up: every kind of SageMaker's, jobs still running, and what
SageMaker leaves in other services.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.kinds import BY_NAME, KINDS
from tests.sagemaker_requests import BEFORE, MODEL, Requests, role_of

Clients = Callable[[str, str], Any]
Wait = Callable[[float], object]

# Work that goes on until it is stopped or fails: made last, so that it is under way.
RUNNING = (
    "training-job",
    "processing-job",
    "transform-job",
    "pipeline-execution",
    *(kind.name for kind in KINDS if kind.fails and kind.name != "pipeline-execution"),
)
# What one look waits for, in seconds of AWS's time, and how many looks are enough: an MLflow
# server takes 25 minutes.
_LOOK_SECONDS, _LOOKS = 60.0, 600
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def make_one_of_every_kind(
    clients: Clients,
    prefix: str,
    region: str,
    *,
    wait: Wait,
    tags: Mapping[str, str] | None = None,
) -> dict[str, dict[str, str]]:
    """Make it all, named `prefix` (as in ml101-ann) or beginning with it.

    `wait` lets seconds of AWS's time pass. Answers what identifies each resource, by kind;
    what there is two of has a name of its own beside the kind's: canvas-app, memory-group.
    """
    maker = _Maker(clients, prefix, region, wait, tags or {})
    maker.make_role()
    for kind in KINDS:
        if kind.name not in RUNNING:
            maker.make(kind.name)
    maker.make_canvas_app()
    maker.make_memory_group()
    maker.make_elsewhere()
    for name in RUNNING:
        maker.make(name)
    return maker.made


def make_warm_pool(
    clients: Clients, prefix: str, region: str, *, bucket: str, seconds: int, wait: Wait
) -> str:
    """Run a training job that ends well and leaves a warm pool for so many seconds of AWS's
    time; answers its name. It trains for real: only a local AWS with a port can do that."""
    rows = "".join(f"{number % 2},{number % 2}.{number},1\n" for number in range(20))
    clients("s3", region).put_object(Bucket=bucket, Key=f"{prefix}/pool/a.csv", Body=rows.encode())
    name = f"{prefix}-pool"
    sagemaker = clients("sagemaker", region)
    place = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{prefix}/pool/"}
    channel = {
        "ChannelName": "train",
        "ContentType": "text/csv",
        "DataSource": {"S3DataSource": place},
    }
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=role_of(prefix),
        AlgorithmSpecification={
            "TrainingImage": f"123456789012.dkr.ecr.{region}.amazonaws.com/sagemaker-xgboost:1.7-1",
            "TrainingInputMode": "File",
        },
        HyperParameters={"objective": "binary:logistic", "num_round": "2"},
        InputDataConfig=[channel],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{prefix}/out/"},
        ResourceConfig={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
            "KeepAlivePeriodInSeconds": seconds,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    for _ in range(_LOOKS):
        job = sagemaker.describe_training_job(TrainingJobName=name)
        if job["TrainingJobStatus"] != "InProgress":
            assert job.get("WarmPoolStatus", {}).get("Status") == "Available", job
            return name
        wait(_LOOK_SECONDS)
    raise AssertionError(f"{name} does not end")


class _Maker:
    """Makes each kind once, after what it needs."""

    def __init__(
        self, clients: Clients, prefix: str, region: str, wait: Wait, tags: Mapping[str, str]
    ) -> None:
        self._clients = clients
        self._prefix = prefix
        self._region = region
        self._wait = wait
        self._tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._requests = Requests(prefix, region)
        self._arns: dict[str, str] = {}
        self.made: dict[str, dict[str, str]] = {}

    def make_role(self) -> None:
        # A cluster whose role is gone stays in Deleting for ever.
        with contextlib.suppress(self._iam.exceptions.EntityAlreadyExistsException):
            self._iam.create_role(
                RoleName=self._prefix, AssumeRolePolicyDocument=json.dumps(_TRUST)
            )

    def make(self, name: str) -> None:
        if name in self.made:
            return
        kind = BY_NAME[name]
        for need in (*BEFORE.get(name, ()), *(n.kind for n in kind.needs)):
            self.make(need)
        self._create(name, kind, self._requests.request(kind, **self._more(kind)))

    def make_canvas_app(self) -> None:
        app = {
            "DomainId": self.made["domain"]["DomainId"],
            "UserProfileName": self._prefix,
            "AppType": "Canvas",
            "AppName": "default",
        }
        self._create("canvas-app", BY_NAME["app"], app)

    def make_memory_group(self) -> None:
        kind = BY_NAME["feature-group"]
        store = {"EnableOnlineStore": True, "StorageType": "InMemory"}
        request = self._requests.request(
            kind, FeatureGroupName=f"{self._prefix}-memory", OnlineStoreConfig=store
        )
        self._create("memory-group", kind, request)

    def make_elsewhere(self) -> None:
        """What no kind of SageMaker's is: targets that scale, and a repository."""
        scaling = self._clients("application-autoscaling", self._region)
        for resource, dimension in (
            (f"endpoint/{self._prefix}/variant/AllTraffic", "variant:DesiredInstanceCount"),
            (f"inference-component/{self._prefix}", "inference-component:DesiredCopyCount"),
        ):
            scaling.register_scalable_target(
                ServiceNamespace="sagemaker",
                ResourceId=resource,
                ScalableDimension=f"sagemaker:{dimension}",
                MinCapacity=1,
                MaxCapacity=2,
            )
        ecr = self._clients("ecr", self._region)
        ecr.create_repository(repositoryName=self._prefix, tags=self._tags)

    @property
    def _sagemaker(self) -> Any:
        return self._clients("sagemaker", self._region)

    @property
    def _iam(self) -> Any:
        return self._clients("iam", self._region)

    def _more(self, kind: Kind) -> dict[str, Any]:
        """What a request has to say of the account it is made in."""
        more: dict[str, Any] = {}
        if kind.name in ("user-profile", "space", "app"):
            more["DomainId"] = self.made["domain"]["DomainId"]
        if kind.name == "domain":
            more |= self._network()
        if kind.name in ("cluster-scheduler-config", "compute-quota"):
            more["ClusterArn"] = self._arns["cluster"]
        if kind.name == "partner-app":
            # Letters and digits only (CreatePartnerApp, Name): no name can begin with a prefix.
            more["Name"] = self._prefix.replace("-", "")
        if kind.name == "endpoint-config":
            # Without a model it is in service without a container, as AWS has it for
            # inference components.
            more["ExecutionRoleArn"] = role_of(self._prefix)
            variant = self._requests.replaced["endpoint-config"]["ProductionVariants"][0]
            more["ProductionVariants"] = [
                {name: value for name, value in variant.items() if name != "ModelName"}
            ]
        return more

    def _network(self) -> dict[str, Any]:
        """The VPC that every account has, and one of its subnets."""
        ec2 = self._clients("ec2", self._region)
        vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        vpc = vpcs[0]["VpcId"]
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        return {"VpcId": vpc, "SubnetIds": [subnets[0]["SubnetId"]]}

    def _create(self, name: str, kind: Kind, request: dict[str, Any]) -> None:
        shape = MODEL.operation_model(f"{kind.verb}{kind.noun}").input_shape
        assert shape is not None
        if self._tags and "Tags" in shape.members:
            request["Tags"] = self._tags
        answer = self._call(f"{kind.verb}{kind.noun}", request)
        self._arns[name] = answer.get(kind.arn_name) or answer[f"{kind.noun}Arn"]
        known = {**request, **answer, kind.arn_name: self._arns[name]}
        if kind.by_arn:  # a version of a package has no name of its own
            known.setdefault(kind.id_fields[-1], self._arns[name])
        ids = {field: known[field] for field in kind.id_fields if field in known}
        self.made[name] = ids
        if name not in RUNNING and kind.status_field:
            self._settle(kind, ids)

    def _settle(self, kind: Kind, ids: dict[str, str]) -> None:
        """Wait until a resource is no longer being made."""
        passing = {kind.creating} - {kind.ready}
        for _ in range(_LOOKS):
            shown = self._call(f"Describe{kind.noun}", ids)
            fields = shown.get(kind.noun, shown)  # a workforce is wrapped in its noun
            if fields[kind.status_field] not in passing:
                return
            self._wait(_LOOK_SECONDS)
        raise AssertionError(f"{kind.name} {ids} stays {kind.creating}")

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._sagemaker, xform_name(operation))(**request)
        except ClientError as error:
            raise AssertionError(f"{operation} {request}: {error}") from error
        return answer

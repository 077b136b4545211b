"""A local AWS in this process, on a clock that the test moves. Nothing listens anywhere."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest
from moto.ec2.models import ec2_backends

from rehearsal.account import ACCOUNT
from rehearsal.checks import answer_problem, error_problem
from rehearsal.clock import SteppedClock
from rehearsal.errors import ApiError
from rehearsal.machine import Machine
from rehearsal.sagemaker.resource import Outcome, Resource
from rehearsal.world import World, service_model

REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml101-ann"
IMAGE_NOBODY_HAS = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/nobody:1"
# The discard port: whoever calls it in a unit test is told at once that nobody is there.
NOWHERE = "http://127.0.0.1:9"
LONG_ENOUGH = 24 * 3600.0
# What an endpoint takes at least.
ENDPOINT_SECONDS = 120.0
_PATIENCE_SECONDS = 30.0


class Ended:
    """An activity that has ended already."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def poll(self) -> Outcome | None:
        return self._outcome

    def stop(self) -> None: ...


class EndlessActivity:
    """An activity that ends only when told to."""

    def __init__(self) -> None:
        self.stopped = False

    def poll(self) -> Outcome | None:
        return Outcome("Stopped") if self.stopped else None

    def stop(self) -> None:
        self.stopped = True


class StandInServer:
    """Stands for a container that serves."""

    def __init__(self) -> None:
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class Bench:
    """Calls operations; every answer is checked against botocore's output shape."""

    def __init__(self, directory: Path) -> None:
        self.clock = SteppedClock()
        self.machine = Machine(directory, NOWHERE)
        self.world = World(self.clock, self.machine)
        self.plane = self.world.sagemaker
        self.called: set[str] = set()

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        answer = self.plane.call(operation, params, REGION)
        assert not answer_problem(service_model("sagemaker"), operation, answer)
        self.called.add(operation)
        return answer

    def refusal(self, operation: str, **params: Any) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.plane.call(operation, params, REGION)
        assert not error_problem(service_model("sagemaker"), operation, caught.value)
        return caught.value

    def step(self, seconds: float = 0.0) -> None:
        self.clock.step(seconds)
        self.world.tick()

    def settle(self) -> None:
        """Wait for the work on threads to end (what runs there takes milliseconds)."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while any(resource.activity is not None for resource in self.plane.every()):
            assert time.monotonic() < deadline, "the work on threads does not end"
            time.sleep(0.002)
            self.world.tick()

    def found(self, kind: str, *key: str | None) -> Resource:
        return self.plane.need(kind, REGION, *key)

    # -- what tests need to have -----------------------------------------------------

    def network(self) -> dict[str, Any]:
        """A network for a domain: the one every account has."""
        return default_network()

    def domain(self, name: str = "ml101-shared") -> str:
        answer = self.call(
            "CreateDomain",
            DomainName=name,
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": ROLE},
            **self.network(),
        )
        self.step(180)
        domain_id: str = answer["DomainId"]
        return domain_id

    def profile(self, domain: str, name: str = "ml101-ann") -> str:
        self.call("CreateUserProfile", DomainId=domain, UserProfileName=name)
        self.step(20)
        return name

    def space(self, domain: str, name: str = "ml101-ann", owner: str = "ml101-ann") -> str:
        self.call(
            "CreateSpace",
            DomainId=domain,
            SpaceName=name,
            OwnershipSettings={"OwnerUserProfileName": owner},
            SpaceSharingSettings={"SharingType": "Private"},
            SpaceSettings={"AppType": "JupyterLab"},
        )
        self.step(10)
        return name

    def app(self, domain: str, space: str = "ml101-ann", **more: Any) -> dict[str, str]:
        app = {
            "DomainId": domain,
            "SpaceName": space,
            "AppType": "JupyterLab",
            "AppName": "default",
        }
        self.call("CreateApp", **app, **more)
        return app

    def studio(self) -> str:
        """A domain with ann's profile and space."""
        domain = self.domain()
        self.profile(domain)
        self.space(domain)
        return domain

    def notebook(self, name: str = "ml101-ann", **more: Any) -> str:
        self.call(
            "CreateNotebookInstance",
            NotebookInstanceName=name,
            InstanceType="ml.t3.medium",
            RoleArn=ROLE,
            **more,
        )
        return name

    def model(self, name: str = "ml101-ann-model") -> str:
        self.call(
            "CreateModel",
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE_NOBODY_HAS},
        )
        return name

    def endpoint_config(self, name: str, model: str) -> str:
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])
        return name

    def endpoint(self, name: str = "ml101-ann-live") -> tuple[str, StandInServer]:
        """An endpoint in service, and what stands for its container."""
        self.endpoint_config(name, self.model(name))
        self.call("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
        return name, self.put_in_service(name)

    def put_in_service(self, name: str, kind: str = "endpoint") -> StandInServer:
        """Let what goes on with an endpoint, or a component of one, end well."""
        server = self.serve(name, kind)
        self.step()
        self.step(ENDPOINT_SECONDS)
        return server

    def serve(self, name: str, kind: str = "endpoint") -> StandInServer:
        """The same, as far as it can be done while time stands still."""
        server = StandInServer()
        shown = {"VariantName": "AllTraffic", "CurrentWeight": 1.0}
        self.found(kind, name).activity = Ended(
            Outcome(
                "InService",
                fields={"servers": {"AllTraffic": server}, "ProductionVariants": [shown]},
            )
        )
        return server

    def training_job(self, name: str = "ml101-ann-train", **more: Any) -> str:
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE_NOBODY_HAS,
                "TrainingInputMode": "File",
            },
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        self.call("CreateTrainingJob", **{**request, **more})
        return name

    def processing_job(self, name: str = "ml101-ann-process") -> str:
        self.call(
            "CreateProcessingJob",
            ProcessingJobName=name,
            RoleArn=ROLE,
            AppSpecification={"ImageUri": IMAGE_NOBODY_HAS},
            ProcessingResources={
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "VolumeSizeInGB": 5,
                }
            },
        )
        return name

    def transform_job(self, model: str, name: str = "ml101-ann-batch", **more: Any) -> str:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}
        request: dict[str, Any] = {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {"DataSource": source},
            "TransformOutput": {"S3OutputPath": "s3://bucket/out"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        self.call("CreateTransformJob", **{**request, **more})
        return name


def default_network() -> dict[str, Any]:
    """The VPC that every account has, and one of its subnets."""
    ec2 = ec2_backends[ACCOUNT][REGION]
    subnet = next(iter(ec2.get_default_subnets().values()))
    return {"VpcId": subnet.vpc_id, "SubnetIds": [subnet.id]}


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

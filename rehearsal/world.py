"""The local AWS's state: SageMaker and CloudFormation over one clock, moto beside them."""

from __future__ import annotations

import threading
from collections import Counter
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel

from rehearsal.account import ACCOUNT
from rehearsal.clock import Clock
from rehearsal.cloudformation import custom, functions, moto, over_api
from rehearsal.cloudformation.custom import CustomResources
from rehearsal.cloudformation.functions import FunctionHandler
from rehearsal.cloudformation.handlers import (
    BucketPolicyHandler,
    Handler,
    NothingHandler,
    UnsupportedHandler,
)
from rehearsal.cloudformation.over_api import ApiHandler
from rehearsal.cloudformation.sagemaker import SageMakerHandler
from rehearsal.cloudformation.sagemaker_types import TYPES
from rehearsal.cloudformation.service import CloudFormation
from rehearsal.codebuild.service import CodeBuild
from rehearsal.faults.faults import Faults
from rehearsal.functions.front import FunctionsFront
from rehearsal.inprocess import InProcess
from rehearsal.machine import Machine
from rehearsal.needs import Needs
from rehearsal.quotas.applied import AppliedQuotas, raised
from rehearsal.quotas.limits import Limits
from rehearsal.quotas.requests import AccountQuotas
from rehearsal.quotas.service import ServiceQuotas
from rehearsal.sagemaker import catalog
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.schedules.firing import Schedules
from rehearsal.schedules.service import SchedulerService


@lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@lru_cache(maxsize=8)
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service: the authority on operations, fields and limits."""
    return _session().get_service_model(service)


class World:
    """Everything behind the endpoint. Hold `lock` around every use."""

    def __init__(
        self,
        clock: Clock,
        machine: Machine,
        *,
        quotas: AppliedQuotas | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.clock = clock
        self.faults = faults or Faults()
        self.machine = machine
        self.lock = threading.RLock()
        # (access key, service, operation) -> calls
        self.calls: Counter[tuple[str, str, str]] = Counter()
        model = service_model("sagemaker")
        # Their locks are their own: functions run while the world's is held, and not.
        self.functions = FunctionsFront(machine, clock)
        self.schedules = Schedules(clock, self.functions.enqueue)
        self.services = {
            **self.functions.services,
            "scheduler": SchedulerService(service_model("scheduler")),
            "codebuild": CodeBuild(machine, clock),
        }
        clients = InProcess(self.services)
        self.sagemaker = ControlPlane(
            account=ACCOUNT,
            clock=clock,
            machine=machine,
            clients=clients,
            model=model,
            lock=self.lock,
            rules=catalog.RULES,
            operations=catalog.OPERATIONS,
        )
        self.sagemaker.sticks = self.faults.sticks
        self.sagemaker.lag = self.faults.lag
        self.sagemaker.returns = self.faults.returns
        account_quotas = AccountQuotas(clock, quotas or raised())
        self.needs = Needs(self.sagemaker, Limits(self.sagemaker, account_quotas.value))
        self.sagemaker.admit = self.needs
        self.service_quotas = ServiceQuotas(service_model("service-quotas"), clock, account_quotas)
        self.custom_resources = CustomResources(clock, machine.endpoint_url, self.functions.enqueue)
        handlers = _Handlers(self.sagemaker, model, self.custom_resources, clients)
        self.cloudformation = CloudFormation(
            account=ACCOUNT, clock=clock, clients=clients, handler_of=handlers.of
        )

    def tick(self) -> None:
        """Move everything whose time has come."""
        with self.lock:
            self.sagemaker.tick()
            self.cloudformation.tick()
        self.functions.tick()
        self.schedules.tick()

    def close(self) -> None:
        """Close the listeners, and take no more work; processes end with the machine."""
        self.functions.close()

    def statistics(self) -> dict[str, Any]:
        """Counts since the start: calls answered, things created and removed."""
        with self.lock:
            return {
                "api_calls": sum(self.calls.values()),
                "created": sum(self.sagemaker.created.values())
                + sum(self.cloudformation.created.values()),
                "removed": sum(self.sagemaker.removed.values())
                + sum(self.cloudformation.removed.values()),
            }

    def calls_by_key(self) -> dict[str, dict[str, int]]:
        """The calls answered since the start: access key -> "service:Operation" -> how many."""
        with self.lock:
            counted = sorted(self.calls.items())
        found: dict[str, dict[str, int]] = {}
        for (key, service, operation), count in counted:
            found.setdefault(key, {})[f"{service}:{operation}"] = count
        return found


class _Handlers:
    """Which handler makes a CloudFormation type."""

    def __init__(
        self,
        plane: ControlPlane,
        model: ServiceModel,
        custom_resources: CustomResources,
        clients: InProcess,
    ) -> None:
        self._sagemaker = SageMakerHandler(plane, model)
        self._moto = moto.MotoHandler()
        self._bucket_policy = BucketPolicyHandler(clients)
        self._custom = custom_resources
        self._function = FunctionHandler(clients)
        self._over_api = ApiHandler(clients)
        self._nothing = NothingHandler()
        self._unsupported = UnsupportedHandler()

    def of(self, resource_type: str) -> Handler:
        if resource_type in TYPES:
            return self._sagemaker
        if custom.is_custom(resource_type):
            return self._custom
        if resource_type == functions.TYPE:
            return self._function
        if resource_type in over_api.TYPES:
            return self._over_api
        if resource_type == "AWS::S3::BucketPolicy":
            return self._bucket_policy
        if resource_type == "AWS::CDK::Metadata":
            return self._nothing
        if resource_type.startswith("AWS::SageMaker::"):
            return self._unsupported  # moto's own SageMaker is never mixed with ours
        return self._moto if moto.is_supported(resource_type) else self._unsupported

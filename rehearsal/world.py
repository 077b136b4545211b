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
from rehearsal.cloudformation import moto
from rehearsal.cloudformation.handlers import (
    BucketPolicyHandler,
    Handler,
    NothingHandler,
    UnsupportedHandler,
)
from rehearsal.cloudformation.sagemaker import TYPES, SageMakerHandler
from rehearsal.cloudformation.service import CloudFormation
from rehearsal.machine import Machine
from rehearsal.sagemaker import catalog
from rehearsal.sagemaker.plane import ControlPlane


@lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@lru_cache(maxsize=8)
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service: the authority on operations, fields and limits."""
    return _session().get_service_model(service)


class World:
    """Everything behind the endpoint. Hold `lock` around every use."""

    def __init__(self, clock: Clock, machine: Machine) -> None:
        self.clock = clock
        self.machine = machine
        self.lock = threading.RLock()
        self.calls: Counter[str] = Counter()
        model = service_model("sagemaker")
        self.sagemaker = ControlPlane(
            account=ACCOUNT,
            clock=clock,
            machine=machine,
            model=model,
            lock=self.lock,
            rules=catalog.RULES,
            operations=catalog.OPERATIONS,
        )
        handlers = _Handlers(self.sagemaker, model, machine)
        self.cloudformation = CloudFormation(
            account=ACCOUNT, clock=clock, machine=machine, handler_of=handlers.of
        )

    def tick(self) -> None:
        """Move everything whose time has come."""
        with self.lock:
            self.sagemaker.tick()
            self.cloudformation.tick()

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


class _Handlers:
    """Which handler makes a CloudFormation type."""

    def __init__(self, plane: ControlPlane, model: ServiceModel, machine: Machine) -> None:
        self._sagemaker = SageMakerHandler(plane, model)
        self._moto = moto.MotoHandler()
        self._bucket_policy = BucketPolicyHandler(machine)
        self._nothing = NothingHandler()
        self._unsupported = UnsupportedHandler()

    def of(self, resource_type: str) -> Handler:
        if resource_type in TYPES:
            return self._sagemaker
        if resource_type == "AWS::S3::BucketPolicy":
            return self._bucket_policy
        if resource_type == "AWS::CDK::Metadata":
            return self._nothing
        if resource_type.startswith("AWS::SageMaker::"):
            return self._unsupported  # moto's own SageMaker is never mixed with ours
        return self._moto if moto.is_supported(resource_type) else self._unsupported

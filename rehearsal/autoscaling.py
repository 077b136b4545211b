"""Application Auto Scaling's scalable targets of SageMaker; moto answers all the rest.

moto knows no inference components, keeps the policies of a target that is gone, and its
pages of more than a hundred targets never end.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

from botocore.model import ServiceModel
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeScalableTarget,
    applicationautoscaling_backends,
)

from rehearsal.account import ACCOUNT
from rehearsal.clock import Clock
from rehearsal.errors import ApiError
from rehearsal.http import Request, Response, json_response
from rehearsal.validation import validate

_SAGEMAKER = "sagemaker"
# "The default value is 50" (DescribeScalableTargets, MaxResults).
_PAGE = 50
# "If the service supports service-linked roles, Application Auto Scaling uses a service-linked
# role" (RegisterScalableTarget, RoleARN).
_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.application-autoscaling."
    "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)

Params = dict[str, Any]
Operation = Callable[[ApplicationAutoscalingBackend, Params], Params]


class Autoscaling:
    """Scalable targets of SageMaker's variants and inference components.

    What a target scales need not exist: no page says that registering it is refused.
    """

    def __init__(self, model: ServiceModel, clock: Clock, lock: threading.RLock) -> None:
        self._model = model
        self._clock = clock
        self._lock = lock
        self._known: dict[str, Operation] = {
            "RegisterScalableTarget": self._register,
            "DescribeScalableTargets": _describe,
            "DeregisterScalableTarget": _deregister,
        }

    def answer(self, request: Request) -> Response | None:
        """The answer, or None for what moto is to answer. Raises ApiError."""
        call = self._known.get(request.operation)
        if call is None or request.json.get("ServiceNamespace") != _SAGEMAKER:
            return None
        params = {name: value for name, value in request.json.items() if value is not None}
        validate(self._model.operation_model(request.operation).input_shape, params)
        with self._lock:
            backend = applicationautoscaling_backends[ACCOUNT][request.region]
            return json_response(call(backend, params))

    def _register(self, backend: ApplicationAutoscalingBackend, params: Params) -> Params:
        dimension, resource = params["ScalableDimension"], params["ResourceId"]
        known = backend.targets.setdefault(dimension, {})
        lowest, highest = params.get("MinCapacity"), params.get("MaxCapacity")
        if resource in known:
            known[resource].update(lowest, highest, params.get("SuspendedState"))
            return {"ScalableTargetARN": known[resource].arn}
        # "This property is required when registering a new scalable target" (MinCapacity,
        # MaxCapacity). The wording is ours.
        if lowest is None or highest is None:
            raise ApiError("ValidationException", "MinCapacity and MaxCapacity are required.")
        role, suspended = params.get("RoleARN", _ROLE), params.get("SuspendedState", {})
        target = FakeScalableTarget(
            backend, _SAGEMAKER, resource, dimension, lowest, highest, role, suspended
        )
        target.creation_time = self._clock.now()
        known[resource] = target
        return {"ScalableTargetARN": target.arn}


def _describe(backend: ApplicationAutoscalingBackend, params: Params) -> Params:
    found = backend.describe_scalable_targets(
        _SAGEMAKER, params.get("ResourceIds"), params.get("ScalableDimension")
    )
    ordered = sorted(found, key=_key)
    after = _read_token(params.get("NextToken"))
    following = [target for target in ordered if _key(target) > after]
    size = params.get("MaxResults") or _PAGE
    answer: Params = {"ScalableTargets": [_shown(target) for target in following[:size]]}
    if len(following) > size:
        answer["NextToken"] = _write_token(_key(following[size - 1]))
    return answer


def _deregister(backend: ApplicationAutoscalingBackend, params: Params) -> Params:
    dimension, resource = params["ScalableDimension"], params["ResourceId"]
    if backend.targets.get(dimension, {}).pop(resource, None) is None:
        raise ApiError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {_SAGEMAKER}, resource ID: "
            f"{resource}, scalable dimension: {dimension}",
        )
    # "Deregistering a scalable target deletes the scaling policies and the scheduled actions
    # that are associated with it" (DeregisterScalableTarget).
    for key, policy in list(backend.policies.items()):
        if (policy.resource_id, policy.scalable_dimension) == (resource, dimension):
            del backend.policies[key]
    backend.scheduled_actions = [
        action
        for action in backend.scheduled_actions
        if (action.resource_id, action.scalable_dimension) != (resource, dimension)
    ]
    return {}


def _key(target: FakeScalableTarget) -> tuple[str, str]:
    return target.resource_id, target.scalable_dimension


def _shown(target: FakeScalableTarget) -> Params:
    return {
        "ServiceNamespace": target.service_namespace,
        "ResourceId": target.resource_id,
        "ScalableDimension": target.scalable_dimension,
        "MinCapacity": target.min_capacity,
        "MaxCapacity": target.max_capacity,
        "RoleARN": target.role_arn,
        "CreationTime": target.creation_time,
        "SuspendedState": target.suspended_state,
        "ScalableTargetARN": target.arn,
    }


def _write_token(key: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read_token(token: str | None) -> tuple[str, str]:
    if not token:
        return "", ""
    try:
        resource, dimension = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise ApiError("InvalidNextTokenException", "The next token is invalid.") from error
    return str(resource), str(dimension)

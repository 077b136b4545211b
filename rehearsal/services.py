"""The services that the local AWS answers itself; moto answers all others."""

from __future__ import annotations

import logging
import re
import uuid
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import unquote

from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer, SerializationContext
from moto.core.utils import get_service_model

from rehearsal.autoscaling import Autoscaling
from rehearsal.checks import Call, checked
from rehearsal.ec2 import Ec2
from rehearsal.errors import ApiError
from rehearsal.http import Request, Response, Service, json_response, xml_error
from rehearsal.iam import Iam
from rehearsal.pricing.service import Pricing
from rehearsal.sagemaker import runtime
from rehearsal.tagging import Tagging
from rehearsal.world import World, service_model

_log = logging.getLogger(__name__)

_INVOCATIONS = re.compile(r"/endpoints/([^/]+)/invocations")
_CLOUDFORMATION = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


def make_services(world: World, *, check_answers: bool = False) -> dict[str, Service]:
    """All of them, by the name that is in a signature's credential scope.

    With `check_answers`, what AWS could not have answered is an InternalFailure.
    """

    def json_service(model: str, call: Call, lock: AbstractContextManager[object]) -> JsonService:
        return JsonService(checked(service_model(model), call) if check_answers else call, lock)

    return {
        **world.services,
        "sagemaker": SageMaker(world, json_service("sagemaker", world.sagemaker.call, world.lock)),
        "application-autoscaling": Autoscaling(
            service_model("application-autoscaling"), world.clock, world.lock
        ),
        "cloudformation": CloudFormation(world),
        "ec2": Ec2(),
        "iam": Iam(),
        "servicequotas": json_service("service-quotas", world.service_quotas.call, world.lock),
        "pricing": json_service("pricing", Pricing(service_model("pricing")).call, nullcontext()),
        "tagging": json_service(
            "resourcegroupstaggingapi", Tagging(world.sagemaker).call, world.lock
        ),
    }


class JsonService:
    """A service with a JSON protocol of which we answer everything, `lock` held."""

    def __init__(self, call: Call, lock: AbstractContextManager[object]) -> None:
        self._call = call
        self._lock = lock

    def answer(self, request: Request) -> Response | None:
        params = request.json
        with self._lock:
            return json_response(self._call(request.operation, params, request.region))


class SageMaker:
    """The control plane, and InvokeEndpoint."""

    def __init__(self, world: World, control_plane: Service) -> None:
        self._world = world
        self._control_plane = control_plane

    def answer(self, request: Request) -> Response | None:
        invocation = _INVOCATIONS.fullmatch(request.path)
        if invocation:
            name = unquote(invocation[1])
            reply = runtime.invoke(self._world, request.region, name, request.environ, request.body)
            return Response(reply.status, reply.body, reply.headers)
        return self._control_plane.answer(request)


class CloudFormation:
    """Stacks, over the query protocol."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Response | None:
        values = request.form
        name = values.pop("Action", "")
        model = get_service_model("cloudformation")
        if name not in model.operation_names:
            return xml_error(ApiError("InvalidAction", f"No operation {name}"), _CLOUDFORMATION)
        operation = model.operation_model(name)
        serializer = QuerySerializer(operation, SerializationContext(str(uuid.uuid4())))
        try:
            params = QueryParser(operation).parse({"values": values})
            with self._world.lock:
                result = self._world.cloudformation.call(name, params, request.region)
            response = serializer.serialize(_without_none(result))
        except ApiError as error:
            return xml_error(error, _CLOUDFORMATION)
        except Exception:  # noqa: BLE001 - a defect of ours is AWS's InternalFailure, and is logged
            _log.exception("cloudformation %s", name)
            return xml_error(ApiError("InternalFailure", "Internal error", 500), _CLOUDFORMATION)
        headers = [("Content-Type", "text/xml")]
        return Response(response["status_code"], response["body"].encode(), headers)


def _without_none(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_none(v) for k, v in node.items() if v is not None}
    if isinstance(node, list):
        return [_without_none(item) for item in node]
    return node

"""Custom resources: the stack's own function makes them and answers at the ResponseURL.

"Custom resource request and response reference" (CloudFormation user guide). On AWS the URL
is a presigned one of S3; here it is one of the local AWS's own pages.
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from rehearsal.clock import Clock
from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed
from rehearsal.errors import ApiError
from rehearsal.functions.background import Enqueue

PAGE = "/_local/custom-resources/"
TYPE = "AWS::CloudFormation::CustomResource"

_LONGEST_SECONDS = 3600
_ANSWER_BYTES = 4096
_STATUSES = ("SUCCESS", "FAILED")


def is_custom(resource_type: str) -> bool:
    """Whether a type is a custom resource."""
    return resource_type == TYPE or resource_type.startswith("Custom::")


@dataclass(slots=True)
class _Asked:
    """A request that was sent; `deadline` on the clock, `problem` an answer that is none."""

    request_id: str
    deadline: float
    answer: dict[str, Any] | None = None
    problem: str = ""


@dataclass(slots=True)
class _State:
    """What a resource's requests have come to; `physical_id` as it is known so far."""

    asked: _Asked
    physical_id: str
    deletion: _Asked | None = None


class CustomResources(Handler):
    """Sends requests to functions and takes their answers. The caller holds the world's lock."""

    replaces = True

    def __init__(self, clock: Clock, endpoint_url: str, enqueue: Enqueue) -> None:
        self._clock = clock
        self._endpoint_url = endpoint_url
        self._enqueue = enqueue
        self._open: dict[str, _Asked] = {}

    def answer(self, token: str, body: bytes) -> bool:
        """Take what was PUT at a ResponseURL; False when nobody waits for it."""
        asked = self._open.pop(token, None)
        if asked is None:
            return False
        asked.answer, asked.problem = _read(body)
        return True

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        asked = self._ask("Create", place, resource_type, properties, {})
        unanswered = f"{place.stack_name}-{place.logical_id}-{secrets.token_hex(6).upper()}"
        return Made("", "", token=_State(asked, physical_id=unanswered))

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        state: _State = made.token
        answer = self._answer_of(state.asked)
        if answer is None:
            return None
        if answer.get("PhysicalResourceId"):
            state.physical_id = str(answer["PhysicalResourceId"])
        if answer["Status"] == "FAILED":
            raise ResourceFailed(_failed(answer, state.asked))
        if not answer.get("PhysicalResourceId"):
            raise ResourceFailed("Invalid PhysicalResourceId")
        attributes = answer.get("Data") or {}
        return Made(state.physical_id, state.physical_id, attributes, token=state)

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        if old.get("ServiceToken") != new.get("ServiceToken"):
            raise ResourceFailed("Modifying service token is not allowed.")
        physical_id = made.token.physical_id
        asked = self._ask(
            "Update",
            place,
            resource_type,
            new,
            {"PhysicalResourceId": physical_id, "OldResourceProperties": _as_text(old)},
        )
        return Made(made.physical_id, made.reference, made.attributes, _State(asked, physical_id))

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        state: _State = made.token
        more = {"PhysicalResourceId": state.physical_id}
        state.deletion = self._ask("Delete", place, resource_type, properties, more)

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        state: _State = made.token
        assert state.deletion is not None
        answer = self._answer_of(state.deletion)
        if answer is not None and answer["Status"] == "FAILED":
            raise ResourceFailed(_failed(answer, state.deletion))
        return answer is not None

    def _ask(
        self,
        request_type: str,
        place: Place,
        resource_type: str,
        properties: dict[str, Any],
        more: dict[str, Any],
    ) -> _Asked:
        token = properties.get("ServiceToken", "")
        if ":lambda:" not in token:
            raise ResourceFailed(
                "The local AWS has custom resources behind Lambda functions only, and this "
                f"ServiceToken is none: {token}"
            )
        asked = _Asked(str(uuid.uuid4()), self._clock.after(_patience(properties)))
        secret = secrets.token_urlsafe(32)
        request = {
            "RequestType": request_type,
            "ServiceToken": token,
            "ResponseURL": f"{self._endpoint_url}{PAGE}{secret}",
            "StackId": place.stack_id,
            "RequestId": asked.request_id,
            "LogicalResourceId": place.logical_id,
            "ResourceType": resource_type,
            "ResourceProperties": _as_text(properties),
            **more,
        }
        try:
            self._enqueue(token.split(":")[3], token, json.dumps(request).encode())
        except ApiError as error:
            raise ResourceFailed(
                f"{error.message} (Service: Lambda, Status Code: {error.status})"
            ) from error
        self._open[secret] = asked
        return asked

    def _answer_of(self, asked: _Asked) -> dict[str, Any] | None:
        """The answer, or None while it may still come. Raises ResourceFailed when it is none,
        or did not come in time."""
        if asked.problem:
            raise ResourceFailed(asked.problem)
        if asked.answer is None and self._clock.now() >= asked.deadline:
            raise ResourceFailed(
                "CloudFormation did not receive a response from your Custom Resource. Please "
                f"check your logs for requestId [{asked.request_id}]. If you are using the "
                "Python cfn-response module, you may need to update your Lambda function code "
                "so that CloudFormation can attach the updated version."
            )
        return asked.answer


def _read(body: bytes) -> tuple[dict[str, Any] | None, str]:
    """An answer, or what is wrong with it (in words of which only those about the status are
    confirmed)."""
    if len(body) > _ANSWER_BYTES:
        return None, "Response object is too long."
    try:
        answer = json.loads(body)
    except ValueError:
        return None, "Invalid Response object: it is not JSON"
    status = answer.get("Status") if isinstance(answer, dict) else None
    if status not in _STATUSES:
        return None, f"Invalid Response object: '{status}' is not a valid ResponseStatus"
    return answer, ""


def _failed(answer: dict[str, Any], asked: _Asked) -> str:
    return (
        "Received response status [FAILED] from custom resource. Message returned: "
        f"{answer.get('Reason', '')} (RequestId: {asked.request_id})"
    )


def _patience(properties: dict[str, Any]) -> int:
    """ServiceTimeout: "an integer from 1 to 3600. The default value is 3600 seconds"."""
    given = str(properties.get("ServiceTimeout", _LONGEST_SECONDS))
    if not given.isdigit() or not 1 <= int(given) <= _LONGEST_SECONDS:
        raise ResourceFailed(f"ServiceTimeout must be a number from 1 to 3600, not {given}")
    return int(given)


def _as_text(value: Any) -> Any:
    """Properties as a function gets them: numbers and booleans are text."""
    if isinstance(value, dict):
        return {name: _as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value

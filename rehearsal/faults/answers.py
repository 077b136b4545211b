"""The refusals of faults, in the shape of the protocol that the client speaks.

Codes and statuses: the operation's own throttling error where botocore's model declares
one, else AWS's common errors (SageMaker API reference, "Common Errors"; S3 API reference,
"Error responses"; EC2 API reference, "Error codes").
"""

from __future__ import annotations

import html
import uuid
from collections.abc import Callable

from botocore.model import ServiceModel

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError
from rehearsal.faults import naming
from rehearsal.http import Request, Response, json_error, xml_error

# What botocore's standard retry mode takes for throttling, as services declare it.
_THROTTLING = ("ThrottlingException", "TooManyRequestsException", "RequestThrottledException")
_XML = [("Content-Type", "text/xml")]


def refusal(fault: str, request: Request, operation: str) -> Response:
    """The answer to a call that fails by a fault of a kind."""
    model = naming.model_of(request.service)
    protocol = model.protocol if model is not None else "json"
    error = _ERRORS[fault](model, protocol, f"{request.service}:{operation}", operation)
    if request.method == "HEAD":
        return Response(error.status, b"")
    if protocol == "rest-xml":
        return Response(error.status, _s3_body(error), _XML)
    if protocol == "ec2":
        return Response(error.status, _ec2_body(error), _XML)
    if protocol == "query":
        return xml_error(error, str(model.metadata.get("xmlNamespace", "")) if model else "")
    return json_error(error)


def _throttled(model: ServiceModel | None, protocol: str, _action: str, operation: str) -> ApiError:
    if protocol == "rest-xml":
        return ApiError("SlowDown", "Please reduce your request rate.", 503)
    if protocol == "ec2":
        return ApiError("RequestLimitExceeded", "Request limit exceeded.", 503)
    if protocol == "query":
        return ApiError("Throttling", "Rate exceeded")
    code, status = "ThrottlingException", 400
    if model is not None and operation in model.operation_names:
        for shape in model.operation_model(operation).error_shapes:
            if shape.name in _THROTTLING:
                code = shape.name
                status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
    return ApiError(code, "Rate exceeded", status)


def _failed(_model: ServiceModel | None, protocol: str, _action: str, _op: str) -> ApiError:
    code = "InternalError" if protocol in ("rest-xml", "ec2") else "InternalFailure"
    return ApiError(code, "We encountered an internal error. Please try again.", 500)


def _refused(_model: ServiceModel | None, protocol: str, action: str, _op: str) -> ApiError:
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:user/moto is not authorized to perform: {action} "
        f"because no identity-based policy allows the {action} action"
    )
    if protocol == "ec2":
        return ApiError("UnauthorizedOperation", message, 403)
    if protocol in ("query", "rest-xml"):
        return ApiError("AccessDenied", message, 403)
    return ApiError("AccessDeniedException", message, 403 if protocol == "rest-json" else 400)


_ERRORS: dict[str, Callable[[ServiceModel | None, str, str, str], ApiError]] = {
    "throttle": _throttled,
    "error500": _failed,
    "refuse": _refused,
}


def _s3_body(error: ApiError) -> bytes:
    return (
        f"<Error><Code>{error.code}</Code><Message>{html.escape(error.message, quote=False)}"
        f"</Message><RequestId>{uuid.uuid4()}</RequestId></Error>"
    ).encode()


def _ec2_body(error: ApiError) -> bytes:
    return (
        f"<Response><Errors><Error><Code>{error.code}</Code>"
        f"<Message>{html.escape(error.message, quote=False)}</Message></Error></Errors>"
        f"<RequestID>{uuid.uuid4()}</RequestID></Response>"
    ).encode()

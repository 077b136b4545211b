"""Answers and refusals held against botocore's model, for tests of the local AWS itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from rehearsal.errors import ApiError

Call = Callable[[str, dict[str, Any], str], dict[str, Any]]  # (operation, params, region) -> answer

# Errors that any operation may answer ("Common Error Types" of the API references), and those
# of the JSON protocol itself.
COMMON_ERRORS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InternalFailure",
        "InvalidAction",
        "InvalidClientTokenId",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SerializationException",
        "ServiceUnavailable",
        "ThrottlingException",
        "UnknownOperationException",
        "ValidationException",
    }
)


def checked(model: ServiceModel, call: Call) -> Call:
    """The same call; what AWS could not have answered becomes InternalFailure, and says why."""

    def check(operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        try:
            answer = call(operation, params, region)
        except ApiError as error:
            problem = error_problem(model, operation, error)
            if problem:
                raise _broken(problem) from error
            raise
        problem = answer_problem(model, operation, answer)
        if problem:
            raise _broken(problem)
        return answer

    return check


def answer_problem(model: ServiceModel, operation: str, answer: dict[str, Any]) -> str:
    """Where an answer does not fit the operation's output shape; "" when it does."""
    shape = model.operation_model(operation).output_shape
    if shape is None:
        return f"{operation} answers nothing, but: {answer}" if answer else ""
    report = ParamValidator().validate(answer, shape)
    return f"{operation}: {report.generate_report()}" if report.has_errors() else ""


def error_problem(model: ServiceModel, operation: str, error: ApiError) -> str:
    """Why an operation could not refuse like this; "" when it could."""
    if error.code in COMMON_ERRORS or operation not in model.operation_names:
        return ""
    declared = {shape.error_code for shape in model.operation_model(operation).error_shapes}
    declared |= {shape.name for shape in model.operation_model(operation).error_shapes}
    return (
        "" if error.code in declared else f"{operation} declares no {error.code}: {error.message}"
    )


def _broken(problem: str) -> ApiError:
    return ApiError("InternalFailure", problem, 500)

"""A client that answers from a table, checked against botocore's model of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

Answer = Mapping[str, Any] | Exception | Callable[..., Mapping[str, Any]]


def refusal(code: str, operation: str, message: str = "no", status: int = 400) -> ClientError:
    """An error as AWS gives it."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        operation,
    )


class _Paginator:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        """Pages: an answer {"pages": [...]} is several, an error among them is raised."""
        answer = self._call(**arguments)
        for page in answer.get("pages", [answer]):
            if isinstance(page, Exception):
                raise page
            yield page


class FakeClient:
    """Answers operations by their Python name; one that is not in the table is refused.

    Parameters are validated as botocore would, so a misspelt one fails the test.
    """

    def __init__(self, service: str, answers: Mapping[str, Answer]) -> None:
        model: ServiceModel = botocore.session.get_session().get_service_model(service)
        self._shapes = {
            _snake(name): model.operation_model(name).input_shape for name in model.operation_names
        }
        self._answers = answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation not in self._shapes:
            raise AttributeError(operation)

        def call(**arguments: Any) -> Any:
            report = ParamValidator().validate(arguments, self._shapes[operation])
            assert not report.has_errors(), report.generate_report()
            answer = self._answers.get(operation, refusal("AccessDenied", operation))
            if isinstance(answer, Exception):
                raise answer
            return answer(**arguments) if callable(answer) else answer

        return call

    def get_paginator(self, operation: str) -> _Paginator:
        """A paginator over one operation."""
        return _Paginator(getattr(self, operation))


def _snake(name: str) -> str:
    from botocore import xform_name

    return str(xform_name(name))

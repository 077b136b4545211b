"""Errors as AWS answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An error with the code and the wording AWS uses.

    `status` is the HTTP status, `members` what the error's shape has beyond the message.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = dict(members or {})


def invalid(message: str) -> ApiError:
    """SageMaker's ValidationException, which also says "not found" for its older kinds."""
    return ApiError("ValidationException", message)


def in_use(message: str) -> ApiError:
    """SageMaker's ResourceInUse."""
    return ApiError("ResourceInUse", message)


def missing(message: str) -> ApiError:
    """SageMaker's ResourceNotFound."""
    return ApiError("ResourceNotFound", message)

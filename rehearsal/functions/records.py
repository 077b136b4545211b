"""Functions as moto keeps their records: what there is to run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.awslambda.utils import get_backend
from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError

# "If the function returns an error, Lambda attempts to run it two more times" (Lambda
# developer guide, "How Lambda handles errors and retries with asynchronous invocation").
_RETRIES = 2


@dataclass(frozen=True, slots=True)
class Function:
    """One version of a function; `timeout` in seconds, `memory` in MiB, `code` the zip file.

    `concurrency` is the reserved one, None without; `retries` are those of an asynchronous
    invocation that fails.
    """

    name: str
    arn: str
    version: str
    region: str
    role: str
    runtime: str
    handler: str
    timeout: int
    memory: int
    environment: dict[str, str]
    log_group: str
    code: bytes
    layers: tuple[bytes, ...]
    concurrency: int | None
    retries: int

    @property
    def code_digest(self) -> str:
        """Identifies the code with its layers."""
        digest = hashlib.sha256()
        for part in (self.code, *self.layers):
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()[:32]

    @property
    def fingerprint(self) -> str:
        """Identifies code and configuration: a process serves one of these."""
        facts = [
            self.arn,
            self.version,
            self.code_digest,
            self.role,
            self.handler,
            self.memory,
            self.log_group,
            sorted(self.environment.items()),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


@contextmanager
def motos_refusals() -> Iterator[None]:
    """Refusals of moto's backends, which carry AWS's codes, as ours."""
    try:
        yield
    except JsonRESTError as error:
        raise ApiError(error.error_type, error.message, error.code) from error


def backend(region: str) -> Any:
    """moto's records of a region's functions."""
    return get_backend(ACCOUNT, region)


def record(region: str, name: str, qualifier: str | None = None) -> Any:
    """moto's record of a function, by name or ARN. Raises ResourceNotFoundException."""
    with motos_refusals():
        return backend(region).get_function(name, qualifier)


def find(region: str, name: str, qualifier: str | None = None) -> Function:
    """A function that can run here, by name or ARN.

    Raises ResourceNotFoundException when there is none, and InvalidRuntimeException for what
    does not run here: images, and runtimes other than Python.
    """
    found = record(region, name, qualifier)
    runtime = found.run_time or ""
    if found.package_type != "Zip" or not runtime.startswith("python3"):
        what = f"the runtime {runtime}" if found.package_type == "Zip" else "container images"
        raise ApiError(
            "InvalidRuntimeException",
            f"The local AWS does not have {what}: it runs Python functions in zip packages, "
            f"and {found.function_name} is none.",
            502,
        )
    latest = backend(region).get_function(found.function_name)
    reserved = latest.reserved_concurrency
    return Function(
        name=found.function_name,
        arn=latest.function_arn,
        version=str(found.version),
        region=region,
        role=found.role,
        runtime=runtime,
        handler=found.handler or "",
        timeout=int(found.timeout),
        memory=int(found.memory_size),
        environment={k: str(v) for k, v in (found.environment_vars or {}).items()},
        log_group=found.logs_group_name,
        code=found.code_bytes,
        layers=tuple(_layer(region, layer["Arn"]) for layer in found.layers),
        concurrency=None if reserved is None else int(reserved),
        retries=_retries(latest),
    )


def exists(function: Function) -> bool:
    """Whether a function has not been deleted since it was found."""
    return any(
        found.function_arn == function.arn
        for found in list(backend(function.region).list_functions())
    )


def _layer(region: str, arn: str) -> bytes:
    code: bytes = backend(region).layers_versions_by_arn(arn).code_bytes
    return code


def _retries(found: Any) -> int:
    if not found.event_invoke_config:
        return _RETRIES
    configured = found.event_invoke_config[-1].config
    return int(configured.get("MaximumRetryAttempts", _RETRIES))


def may_be_assumed_by(role_arn: str, service: str, region: str) -> bool:
    """Whether a role exists and its trust policy names a service (conditions are not
    evaluated)."""
    roles = iam_backends[ACCOUNT][get_partition(region)].roles.values()
    role = next((r for r in list(roles) if r.arn == role_arn), None)
    if role is None:
        return False
    document = json.loads(role.assume_role_policy_document or "{}")
    return any(
        statement.get("Effect") == "Allow" and service in _services(statement.get("Principal"))
        for statement in _listed(document.get("Statement", []))
    )


def _services(principal: Any) -> list[str]:
    return _listed(principal.get("Service", [])) if isinstance(principal, dict) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

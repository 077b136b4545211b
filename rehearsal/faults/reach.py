"""Whether a rule can strike at all: what it means must exist in botocore's models, or here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import botocore.session

from rehearsal.faults import naming
from rehearsal.faults.rules import ON_CALLS, BadRule, Rule, shaped
from rehearsal.sagemaker.kinds import KINDS

# Whose operations a rule means that names no service: those a workshop meets. Reading the
# models of all that botocore has takes long.
_USUAL = (
    "sagemaker",
    "sts",
    "iam",
    "cloudformation",
    "s3",
    "lambda",
    "logs",
    "servicequotas",
    "pricing",
    "tagging",
    "scheduler",
    "ec2",
    "elasticfilesystem",
    "monitoring",
    "ecr",
    "ssm",
    "dynamodb",
    "events",
    "kms",
    "glue",
    "budgets",
    "application-autoscaling",
    "cloudtrail",
    "sns",
    "sqs",
    "apigateway",
    "secretsmanager",
    "states",
)
_LISTS = frozenset(f"List{kind.list_noun}" for kind in KINDS)
_MOVING = frozenset(kind.name for kind in KINDS if kind.status_field)


def parse(given: Any) -> list[Rule]:
    """Rules from decoded JSON or YAML, each of which can strike. Raises BadRule."""
    rules = shaped(given)
    for number, rule in enumerate(rules, 1):
        if reason := why_never(rule):
            raise BadRule(f"rule {number} would never strike: {reason}")
    return rules


def why_never(rule: Rule) -> str:
    """Why a rule can never strike; "" when it can, or when nobody can tell."""
    if rule.fault in ON_CALLS:
        return _no_such_call(rule.service, rule.operation)
    if rule.fault == "stick" and not _any(rule.kind, _MOVING):
        return f"kind {rule.kind!r} matches no kind of resource that passes through states"
    if rule.fault == "return" and not _any(rule.kind, _deletable()):
        return f"kind {rule.kind!r} matches no kind of resource that can be deleted"
    if rule.fault == "lag" and not _any(rule.operation, _LISTS):
        return f"operation {rule.operation!r} matches no List operation of SageMaker that can lag"
    return ""


def _no_such_call(service: str, operation: str) -> str:
    known = _services()
    if _is_pattern(service):
        meant = [n for n in _USUAL if any(fnmatchcase(name, service) for name in naming.names(n))]
        if not meant and not _any(service, known):
            return f"service {service!r} matches no service"
    elif service not in known and (close := difflib.get_close_matches(service, known, 1, 0.8)):
        return f"service {service!r} is none; did you mean {close[0]}?"
    else:
        meant = [service]
    # Operations that no model knows have the name "METHOD /path".
    if operation == "*" or " " in operation or not meant:
        return ""
    for name in meant:
        operations = _operations(name)
        if not operations or _any(operation, operations):
            return ""
    told = meant[0] if len(meant) == 1 else "those that a workshop meets; name the service"
    return f"operation {operation!r} matches no operation of {told}"


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _any(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


@lru_cache(maxsize=1)
def _services() -> frozenset[str]:
    """boto3's names of all services, and signatures' names of the usual ones."""
    return frozenset([*botocore.session.get_session().get_available_services(), *_USUAL])


def _deletable() -> list[str]:
    operations = frozenset(_operations("sagemaker"))
    return [kind.name for kind in KINDS if f"Delete{kind.noun}" in operations]


def _operations(service: str) -> list[str]:
    """The operations of a service, none when no model is known."""
    found: list[str] = []
    # What is signed for SageMaker may be meant for its runtime.
    names = (service, "sagemaker-runtime") if service == "sagemaker" else (service,)
    for name in names:
        model = naming.model_of(name)
        found.extend(model.operation_names if model is not None else ())
    return found

"""Takes policies off roles that cannot be deleted because of them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from workshop.aws import Clients, error_code

_MISSING = "NoSuchEntity"


def strip_role(role: str, region: str, clients: Clients) -> int:
    """Delete a role's inline policies and detach its managed ones; returns how many there were.

    Somebody, or Studio, may have added some that its stack does not know: IAM refuses to delete
    a role while it has any ("you must first delete the policies", API reference, DeleteRole).
    A role that does not exist has none. Raises ClientError.
    """
    iam = clients("iam", region)
    try:
        inline = _all(iam, "list_role_policies", "PolicyNames", role)
        attached = _all(iam, "list_attached_role_policies", "AttachedPolicies", role)
    except ClientError as error:
        if error_code(error) == _MISSING:
            return 0
        raise
    for name in inline:
        _unless_gone(iam.delete_role_policy, RoleName=role, PolicyName=name)
    for policy in attached:
        _unless_gone(iam.detach_role_policy, RoleName=role, PolicyArn=policy["PolicyArn"])
    return len(inline) + len(attached)


def _all(iam: Any, operation: str, member: str, role: str) -> list[Any]:
    pages = iam.get_paginator(operation).paginate(RoleName=role)
    return [row for page in pages for row in page[member]]


def _unless_gone(call: Any, **request: str) -> None:
    try:
        call(**request)
    except ClientError as error:
        if error_code(error) != _MISSING:
            raise

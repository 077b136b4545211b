"""Names that SageMaker's templates and its API spell differently, inside properties."""

from __future__ import annotations

from typing import Any

_RENAMED: dict[str, dict[str, str]] = {
    "AWS::SageMaker::Workteam": {
        "CognitoClientId": "ClientId",
        "CognitoUserGroup": "UserGroup",
        "CognitoUserPool": "UserPool",
        "OidcGroups": "Groups",
    },
}


def with_api_names(resource_type: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties with the API's names, at any depth."""
    names = _RENAMED.get(resource_type)
    if names is None:
        return properties
    renamed: dict[str, Any] = _rename(names, properties)
    return renamed


def _rename(names: dict[str, str], node: Any) -> Any:
    if isinstance(node, list):
        return [_rename(names, item) for item in node]
    if isinstance(node, dict):
        return {names.get(key, key): _rename(names, value) for key, value in node.items()}
    return node

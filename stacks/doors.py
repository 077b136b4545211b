"""The attendees' doors: one value in the shared template, and what follows it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from workshop import names

_CONDITION = "DoorsClosed"


class Doors:
    """Open in every synthesised template. `workshop destroy` closes them by an update of the
    stack that changes nothing but the value.

    A mapping, and no parameter: `cdk deploy` keeps a parameter's previous value, and any later
    deployment is to open the doors again.
    """

    def __init__(self, scope: Construct) -> None:
        mapping = cdk.CfnMapping(
            scope,
            names.DOORS,
            mapping={names.DOORS_OF_ATTENDEES: {names.DOORS_STATE: names.DOORS_OPEN}},
            lazy=False,
        )
        state = mapping.find_in_map(names.DOORS_OF_ATTENDEES, names.DOORS_STATE)
        cdk.CfnCondition(
            scope, _CONDITION, expression=cdk.Fn.condition_equals(state, names.DOORS_CLOSED)
        )

    def follow(self, document: dict[str, Any], closed: list[dict[str, Any]]) -> dict[str, Any]:
        """A policy with more statements while the doors are closed."""
        nothing = {"Ref": "AWS::NoValue"}
        more = [{"Fn::If": [_CONDITION, statement, nothing]} for statement in closed]
        return {**document, "Statement": [*document["Statement"], *more]}

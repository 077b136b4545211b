"""A shared stack's doors, as small as they can be: a value that a resource follows."""

from __future__ import annotations

from typing import Any

from workshop import names


def with_doors(resources: dict[str, Any]) -> dict[str, Any]:
    """A template with these resources, and doors that are open."""
    state = {"Fn::FindInMap": [names.DOORS, names.DOORS_OF_ATTENDEES, names.DOORS_STATE]}
    value = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": state}}
    doors = {names.DOORS: {names.DOORS_OF_ATTENDEES: {names.DOORS_STATE: names.DOORS_OPEN}}}
    return {"Mappings": doors, "Resources": {**resources, "Value": value}}

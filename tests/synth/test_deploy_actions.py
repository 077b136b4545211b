"""Every type of the templates has its IAM actions in the table, and no other type has."""

from __future__ import annotations

import json
from pathlib import Path

from tests.factories import make_attendee, make_workshop
from tests.synth.conftest import Synthesise
from workshop.model import Guard

TABLE = Path(__file__).parents[2] / "workshop" / "data" / "deploy_actions.json"


def test_the_table_has_the_types_of_all_templates(synthesise: Synthesise) -> None:
    guard = Guard(job_minutes=60, instances=1, unseen_hours=8, notify=("ann@example.com",))
    attendees = [make_attendee("ann"), make_attendee("bob", "notebook")]
    assembly = synthesise(make_workshop(attendees, guard=guard, builds_images=True))

    types = {
        resource["Type"]
        for artifact in assembly.texts
        for resource in assembly.template(artifact)["Resources"].values()
    }

    # What a custom resource does, its function does with rights of its own.
    wanted = {name for name in types if name.startswith("AWS::") and "CDK" not in name}
    assert set(json.loads(TABLE.read_text(encoding="utf-8"))) == wanted

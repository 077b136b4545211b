"""Every type of the templates against cfn-lint's schema of every region."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import pytest

from tests.factories import make_attendee, make_workshop
from tests.synth.conftest import Synthesise
from tools.validate_synth import regions_with
from workshop.config.tables import environments_by_region
from workshop.model import Environment

ENVIRONMENTS: list[Environment] = ["studio", "notebook"]
KNOWN = {region: found for region, found in environments_by_region().items() if found is not None}


@cache
def offered(region: str) -> frozenset[str]:
    """The types that CloudFormation has in a region."""
    schema = files("cfnlint") / "data" / "schemas" / "providers" / f"{region}.json"
    return frozenset(json.loads(schema.read_text(encoding="utf-8")))


def types_of(synthesise: Synthesise, environment: Environment) -> set[str]:
    """The types in the templates of a workshop with one kind of environment."""
    assembly = synthesise(make_workshop([make_attendee("ann", environment)]))
    found = {
        resource["Type"]
        for name in assembly.texts
        for resource in assembly.template(name)["Resources"].values()
    }
    return {name for name in found if not name.startswith("Custom::")}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_regions_that_are_allowed_are_those_that_have_every_type(
    synthesise: Synthesise, environment: Environment
) -> None:
    needed = types_of(synthesise, environment)

    assert {"AWS::Lambda::Function", "AWS::Logs::LogGroup"} <= needed
    capable = {region for region in KNOWN if needed <= offered(region)}
    assert capable == {region for region, found in KNOWN.items() if environment in found}
    assert 30 < len(capable) < len(KNOWN)


def test_a_template_is_linted_for_all_regions_that_have_what_it_needs() -> None:
    both = regions_with(ENVIRONMENTS)
    assert set(both) == set(regions_with(["studio"])) & set(regions_with(["notebook"]))
    assert "us-east-1" in both
    assert "mx-central-1" not in regions_with(["studio"])
    assert "us-gov-east-1" not in regions_with(["notebook"])

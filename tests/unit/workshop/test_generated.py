"""What is generated is current, and the schema says the same as the loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tools import tables as sources
from tools.generate import GENERATED, ROOT
from workshop.config import load_workshop, tables
from workshop.config.example import EXAMPLE


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "workshop.schema.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("path", GENERATED, ids=str)
def test_a_generated_file_is_current(path: Path) -> None:
    assert (ROOT / path).read_text("utf-8") == GENERATED[path]()


def test_the_regions_are_botocores_and_their_environments_cfn_lints() -> None:
    table = sources.region_table()

    assert table["us-east-1"] == ["studio", "notebook"]
    assert table["ap-south-2"] == ["notebook"]
    assert table["ca-west-1"] == ["notebook"]
    assert table["us-gov-east-1"] == []
    # botocore has the region, cfn-lint no schema of it: not known, not impossible.
    assert table["me-south-1"] is None


def test_a_retired_type_is_no_longer_among_those_of_botocore() -> None:
    listed = sources.instance_type_table()["training"]

    assert "ml.p3.2xlarge" in listed
    assert "ml.p3.2xlarge" not in tables.instance_types("training")
    assert "ml.m5.xlarge" in tables.instance_types("training")


def test_every_retired_family_is_one_that_botocore_still_lists_or_elastic_inference() -> None:
    listed = {name.rsplit(".", 1)[0] for t in sources.instance_type_table().values() for name in t}
    rows = json.loads((ROOT / "workshop/data/retired_instance_types.json").read_text("utf-8"))

    assert {row["family"] for row in rows} - listed == {"ml.eia1", "ml.eia2"}
    assert all(row["reason"] and row["instead"] for row in rows)


def test_the_schema_is_a_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


def test_the_example_fits_the_schema_and_the_loader(schema: dict[str, Any]) -> None:
    text = EXAMPLE.replace("2030-03-04T09:00:00+01:00", '"2030-03-04T09:00:00+01:00"')
    data = yaml.safe_load(text.replace("2030-03-04T17:00:00+01:00", '"2030-03-04T17:00:00+01:00"'))

    Draft202012Validator(schema).validate(data)
    assert load_workshop(ROOT / "workshop.yaml").name == "ml101"


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"name": "ML"},
        {"attendees": "many"},
        {"attendees": [{"id": "ann", "regoin": "us-east-1"}]},
        {"attendees": ["shared"]},
        {"starts": "2030-03-04T09:00:00"},
        {"regions": ["us-east-9"]},
        {"modules": ["none"]},
        {"instances": {"training": ["ml.p3.2xlarge"]}},
        {"budget": {"total": 0}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(
    schema: dict[str, Any], change: dict[str, Any]
) -> None:
    text = EXAMPLE.replace("2030-03-04T09:00:00+01:00", '"2030-03-04T09:00:00+01:00"')
    data = yaml.safe_load(text.replace("2030-03-04T17:00:00+01:00", '"2030-03-04T17:00:00+01:00"'))

    assert not Draft202012Validator(schema).is_valid({**data, **change})


def test_every_mapping_of_the_schema_refuses_unknown_keys(schema: dict[str, Any]) -> None:
    objects = [schema, *schema["$defs"].values()]

    assert all(part["additionalProperties"] is False for part in objects if "properties" in part)

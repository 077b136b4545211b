"""What is rehearsed, from an instructor's file and the options."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from modules.declarations import load_modules
from modules.prerequisites import in_order
from rehearsal.options import Options, write_config
from tests.unit.workshop import configs
from workshop.errors import ConfigError, UsageError
from workshop.model import Workshop


def options(tmp_path: Path) -> Options:
    return Options(configs.write_config(tmp_path), 8, None, (), labs=True, keep=False)


def rehearsed(tmp_path: Path, chosen: Options) -> Workshop:
    return write_config(chosen, tmp_path / "rehearsed.yaml")


def test_people_become_a_count_and_the_rest_stays(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, options(tmp_path))
    assert [a.id for a in found.attendees][::7] == ["a001", "a008"]
    assert (found.name, found.regions) == ("ml101", ("us-east-1",))


def test_mixed_has_both_environments_in_every_region(tmp_path: Path) -> None:
    regions = ("us-east-1", "eu-west-1")
    chosen = replace(options(tmp_path), environment="mixed", regions=regions)

    found = rehearsed(tmp_path, chosen)

    counted = Counter((a.region, a.environment) for a in found.attendees)
    assert counted == {(r, e): 2 for r in regions for e in ("studio", "notebook")}
    assert found.regions == regions


def test_a_region_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mars"):
        rehearsed(tmp_path, replace(options(tmp_path), regions=("mars",)))


def test_a_long_name_gets_shorter_ids(tmp_path: Path) -> None:
    chosen = replace(
        options(tmp_path),
        config=configs.write_config(tmp_path, name="w" * 16, attendees=["x"]),
        environment="mixed",
    )
    assert [a.id for a in rehearsed(tmp_path, chosen).attendees][:2] == ["01", "02"]


def test_a_network_of_the_account_is_left_out(tmp_path: Path) -> None:
    network = {"us-east-1": {"vpc": "vpc-1", "subnets": ["subnet-1", "subnet-2"]}}
    chosen = replace(options(tmp_path), config=configs.write_config(tmp_path, network=network))
    assert rehearsed(tmp_path, chosen).networks == {}


def test_all_labs_come_in_an_order_that_works_with_instances_and_time_for_them(
    tmp_path: Path,
) -> None:
    labs = load_modules()

    found = rehearsed(tmp_path, replace(options(tmp_path), modules=("all",)))

    assert list(found.modules) == in_order(labs, labs)
    for need in (need for lab in labs.values() for need in lab.needs):
        assert need.instance_type in found.instances.allowed(need.use)
    minutes = (found.ends - found.starts).total_seconds() / 60
    assert minutes >= sum(lab.minutes for lab in labs.values())


def test_a_lab_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no module 'iris'"):
        rehearsed(tmp_path, replace(options(tmp_path), modules=("iris",)))

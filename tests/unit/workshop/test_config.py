"""workshop.yaml becomes a Workshop, or a list of everything that is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workshop.configs import (
    VALID,
    load,
    only_problem,
    problems_of,
    write_config,
    write_text,
)
from workshop.config import load_workshop
from workshop.config.example import EXAMPLE
from workshop.errors import ConfigError, UsageError
from workshop.model import Network


def test_the_least_that_must_be_written_gets_sensible_defaults(tmp_path: Path) -> None:
    workshop = load(tmp_path)

    assert workshop.title == "ml101"
    assert workshop.environment == "studio"
    assert [attendee.id for attendee in workshop.attendees] == ["ann", "bob"]
    assert workshop.instances.workspace == "ml.t3.medium"
    assert workshop.instances.allowed("endpoint") == ("ml.m5.large",)
    assert workshop.budget.total is None
    assert workshop.idle.workspace_minutes == 60


def test_times_keep_their_offset(tmp_path: Path) -> None:
    workshop = load(tmp_path, starts="2030-03-04T09:00:00+01:00", ends="2030-03-04 12:00Z")

    assert workshop.starts == datetime(2030, 3, 4, 8, tzinfo=UTC)
    assert workshop.ends == datetime(2030, 3, 4, 12, tzinfo=UTC)


def test_an_unquoted_timestamp_keeps_its_offset(tmp_path: Path) -> None:
    text = EXAMPLE.replace("attendees: 3", "attendees: [ann]")

    workshop = load_workshop(write_text(tmp_path, text))

    assert workshop.starts.isoformat() == "2030-03-04T09:00:00+01:00"


def test_an_existing_network_and_domain_are_taken_per_region(tmp_path: Path) -> None:
    workshop = load(
        tmp_path,
        network={"us-east-1": {"vpc": "vpc-0a", "subnets": ["subnet-0a", "subnet-0b"]}},
        domain={"us-east-1": "d-abc"},
    )

    assert workshop.networks == {"us-east-1": Network("vpc-0a", ("subnet-0a", "subnet-0b"))}
    assert workshop.domains == {"us-east-1": "d-abc"}


@pytest.mark.parametrize(
    ("changes", "key", "what", "fix"),
    [
        ({"name": "Ml-101"}, "name", "cannot be a workshop name", "name: ml101"),
        ({"name": "101"}, "name", "a letter first", "name: "),
        ({"nme": 1}, "nme", "is not known; known: name, title", "did you mean name?"),
        ({"repository": None}, "repository", "missing", "add it"),
        ({"environment": "jupyter"}, "environment", "not possible here", "'studio' or 'notebook'"),
        ({"attendees": 0}, "attendees", "0", "at least 1"),
        ({"attendees": 1000}, "attendees", "1000", "at most 999"),
        ({"attendees": []}, "attendees", "empty", "at least one"),
        ({"attendees": ["ann", "ann"]}, "attendees[1]", "already given", "of their own"),
        ({"attendees": ["Ann"]}, "attendees[0]", "lower-case", "write it as ann"),
        ({"attendees": ["shared"]}, "attendees[0]", "reserved", "another id"),
        ({"attendees": [""]}, "attendees[0]", "empty", "lower-case"),
        ({"attendees": [7]}, "attendees[0]", "YAML reads 7 as a number", 'quote it: "7"'),
        ({"attendees": [{"name": "Ann"}]}, "attendees[0].id", "missing", "add it"),
        (
            {"attendees": [{"id": "ann", "regoin": "x"}]},
            "attendees[0].regoin",
            "known: id, name, email, environment, region",
            "did you mean region?",
        ),
        (
            {"attendees": [{"id": "ann", "region": "eu-west-1"}]},
            "attendees[0].region",
            "not among the workshop's regions",
            "us-east-1",
        ),
        ({"attendees": ["a" * 14]}, "attendees[0]", "has 21 characters, of at most", "shorten"),
        ({"regions": []}, "regions", "empty", "at least one"),
        ({"regions": ["us-east-9"]}, "regions[0]", "no region 'us-east-9'", "did you mean us-east"),
        ({"regions": ["us-east-1"] * 2}, "regions", "more than once", "keep one"),
        ({"regions": ["ca-west-1"]}, "regions[0]", "cannot make a studio", "use notebook there"),
        (
            {"regions": ["me-central-1"], "environment": "notebook"},
            "regions[0]",
            "cannot make a notebook",
            "use studio there",
        ),
        ({"starts": "2030-03-04T09:00:00"}, "starts", "no time zone", "+01:00"),
        ({"starts": "tomorrow"}, "starts", "no date and time", "write 20"),
        ({"ends": "2030-02-30T09:00:00Z"}, "ends", "day is out of range", "write 20"),
        ({"ends": "2030-03-04T09:00:00+02:00"}, "ends", "before it starts", "after its start"),
        ({"repository": {"url": "http://a.example/b"}}, "repository.url", "not https", "https://"),
        ({"repository": {"url": "git@a.example:b"}}, "repository.url", "not https", "https://"),
        (
            {"repository": {"url": "https://u:p@a.example/b"}},
            "repository.url",
            "password",
            "remove",
        ),
        ({"repository": {"url": "https://a.example"}}, "repository.url", "not name", "https://"),
        ({"modules": ["iris-xgbost"]}, "modules[0]", "no module 'iris-xgbost'", "iris-xgboost"),
        ({"modules": []}, "modules", "empty", "at least one"),
        ({"modules": ["iris-xgboost"] * 2}, "modules", "more than once", "keep one"),
        (
            {"instances": {"training": ["ml.m5.large"]}},
            "modules[0]",
            "iris-xgboost needs ml.m5.xlarge for training",
            "add ml.m5.xlarge to instances.training",
        ),
        (
            {"instances": {"training": ["ml.m5.xlarge", "ml.p3.2xlarge"]}},
            "instances.training[1]",
            "retired",
            "use ml.g5.xlarge",
        ),
        (
            {"instances": {"endpoint": ["ml.m5.large", "ml.t2.medium"]}},
            "instances.endpoint[1]",
            "retired for jobs",
            "use ml.m5.large",
        ),
        (
            {"instances": {"transform": ["ml.m5.xlarg"]}},
            "instances.transform[0]",
            "no instance type",
            "did you mean ml.m5.xlarge?",
        ),
        (
            {"instances": {"workspace": "ml.p2.xlarge"}, "environment": "notebook"},
            "instances.workspace",
            "retired",
            "use ml.g4dn.xlarge",
        ),
        (
            {"instances": {"workspace": "ml.t2.medium"}},
            "instances.workspace",
            "for studio",
            "did you mean ml.t3.medium?",
        ),
        (
            {"network": {"us-east-1": {"vpc": "0a", "subnets": ["subnet-0a"]}}},
            "network.us-east-1.vpc",
            "AWS id",
            "^vpc-",
        ),
        (
            {"network": {"us-east-1": {"vpc": "vpc-0a", "subnets": []}}},
            "network.us-east-1.subnets",
            "empty",
            "at least one",
        ),
        ({"domain": {"us-east-1": "x"}}, "domain.us-east-1", "AWS id", "^d-"),
        ({"domain": {"eu-west-1": "d-abc"}}, "domain.eu-west-1", "not among", "us-east-1"),
        ({"idle": {"workspace_minutes": 30}}, "idle.workspace_minutes", "Studio", "60 or more"),
        ({"idle": {"endpoint_minutes": 9}}, "idle.endpoint_minutes", "9", "at least 10"),
        ({"idle": {"endpoint_minutes": "60"}}, "idle.endpoint_minutes", "whole number", "quotes"),
        ({"budget": {"total": 0}}, "budget.total", "0", "more than 0"),
        (
            {"budget": {"total": 5, "per_attendee": 6}},
            "budget.per_attendee",
            "more than 5",
            "raise",
        ),
        ({"cleanup": {"grace_minutes": -1}}, "cleanup.grace_minutes", "-1", "at least 0"),
        ({"cleanup": "none"}, "cleanup", "not a group of keys", "remove the key"),
    ],
)
def test_what_aws_or_the_toolkit_would_refuse_is_refused_here(
    tmp_path: Path, changes: dict[str, Any], key: str, what: str, fix: str
) -> None:
    problem = only_problem(tmp_path, **changes)

    assert problem.where.split(": ", 1)[1] == key
    assert what in problem.what
    assert fix in problem.fix


@pytest.mark.parametrize(
    "ref", ["-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a.lock", "/a", "a/"]
)
def test_a_ref_that_git_refuses_is_refused(tmp_path: Path, ref: str) -> None:
    problem = only_problem(tmp_path, repository={"url": "https://a.example/b", "ref": ref})

    assert "that git accepts" in problem.what


@pytest.mark.parametrize("ref", ["main", "v1.0", "feature/x-1", "0" * 40])
def test_branches_tags_and_commits_are_refs(tmp_path: Path, ref: str) -> None:
    assert load(tmp_path, repository={"url": "https://a.example/b", "ref": ref})


def test_a_longest_prefix_of_twenty_characters_is_allowed(tmp_path: Path) -> None:
    assert load(tmp_path, attendees=["a" * 13])


def test_notebook_workspaces_may_have_types_that_studio_has_not(tmp_path: Path) -> None:
    workshop = load(
        tmp_path,
        environment="notebook",
        instances={"workspace": "ml.t2.medium"},
        idle={"workspace_minutes": 30},
    )

    assert workshop.instances.workspace == "ml.t2.medium"


def test_a_single_studio_attendee_brings_studios_rules_back(tmp_path: Path) -> None:
    problem = only_problem(
        tmp_path,
        environment="notebook",
        attendees=["ann", {"id": "bob", "environment": "studio"}],
        idle={"workspace_minutes": 30},
    )

    assert "Studio" in problem.what


def test_everything_that_is_wrong_is_reported_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    path = write_config(
        tmp_path,
        name="ML",
        attendees=["ann", "ann"],
        modules=["iris"],
        budget={"total": 1, "per_attendee": 2},
        unknown=1,
    )

    places = [problem.where.removeprefix(f"{path}:") for problem in problems_of(path)]

    assert places == [
        "1: name",
        "2: attendees[1]",
        "7: modules[0]",
        "8: budget.per_attendee",
        "9: unknown",
    ]


def test_a_broken_key_does_not_bring_further_errors_with_it(tmp_path: Path) -> None:
    (problem,) = problems_of(write_config(tmp_path, ends="late", starts=VALID["starts"]))

    assert problem.where.endswith("ends")


def test_a_missing_file_is_answered_with_init(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_workshop(tmp_path / "none.yaml")

    assert "workshop init" in caught.value.fix
    assert caught.value.exit_code == 2


def test_a_configuration_error_leaves_with_exit_code_two() -> None:
    assert ConfigError.exit_code == 2

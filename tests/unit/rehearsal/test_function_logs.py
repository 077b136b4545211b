"""Where a function's log lines go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.logs.models import logs_backends

from rehearsal.account import ACCOUNT
from rehearsal.functions import logs

REGION = "eu-west-3"


@pytest.fixture
def group() -> Iterator[str]:
    name = "/aws/lambda/last-words"
    yield name
    logs_backends[ACCOUNT][REGION].groups.pop(name, None)


def streams(group: str) -> list[str] | None:
    found = logs_backends[ACCOUNT][REGION].groups.get(group)
    return None if found is None else list(found.streams)


def test_the_first_lines_of_a_function_make_its_group(group: str) -> None:
    logs.put(REGION, group, "one", ["hello"], make_group=True)
    assert streams(group) == ["one"]


def test_the_last_lines_of_a_deleted_function_bring_no_group_back(group: str) -> None:
    logs.put(REGION, group, "one", ["bye"], make_group=False)
    assert streams(group) is None


def test_the_last_lines_of_a_deleted_function_go_to_the_group_that_is_there(group: str) -> None:
    logs.put(REGION, group, "one", ["hello"], make_group=True)
    logs.put(REGION, group, "two", ["bye"], make_group=False)
    assert streams(group) == ["one", "two"]

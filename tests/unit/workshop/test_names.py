"""Names say whose a resource is."""

from __future__ import annotations

import pytest

from workshop import names


@pytest.mark.parametrize("text", ["ml101", "a", "x9"])
def test_a_workshop_name_begins_with_a_letter(text: str) -> None:
    assert names.is_workshop_name(text)


@pytest.mark.parametrize("text", ["", "101", "ML", "a-b", "a_b", "ä", "a\n"])
def test_what_a_stack_name_cannot_begin_with_is_no_workshop_name(text: str) -> None:
    assert not names.is_workshop_name(text)


def test_an_attendee_id_may_begin_with_a_digit() -> None:
    assert names.is_attendee_id("007")


@pytest.mark.parametrize("text", ["", "shared", "Ann", "a-b", "123456789012", "a\n"])
def test_ids_that_would_read_as_something_else_are_refused(text: str) -> None:
    assert not names.is_attendee_id(text)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("ml101-ann", "ann"),
        ("ml101-ann-endpoint-1", "ann"),
        ("ml101-007-job", "007"),
        ("ml101-shared-boundary-us-east-1", None),
        ("ml101-123456789012-us-east-1", None),
        ("ml101ann-x", None),
        ("xml101-ann", None),
        ("ml101-", None),
    ],
)
def test_a_name_belongs_to_the_attendee_it_names(name: str, owner: str | None) -> None:
    assert names.owner_by_name("ml101", name) == owner


def test_the_workshops_bucket_belongs_to_no_attendee() -> None:
    bucket = names.bucket_name("ml101", "123456789012", "us-east-1")

    assert names.owner_by_name("ml101", bucket) is None

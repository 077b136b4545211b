"""What a canary is called, and what it takes for its own."""

from __future__ import annotations

import json

import pytest

from deploy.state import StackState
from tests.factories import make_workshop
from workshop import names
from workshop.cli.canary import ATTENDEE, canary_name, require_canary
from workshop.cli.flight import event_of
from workshop.errors import WorkshopError


def stack(attendee: str | None) -> StackState:
    tags = {} if attendee is None else {names.TAG_ATTENDEE: attendee}
    return StackState("x", "us-east-1", "CREATE_COMPLETE", tags=tags)


@pytest.mark.parametrize("workshop", ["a", "ml101", "summerschool1", "w" * 16])
def test_a_canarys_name_is_a_workshops_and_leaves_room_for_its_attendee(workshop: str) -> None:
    name = canary_name(workshop)
    assert names.is_workshop_name(name)
    assert len(names.attendee_prefix(name, ATTENDEE)) <= names.PREFIX_MAX_LENGTH
    assert name != workshop


def test_workshops_that_begin_alike_have_canaries_of_their_own() -> None:
    assert canary_name("summerschool1") != canary_name("summerschool2")
    assert canary_name("ml101") == canary_name("ml101")


def test_a_workshop_with_other_attendees_is_no_canary() -> None:
    workshop = make_workshop()
    require_canary(workshop, [stack(None), stack(ATTENDEE)])
    with pytest.raises(WorkshopError, match="is a workshop with attendees"):
        require_canary(workshop, [stack(ATTENDEE), stack("bob")])


@pytest.mark.parametrize("line", ["3", "null", "[]", '{"a": 1}', "cell 1/12", ""])
def test_a_line_that_is_no_event_is_passed_on_as_it_is(line: str) -> None:
    assert event_of(line) is None


def test_an_event_is_known_by_its_time_and_kind() -> None:
    event = {"time": "2026-01-01T00:00:00Z", "event": "note", "text": "x"}
    assert event_of(json.dumps(event)) == event

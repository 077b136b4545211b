"""Whose is it: by tag, by name, by Studio's own ownership; in doubt nobody's."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cleanup.attribution import attribute, is_managed, is_protected
from cleanup.kinds import BY_NAME
from cleanup.resources import Scope
from workshop.names import SHARED

SCOPE = Scope("ml101", frozenset({"ann", "bob"}), ("us-east-1",), frozenset({"ml101-ann-keep"}))
OURS = {"workshop:name": "ml101", "workshop:attendee": "ann"}
FOREIGN = {"workshop:name": "other", "workshop:attendee": "ann"}


def owner(
    kind: str,
    row: Mapping[str, str],
    tags: Mapping[str, str] = {},
    domains: frozenset[str] = frozenset(),
) -> str | None:
    """The owner; "nothing to do with us" and "not attributed" as words of their own."""
    found = attribute(BY_NAME[kind], row, SCOPE, tags, domains)
    if found is None:
        return "nobody's"
    assert found.why
    return found.owner or "not attributed"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ml101-ann-xgb", "ann"),
        ("ml101-ann", "ann"),
        ("ml101-bob-ann-1", "bob"),
        ("ml101-annette-xgb", "not attributed"),  # looks like ours, is no attendee's
        ("ml101-zoe-xgb", "not attributed"),
        ("ml101-shared", SHARED),
        ("ml101-shared-notebook", SHARED),
        ("ml101-sharedthing", "not attributed"),
        ("ml1011-ann-xgb", "nobody's"),
        ("xml101-ann-xgb", "nobody's"),
        ("ml101ann-xgb", "nobody's"),
        ("ML101-ann-xgb", "nobody's"),
        ("ml101-", "nobody's"),
        ("something-else", "nobody's"),
    ],
)
def test_a_name_says_whose_it_is_only_by_the_exact_prefix(name: str, expected: str) -> None:
    assert owner("endpoint", {"EndpointName": name}) == expected


def test_a_tag_says_more_than_any_name() -> None:
    assert owner("endpoint", {"EndpointName": "ml101-bob-xgb"}, OURS) == "ann"
    assert owner("endpoint", {"EndpointName": "free-style"}, OURS) == "ann"


def test_a_tag_without_an_attendee_means_shared() -> None:
    assert owner("endpoint", {"EndpointName": "x"}, {"workshop:name": "ml101"}) == SHARED


def test_an_attendee_who_is_not_in_the_file_any_more_still_owns_by_tag() -> None:
    gone = {"workshop:name": "ml101", "workshop:attendee": "zoe"}
    assert owner("endpoint", {"EndpointName": "x"}, gone) == "zoe"


def test_another_workshops_tag_keeps_a_name_like_ours_from_being_ours() -> None:
    assert owner("endpoint", {"EndpointName": "ml101-ann-xgb"}, FOREIGN) == "not attributed"
    assert owner("endpoint", {"EndpointName": "other-ann-xgb"}, FOREIGN) == "nobody's"


def test_tags_that_say_nothing_of_workshops_leave_the_name_to_decide() -> None:
    assert owner("endpoint", {"EndpointName": "ml101-ann-xgb"}, {"team": "blue"}) == "ann"


@pytest.mark.parametrize("field", ["SpaceName", "UserProfileName"])
def test_an_app_belongs_to_whom_its_space_or_profile_belongs(field: str) -> None:
    row = {"DomainId": "d-other", field: "ml101-ann", "AppType": "JupyterLab", "AppName": "default"}
    assert owner("app", row) == "ann"


def test_an_app_of_a_stranger_in_a_strange_domain_is_nobodys() -> None:
    row = {"DomainId": "d-other", "SpaceName": "jane", "AppType": "JupyterLab", "AppName": "x"}
    assert owner("app", row) == "nobody's"


def test_whatever_lives_in_the_workshops_domain_is_the_workshops() -> None:
    row = {"DomainId": "d-ours", "UserProfileName": "jane"}
    assert owner("user-profile", row, domains=frozenset({"d-ours"})) == SHARED
    assert owner("user-profile", row, domains=frozenset({"d-else"})) == "nobody's"


@pytest.mark.parametrize(
    ("kind", "name", "whose", "managed"),
    [
        ("space", "ml101-ann", "ann", True),
        ("space", "ml101-ann-second", "ann", False),
        ("notebook-instance", "ml101-ann", "ann", True),
        ("endpoint", "ml101-ann", "ann", False),
        ("domain", "ml101-shared", SHARED, True),
        ("studio-lifecycle-config", "ml101-shared-studio-0a1b", SHARED, True),
        # No stack made it, so no stack deletes it, and the domain cannot go while it is there.
        ("user-profile", "jane", SHARED, False),
        ("user-profile", "ml101-zoe", SHARED, False),
    ],
)
def test_only_what_stacks_name_themselves_is_left_to_the_stacks(
    kind: str, name: str, whose: str, managed: bool
) -> None:
    assert is_managed(BY_NAME[kind], name, whose, SCOPE) is managed


def test_protection_covers_a_name_and_the_apps_of_a_protected_space() -> None:
    app = BY_NAME["app"]
    assert is_protected(BY_NAME["endpoint"], {"EndpointName": "ml101-ann-keep"}, SCOPE)
    assert is_protected(app, {"AppName": "default", "SpaceName": "ml101-ann-keep"}, SCOPE)
    assert not is_protected(app, {"AppName": "default", "SpaceName": "ml101-ann"}, SCOPE)

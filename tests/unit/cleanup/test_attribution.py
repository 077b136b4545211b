"""Whose is it: by tag, by name, by Studio's own ownership; in doubt nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cleanup.attribution import (
    Place,
    attribute,
    is_managed,
    is_of_module,
    ownership_lost,
    protection,
)
from cleanup.kinds import BY_NAME
from cleanup.resources import Resource, Scope
from tests.unit.cleanup.resources import make_resource
from workshop.names import SHARED

SCOPE = Scope("ml101", frozenset({"ann", "bob"}), ("us-east-1",), frozenset({"ml101-ann-keep"}))
OURS = {"workshop:name": "ml101", "workshop:attendee": "ann"}
FOREIGN = {"workshop:name": "other", "workshop:attendee": "ann"}


def owner(
    kind: str,
    row: Mapping[str, Any],
    tags: Mapping[str, str] = {},
    place: Place = Place(),  # noqa: B008 - frozen
    scope: Scope = SCOPE,
    parent: Resource | None = None,
) -> str:
    """The owner; "nothing to do with us" and "not attributed" as words of their own."""
    found = attribute(BY_NAME[kind], row, scope, tags, place, parent)
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
    assert owner("user-profile", row, place=Place(frozenset({"d-ours"}))) == SHARED
    assert owner("user-profile", row, place=Place(frozenset({"d-else"}))) == "nobody's"


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
    endpoint, app = BY_NAME["endpoint"], BY_NAME["app"]
    space = {"AppName": "default", "SpaceName": "ml101-ann-keep"}
    assert protection(endpoint, {"EndpointName": "ml101-ann-keep"}, SCOPE, {}, None)
    assert protection(app, space, SCOPE, {}, None)
    assert not protection(app, {**space, "SpaceName": "ml101-ann"}, SCOPE, {}, None)


def test_the_tag_keep_protects_whatever_its_value() -> None:
    row = {"EndpointName": "ml101-ann-xgb"}
    assert "workshop:keep" in protection(
        BY_NAME["endpoint"], row, SCOPE, {"workshop:keep": ""}, None
    )


def test_what_lies_under_something_protected_is_protected_with_it() -> None:
    pipeline = make_resource("pipeline", "ml101-ann-keep", protected="ml101-ann-keep is protected")
    row = {"PipelineName": "p", "PipelineExecutionArn": "arn:x"}
    assert protection(BY_NAME["pipeline-execution"], row, SCOPE, {}, pipeline)


def test_what_lies_under_something_of_anns_is_anns() -> None:
    pipeline = make_resource("pipeline", "ml101-ann-p")
    row = {"PipelineName": "p", "PipelineExecutionArn": "arn:x"}
    assert owner("pipeline-execution", row, parent=pipeline) == "ann"


def test_what_another_account_owns_is_nobodys_even_if_it_is_listed_here() -> None:
    mine, theirs = replace(SCOPE, account="111111111111"), replace(SCOPE, account="222222222222")
    row = {"HubName": "ml101-ann-hub", "HubArn": "arn:aws:sagemaker:x:111111111111:hub/h"}
    assert owner("hub", row, scope=mine) == "ann"
    assert owner("hub", row, scope=theirs) == "nobody's"
    public = {"HubName": "SageMakerPublicHub", "HubArn": "arn:aws:sagemaker:x:aws:hub/h"}
    assert owner("hub", public, scope=replace(mine, everything=True)) == "nobody's"


_GROUP = "security-group-for-inbound-nfs-d-gone"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(frozenset({"d-gone"}), living_domains=frozenset()), SHARED),
        (Place(living_domains=frozenset({"d-gone"})), "nobody's"),
        (Place(living_domains=frozenset()), "not attributed"),
        (Place(living_domains=None), "nobody's"),
    ],
)
def test_what_a_domain_left_is_ours_with_the_domain_and_reported_when_it_is_orphaned(
    place: Place, expected: str
) -> None:
    row = {"GroupId": "sg-1", "GroupName": _GROUP, "VpcId": "vpc-1"}
    assert owner("nfs-security-group", row, place=place) == expected


def test_an_interface_in_the_workshops_own_network_is_the_workshops() -> None:
    row = {"NetworkInterfaceId": "eni-1", "VpcId": "vpc-ours", "Groups": []}
    place = Place(networks=frozenset({"vpc-ours"}))
    assert owner("network-interface", row, place=place) == SHARED
    assert owner("network-interface", {**row, "VpcId": "vpc-x"}, place=place) == "nobody's"


def test_everything_takes_in_whatever_sagemaker_has_but_no_other_service() -> None:
    everything = replace(SCOPE, everything=True, account="111111111111")
    assert owner("endpoint", {"EndpointName": "strange"}, scope=everything) == SHARED
    assert owner("endpoint", {"EndpointName": "ml101-ann-x"}, scope=everything) == "ann"
    assert owner("ecr-repository", {"repositoryName": "app"}, scope=everything) == "nobody's"


@pytest.mark.parametrize(
    ("name", "tags", "expected"),
    [
        ("ml101-ann-iris", {}, True),
        ("ml101-ann-iris-xgb-1", {}, True),
        ("ml101-ann-irises-1", {}, False),
        ("ml101-ann-other", {"workshop:module": "iris"}, True),
        ("ml101-ann-iris-1", {"workshop:module": "other"}, False),
    ],
)
def test_a_module_is_known_by_its_tag_and_else_by_the_name(
    name: str, tags: dict[str, str], expected: bool
) -> None:
    assert is_of_module(name, "ann", replace(SCOPE, module="iris"), tags) is expected


@pytest.mark.parametrize(
    ("why", "tags", "lost"),
    [
        ("tag workshop:name", OURS, ""),
        ("tag workshop:name", {}, "lost its tag"),
        ("tag workshop:name", None, "lost its tag"),
        ("name prefix", None, ""),
        ("name prefix", {"team": "blue"}, ""),
        ("name prefix", FOREIGN, "is now tagged workshop:name=other"),
        ("name prefix", {**OURS, "workshop:keep": "1"}, "is now tagged workshop:keep"),
    ],
)
def test_ownership_is_lost_by_the_tags_of_the_last_moment(
    why: str, tags: dict[str, str] | None, lost: str
) -> None:
    resource = make_resource("endpoint", "ml101-ann-e", why=why)
    assert ownership_lost(resource, tags, SCOPE) == lost


def test_a_tag_that_names_nobody_leaves_a_thing_to_whoever_its_name_names() -> None:
    ours = {"workshop:name": "ml101"}

    assert owner("endpoint", {"EndpointName": "ml101-ann-x"}, ours) == "ann"
    assert owner("endpoint", {"EndpointName": "demo"}, ours) == SHARED

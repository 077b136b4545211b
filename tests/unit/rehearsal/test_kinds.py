"""The table of kinds, held against botocore's own model."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from rehearsal.sagemaker import catalog
from rehearsal.sagemaker.kinds import BY_NAME, GONE, KINDS, Kind
from rehearsal.sagemaker.schema import operations_of, schema_of
from rehearsal.world import service_model

ROOT = Path(__file__).resolve().parents[3]
MODEL = service_model("sagemaker")
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


# The status of these is what the caller says of his work, not what AWS does with it.
SAID_BY_THE_CALLER = {"action", "model-card", "trial-component"}
_TOKENS = {"ClientRequestToken", "ClientToken"}
# Of these a request can say more than the row does: their rules find the resource.
_FOUND_BY_RULES = {"hub-content", "image-version", "artifact", "inference-experiment"}


def input_of(operation: str) -> Any:
    return MODEL.operation_model(operation).input_shape


def described(kind: Kind) -> Any:
    """The structure in which describe shows a resource."""
    shape = MODEL.operation_model(f"Describe{kind.noun}").output_shape
    wrapper = schema_of(MODEL, kind).wrapper
    return shape.members[wrapper] if wrapper else shape


def statuses(kind: Kind) -> set[str]:
    if not kind.status_field:
        return set()
    return set(described(kind).members[kind.status_field].enum)


def named_states(kind: Kind) -> set[str]:
    """Every state that the row names."""
    named: set[str] = set()
    for field in fields(Kind):
        value = getattr(kind, field.name)
        if isinstance(value, frozenset):
            named |= value
    single = ("creating", "ready", "fails", "updating", "updated", "stopping", "stopped")
    named |= {getattr(kind, name) for name in (*single, "starting", "started")}
    return (named | {kind.deleting, kind.deleted}) - {"", GONE}


def test_no_two_kinds_share_a_name_or_a_noun() -> None:
    assert len({kind.name for kind in KINDS}) == len({kind.noun for kind in KINDS}) == len(KINDS)


@every_kind
def test_a_kind_can_be_made_described_and_listed_in_botocores_model(kind: Kind) -> None:
    needed = {f"{kind.verb}{kind.noun}", f"Describe{kind.noun}", f"List{kind.list_noun}"}
    assert needed <= set(MODEL.operation_names)


@every_kind
def test_id_fields_are_what_describe_takes(kind: Kind) -> None:
    shape = input_of(f"Describe{kind.noun}")
    assert set(shape.required_members) <= set(kind.id_fields) <= set(shape.members)


@every_kind
def test_id_fields_are_what_delete_takes_when_there_is_one(kind: Kind) -> None:
    operation = f"Delete{kind.noun}"
    if operation not in MODEL.operation_names:
        assert not kind.deletable_from, "a kind that cannot be deleted says from where it can"
        return
    shape = input_of(operation)
    assert set(kind.id_fields) <= set(shape.members)
    if kind.name not in _FOUND_BY_RULES:
        assert set(shape.required_members) - _TOKENS <= set(kind.id_fields)


@every_kind
def test_a_kind_with_states_that_can_be_deleted_says_from_which(kind: Kind) -> None:
    if kind.status_field and f"Delete{kind.noun}" in MODEL.operation_names:
        assert kind.deletable_from
        assert kind.deleting not in kind.deletable_from


@every_kind
def test_a_kind_that_can_be_stopped_or_started_says_from_which_states(kind: Kind) -> None:
    by_rules = {"notebook-instance", "training-job", "processing-job", "transform-job"}
    if kind.name in by_rules:
        return
    known = set(MODEL.operation_names)
    assert bool(kind.stoppable_from) == (f"Stop{kind.noun}" in known)
    assert bool(kind.stopped) == bool(kind.stoppable_from)
    starts = kind.verb != "Start" and f"Start{kind.noun}" in known
    assert bool(kind.startable_from) == starts


@every_kind
def test_the_arn_field_is_in_what_create_and_describe_answer(kind: Kind) -> None:
    assert kind.arn_name in described(kind).members
    made = MODEL.operation_model(f"{kind.verb}{kind.noun}").output_shape
    assert {kind.arn_name, f"{kind.noun}Arn"} & set(made.members)


@every_kind
def test_the_status_field_is_in_describe_and_absent_only_where_botocore_has_none(
    kind: Kind,
) -> None:
    if kind.name in SAID_BY_THE_CALLER:
        assert kind.status_field is None
        return
    names = set(described(kind).members)
    if kind.status_field is None:
        assert not {"Status", f"{kind.noun}Status"} & names
    else:
        assert kind.status_field in names


@every_kind
def test_every_status_of_a_row_is_one_of_botocores(kind: Kind) -> None:
    assert named_states(kind) <= statuses(kind)


@every_kind
def test_a_kind_with_states_says_where_it_starts_and_when_it_is_ready(kind: Kind) -> None:
    assert bool(kind.status_field) == bool(kind.creating) == bool(kind.ready)


@every_kind
def test_what_a_row_needs_or_is_held_by_is_a_kind(kind: Kind) -> None:
    assert {need.kind for need in kind.needs} <= set(BY_NAME)
    assert {holder.kind for holder in kind.held_by} <= set(BY_NAME)
    for need in kind.needs:
        assert need.path.split(".")[0] in input_of(f"{kind.verb}{kind.noun}").members


@every_kind
def test_the_default_order_of_a_list_is_the_documented_one(kind: Kind) -> None:
    members = input_of(f"List{kind.list_noun}").members
    if "SortBy" not in members:
        return
    said = members["SortBy"].documentation
    order = members["SortOrder"].documentation if "SortOrder" in members else ""
    if "<code>" in said.partition("default")[2]:
        assert _plain(kind.sorted_by) in _plain(said.partition("default")[2])
    if "<code>" in order.partition("default")[2]:
        assert _plain(kind.sort_order) in _plain(order.partition("default")[2])
    assert any(_plain(kind.sorted_by)[:5] in _plain(name) for name in members["SortBy"].enum)


def _plain(text: str) -> str:
    # ListPipelines' documentation says CreatedTime where its enum says CreationTime.
    return text.replace("_", "").lower().replace("createdtime", "creationtime")


def operations_about(kind: Kind) -> set[str]:
    """botocore's operations on a kind: a verb and one of its nouns."""
    nouns = {kind.noun, kind.list_noun, *kind.twins}
    return {
        name
        for name in MODEL.operation_names
        if any(re.fullmatch(f"(?:{_VERB}){noun}", name) for noun in nouns)
    }


_VERB = "Create|Import|Describe|List|Update|Delete|Start|Stop|Retry|Associate|Disassociate"


@every_kind
def test_every_operation_that_botocore_has_on_a_kind_is_answered(kind: Kind) -> None:
    answered = set(operations_of(MODEL, kind)) | set(catalog.OPERATIONS)
    assert operations_about(kind) - answered == set()
    assert {f"{kind.verb}{kind.noun}", f"List{kind.list_noun}"} <= operations_about(kind)


def test_the_documents_tell_how_many_of_botocores_operations_are_answered() -> None:
    answered = {name for kind in KINDS for name in operations_of(MODEL, kind)}
    answered |= set(catalog.OPERATIONS)
    text = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    assert f"{len(answered)} of the {len(MODEL.operation_names)} operations" in text
    missing = set(MODEL.operation_names) - answered
    assert {name for name in missing if f"`{name}`" not in text} == set()
    for kind in KINDS:
        assert f"| {kind.noun} |" in text

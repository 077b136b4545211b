"""The table of kinds, held against botocore's own model."""

from __future__ import annotations

import pytest

from rehearsal.sagemaker.kinds import GONE, KINDS, Kind
from rehearsal.world import service_model

MODEL = service_model("sagemaker")
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def input_of(operation: str) -> set[str]:
    return set(MODEL.operation_model(operation).input_shape.members)


def statuses(kind: Kind) -> set[str]:
    described = MODEL.operation_model(f"Describe{kind.noun}").output_shape
    return set(described.members[kind.status_field].enum) if kind.status_field else set()


def test_no_two_kinds_share_a_name_or_a_noun() -> None:
    assert len({kind.name for kind in KINDS}) == len({kind.noun for kind in KINDS}) == len(KINDS)


@every_kind
def test_a_kind_can_be_created_described_and_listed_in_botocores_model(kind: Kind) -> None:
    needed = {f"Create{kind.noun}", f"Describe{kind.noun}", f"List{kind.plural}"}
    assert needed <= set(MODEL.operation_names)


@every_kind
def test_id_fields_are_what_describe_takes(kind: Kind) -> None:
    assert set(kind.id_fields) == input_of(f"Describe{kind.noun}")


@every_kind
def test_id_fields_are_what_delete_takes_when_there_is_one(kind: Kind) -> None:
    operation = f"Delete{kind.noun}"
    if operation in MODEL.operation_names:
        assert set(kind.id_fields) <= input_of(operation)
        assert set(MODEL.operation_model(operation).input_shape.required_members) <= set(
            kind.id_fields
        )
    else:
        assert not kind.deletable_from, "a kind that cannot be deleted says from where it can"


@every_kind
def test_the_arn_field_is_in_what_create_and_describe_answer(kind: Kind) -> None:
    for verb in ("Create", "Describe"):
        shape = MODEL.operation_model(f"{verb}{kind.noun}").output_shape
        assert kind.arn_field in shape.members, verb


@every_kind
def test_the_status_field_is_in_describe_and_absent_only_where_botocore_has_none(
    kind: Kind,
) -> None:
    described = MODEL.operation_model(f"Describe{kind.noun}").output_shape
    candidates = {name for name in described.members if name in ("Status", f"{kind.noun}Status")}
    assert candidates == ({kind.status_field} if kind.status_field else set())


@every_kind
def test_every_status_of_a_row_is_one_of_botocores(kind: Kind) -> None:
    named = {kind.creating, kind.ready, kind.deleting, kind.deleted}
    named |= kind.deletable_from
    # Its status lives in another shape of the model: a billing state may be one that only
    # the list shows.
    named |= kind.bills_in
    assert named - {"", GONE} <= statuses(kind)


@every_kind
def test_a_kind_with_states_says_where_it_starts_and_when_it_is_ready(kind: Kind) -> None:
    assert bool(kind.status_field) == bool(kind.creating) == bool(kind.ready)


@every_kind
def test_the_default_order_of_a_list_is_the_documented_one(kind: Kind) -> None:
    members = MODEL.operation_model(f"List{kind.plural}").input_shape.members
    if "SortBy" not in members:
        return
    said = members["SortBy"].documentation
    if "default" in said:
        assert kind.sorted_by in said.partition("default")[2]
    order = members["SortOrder"].documentation
    if "default" in order:
        assert kind.sort_order in order.partition("default")[2]
    assert kind.sorted_by in members["SortBy"].enum

"""The table of kinds agrees with botocore's model of the services."""

from __future__ import annotations

import botocore.session
import botocore.validate
import pytest
from botocore import xform_name
from botocore.model import ServiceModel, StructureShape

from cleanup.kinds import BY_NAME, GONE, KINDS, REST, WAIT, Kind

SESSION = botocore.session.get_session()
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def model_of(kind: Kind) -> ServiceModel:
    return SESSION.get_service_model(kind.service)


def operations(kind: Kind) -> dict[str, str]:
    """Client method -> operation name."""
    return {xform_name(name): name for name in model_of(kind).operation_names}


def summary_of(kind: Kind) -> StructureShape:
    """The shape of one row of the kind's list."""
    output = model_of(kind).operation_model(operations(kind)[kind.list_op]).output_shape
    assert isinstance(output, StructureShape)
    member = output.members[kind.list_key].member
    assert isinstance(member, StructureShape)
    return member


def input_of(kind: Kind, call: str) -> StructureShape:
    shape = model_of(kind).operation_model(operations(kind)[call]).input_shape
    assert isinstance(shape, StructureShape)
    return shape


@every_kind
def test_the_list_operation_paginates_over_the_list_key(kind: Kind) -> None:
    paginators = SESSION.get_component("data_loader").load_service_model(
        kind.service, "paginators-1"
    )
    assert paginators["pagination"][operations(kind)[kind.list_op]]["result_key"] == kind.list_key


@every_kind
def test_every_field_of_a_row_is_in_the_list(kind: Kind) -> None:
    fields = {
        kind.name_field,
        kind.arn_field,
        kind.created_field,
        kind.status_field,
        kind.domain_field,
        *kind.id_fields,
        *kind.owner_fields,
    } - {""}
    assert fields <= set(summary_of(kind).members)


@every_kind
def test_every_call_takes_all_id_fields_and_needs_nothing_else(kind: Kind) -> None:
    assert kind.calls
    for call in kind.calls:
        shape = input_of(kind, call)
        extra = kind.delete_with if call.startswith("delete_") else {}
        assert {*kind.id_fields, *extra} <= set(shape.members)
        assert set(shape.required_members) <= {*kind.id_fields, *extra}


@every_kind
def test_what_delete_takes_besides_the_ids_is_valid(kind: Kind) -> None:
    for call in kind.calls:
        if call.startswith("delete_"):
            ids = dict.fromkeys(kind.id_fields, "d-abc")
            request = {**ids, **kind.delete_with}
            report = botocore.validate.ParamValidator().validate(request, input_of(kind, call))
            assert not report.has_errors(), report.generate_report()


@every_kind
def test_every_status_that_the_api_knows_has_an_action_and_no_other(kind: Kind) -> None:
    if not kind.status_field:
        assert kind.always
        assert not kind.on_status
        return
    assert not kind.always
    assert set(kind.on_status) == set(summary_of(kind).members[kind.status_field].enum)


@every_kind
def test_actions_are_stop_or_delete_calls_or_words_of_the_table(kind: Kind) -> None:
    for action in {*kind.on_status.values(), kind.always} - {WAIT, GONE, REST, ""}:
        assert action in operations(kind)
        assert action.split("_", 1)[0] in {"stop", "delete"}


@every_kind
def test_what_must_be_gone_first_stands_earlier_in_the_table(kind: Kind) -> None:
    # Hence the order has no cycle, and the step rule may walk the table once.
    names = [other.name for other in KINDS]
    assert set(kind.after) <= set(names[: names.index(kind.name)])


@every_kind
def test_a_kind_bills_by_the_hour_by_the_month_or_not_at_all(kind: Kind) -> None:
    assert kind.bills in {"hour", "month", ""}


@every_kind
def test_a_status_that_the_table_does_not_know_waits(kind: Kind) -> None:
    if kind.status_field:
        assert kind.action("Levitating") == WAIT


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(KINDS)


def test_a_misspelt_column_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Kind(  # type: ignore[call-arg]
            name="x", list_op="list_x", list_key="X", id_fields=("X",), name_field="X", bill="hour"
        )


def test_deleting_a_domain_takes_its_file_system_along() -> None:
    retention = {"RetentionPolicy": {"HomeEfsFileSystem": "Delete"}}
    assert BY_NAME["domain"].delete_with == retention

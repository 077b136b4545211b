"""The table of kinds agrees with botocore's model of the services."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from typing import Any

import botocore.session
import botocore.validate
import pytest
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

import cleanup.kinds
from cleanup.kind import GONE, PAID, REST, WAIT, Kind
from cleanup.kinds import BY_NAME, KINDS
from cleanup.kinds.left_out import LEFT_OUT_CALLS, LEFT_OUT_LISTS
from cleanup.kinds.states import states
from tools.kinds_page import FAMILIES, iam_actions, kinds_of

SESSION = botocore.session.get_session()
NAMES = [kind.name for kind in KINDS]
WORDS = {WAIT, GONE, REST, PAID}
# Operations that stop something or remove it, and that are no Update, Create or Describe.
REMOVES = re.compile(r"(Stop|Delete|Deregister|Disassociate|Detach|BatchDelete)[A-Z]")
# Where botocore's model names no maximum: what the operation's description says.
DESCRIBED_LIMITS = {
    "DescribeScalableTargets": 50,
    "DescribeFileSystems": 100,
    "DescribeMountTargets": 100,
}
# A row as its list operation may return it, for the functions that read one.
ROWS: Mapping[str, Mapping[str, Any]] = {
    "autoscaling-target": {"ResourceId": "endpoint/ml101-ann-iris/variant/AllTraffic"},
    "hub-content": {"HubContentName": "iris"},
    "image-version": {"ImageName": "ml101-ann-image", "Version": 3},
    "model-package": {"ModelPackageGroupName": "ml101-ann-iris", "ModelPackageVersion": 2},
    "nfs-security-group": {"GroupName": "security-group-for-inbound-nfs-d-abc123"},
    "pipeline-execution": {
        "PipelineName": "ml101-ann-pipe",
        "PipelineExecutionArn": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/p/execution/x1",
    },
    "training-session": {
        "TrainingSessionArn": "arn:aws:sagemaker:eu-west-1:1:training-session/ml101-ann-s",
    },
    "trial-component-association": {"TrialName": "ml101-ann-t", "TrialComponentName": "c"},
}

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def model_of(kind: Kind) -> ServiceModel:
    return SESSION.get_service_model(kind.service)


def operation(kind: Kind, method: str) -> OperationModel:
    """The operation behind a client method. Raises KeyError when there is none."""
    model = model_of(kind)
    return model.operation_model({xform_name(n): n for n in model.operation_names}[method])


def input_of(kind: Kind, method: str) -> StructureShape:
    shape = operation(kind, method).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def output_of(kind: Kind, method: str) -> StructureShape:
    shape = operation(kind, method).output_shape
    assert isinstance(shape, StructureShape)
    return shape


def summary_of(kind: Kind) -> StructureShape:
    """The shape of one row of the kind's list."""
    member = output_of(kind, kind.list_op).members[kind.list_key].member
    assert isinstance(member, StructureShape)
    return member


def shape_at(shape: StructureShape, path: str) -> Shape:
    """The member at a dotted path. Raises KeyError when there is none."""
    found: Any = shape
    for part in path.split("."):
        found = found.members[part]
    return found


def parameters_and_fields(kind: Kind) -> list[tuple[str, str]]:
    return [entry if isinstance(entry, tuple) else (entry, entry) for entry in kind.id_fields]


def id_parameters(kind: Kind) -> set[str]:
    return {parameter for parameter, _ in parameters_and_fields(kind)}


def given(kind: Kind) -> set[str]:
    """Fields that the scan adds to a row: its parent's."""
    return set(kind.parent.given) if kind.parent else set()


def statuses_of(kind: Kind) -> set[str]:
    return set(shape_at(summary_of(kind), kind.status_field).enum)


def example(shape: Shape) -> Any:
    """A value of a scalar shape that is long enough."""
    text = "x" * shape.metadata.get("min", 1)
    return {"integer": 3, "boolean": True}.get(shape.type_name, text)


# Listing


@every_kind
def test_the_list_operation_returns_rows_under_the_list_key(kind: Kind) -> None:
    assert summary_of(kind).members


@every_kind
def test_the_list_operation_pages_with_a_paginator_or_with_tokens(kind: Kind) -> None:
    found = operation(kind, kind.list_op)
    loader = SESSION.get_component("data_loader")
    paginators = loader.load_service_model(kind.service, "paginators-1")["pagination"]
    if found.name in paginators:
        assert paginators[found.name]["result_key"] == kind.list_key
    else:
        assert "NextToken" in input_of(kind, kind.list_op).members
        assert "NextToken" in output_of(kind, kind.list_op).members


@every_kind
def test_a_page_is_as_large_as_the_api_allows(kind: Kind) -> None:
    found = operation(kind, kind.list_op)
    limits = [
        shape.metadata.get("max", DESCRIBED_LIMITS.get(found.name))
        for name, shape in input_of(kind, kind.list_op).members.items()
        if name.lower() in ("maxresults", "maxitems")
    ]
    assert [kind.page_size] == (limits or [0])


@every_kind
def test_what_the_list_operation_is_called_with_is_valid_and_all_it_needs(kind: Kind) -> None:
    shape = input_of(kind, kind.list_op)
    for variant in kind.variants:
        from_parent = {name: example(shape.members[name]) for name in given(kind)}
        request = {**kind.list_with, **variant, **from_parent}
        # botocore's validator lets pass what the enum does not have; the service does not.
        for name, found in request.items():
            assert found in (getattr(shape.members[name], "enum", None) or [found])
        report = botocore.validate.ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()


@every_kind
def test_variants_cover_the_whole_of_what_they_differ_in(kind: Kind) -> None:
    shape = input_of(kind, kind.list_op)
    same_list = [k for k in KINDS if k.list_op == kind.list_op and k.service == kind.service]
    required = set(shape.required_members) - given(kind)
    for name in required & set(kind.variants[0]):
        asked = {v[name] for k in same_list for v in [*k.variants, k.list_with] if name in v}
        assert asked == set(shape.members[name].enum)


@every_kind
def test_every_field_of_a_row_is_in_the_list(kind: Kind) -> None:
    listed = summary_of(kind)
    paths = {
        kind.name_field,
        kind.arn_field,
        kind.created_field,
        kind.status_field,
        kind.instance_field,
        kind.tags_field,
        kind.vpc_field,
        *(field for _, field in parameters_and_fields(kind)),
        *kind.owner_fields,
    }
    for path in paths - {""} - given(kind):
        shape_at(listed, path)


@every_kind
def test_when_it_was_made_is_a_point_in_time(kind: Kind) -> None:
    if kind.created_field:
        assert shape_at(summary_of(kind), kind.created_field).type_name == "timestamp"


@every_kind
def test_where_the_list_has_an_arn_and_a_time_the_row_names_them(kind: Kind) -> None:
    members = summary_of(kind).members
    if not kind.created_field:
        assert "CreationTime" not in members
    if not kind.arn_field:
        arns = {name for name in members if name.lower().endswith("arn")}
        # Of an association, the ARN is the component's; a role or an outpost is another thing.
        assert arns <= {"TrialComponentArn", "OutpostArn", "RoleArn"}


@every_kind
def test_a_parent_is_a_kind_whose_fields_the_list_operation_takes(kind: Kind) -> None:
    if kind.parent is None:
        return
    parent = BY_NAME[kind.parent.kind]
    assert parent.parent is None
    for parameter, field in kind.parent.given.items():
        assert parameter in input_of(kind, kind.list_op).members
        shape_at(summary_of(parent), field)


# Names and ids


@every_kind
def test_a_row_has_a_name(kind: Kind) -> None:
    assert bool(kind.name_field) != bool(kind.name_of)
    row = ROWS[kind.name] if kind.name_of else {kind.name_field: "ml101-ann-x"}
    assert kind.name_in(row)


def test_names_are_those_by_which_owners_are_told_apart() -> None:
    found = {name: BY_NAME[name].name_in(row) for name, row in ROWS.items()}
    assert found == {
        "autoscaling-target": "ml101-ann-iris",
        "hub-content": "iris",
        "image-version": "ml101-ann-image:3",
        "model-package": "ml101-ann-iris/2",
        "nfs-security-group": "security-group-for-inbound-nfs-d-abc123",
        "pipeline-execution": "ml101-ann-pipe/x1",
        "training-session": "ml101-ann-s",
        "trial-component-association": "ml101-ann-t/c",
    }


def test_a_model_package_outside_a_group_has_a_name_of_its_own() -> None:
    assert BY_NAME["model-package"].name_in({"ModelPackageName": "ml101-ann-p"}) == "ml101-ann-p"


def test_an_image_version_is_sent_as_a_number_and_a_session_by_its_name() -> None:
    version, session = BY_NAME["image-version"], BY_NAME["training-session"]
    assert version.ids_sent(version.ids_in(ROWS["image-version"])) == {
        "ImageName": "ml101-ann-image",
        "Version": 3,
    }
    assert session.ids_sent(session.ids_in(ROWS["training-session"])) == {
        "TrainingSessionName": "ml101-ann-s"
    }


# Calls


@every_kind
def test_a_kind_has_calls_unless_it_is_paid_for(kind: Kind) -> None:
    paid = PAID in kind.on_status.values()
    assert bool(kind.calls) != paid


@every_kind
def test_every_call_takes_the_ids_and_what_goes_with_it_and_needs_nothing_else(kind: Kind) -> None:
    for call in kind.calls:
        shape = input_of(kind, call)
        fixed = dict(kind.call_with.get(call, {}))
        asked = set(_asked(kind, call))
        assert id_parameters(kind) | set(fixed) | asked <= set(shape.members)
        ids = {name: example(shape.members[name]) for name in id_parameters(kind)}
        # botocore fills idempotency tokens in by itself.
        filled = {
            n: "x" * 36 for n, m in shape.members.items() if m.metadata.get("idempotencyToken")
        }
        request = {**filled, **ids, **fixed}
        missing = set(shape.required_members) - set(request)
        assert missing <= asked
        report = botocore.validate.ParamValidator().validate(
            {**request, **_asked(kind, call)}, shape
        )
        assert not report.has_errors(), report.generate_report()


@every_kind
def test_ids_are_sent_in_the_type_that_the_api_takes(kind: Kind) -> None:
    for call in kind.calls:
        members = input_of(kind, call).members
        for parameter in id_parameters(kind):
            sent = kind.ids_sent([(parameter, "3")])[parameter]
            assert type(sent) is {"integer": int}.get(members[parameter].type_name, str)


@every_kind
def test_what_goes_with_a_call_belongs_to_a_call_of_the_row(kind: Kind) -> None:
    assert set(kind.call_with) <= set(kind.calls)
    assert set(kind.questions) <= set(kind.calls)
    assert set(kind.sent_as) <= id_parameters(kind)


@every_kind
def test_a_question_is_asked_with_what_its_operation_takes(kind: Kind) -> None:
    for question in kind.questions.values():
        shape = input_of(kind, question.operation)
        ids: dict[str, Any] = dict.fromkeys(id_parameters(kind), "x" * 8)
        request = question.ask_with(ids) if question.ask_with else ids
        report = botocore.validate.ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()


@every_kind
def test_calls_stop_or_delete(kind: Kind) -> None:
    for call in kind.calls:
        name = operation(kind, call).name
        assert REMOVES.match(name) or kind.call_with.get(call) or kind.questions.get(call)


def _asked(kind: Kind, call: str) -> dict[str, Any]:
    """The parameters that a call's question makes of an answer."""
    return kind.questions[call].parameters(ANSWERS[call]) if call in kind.questions else {}


# What AWS answers to the questions, as far as the rows read it.
RULE = {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 988, "UserIdGroupPairs": []}
GROUP = {"IpPermissions": [RULE], "IpPermissionsEgress": [{**RULE, "FromPort": 2049}]}
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "stop_inference_experiment": {
        "ModelVariants": [{"VariantName": "live"}, {"VariantName": "shadow"}],
        "ShadowModeConfig": {"SourceModelVariantName": "live"},
    },
    "revoke_security_group_ingress": {"SecurityGroups": [GROUP]},
    "revoke_security_group_egress": {"SecurityGroups": [GROUP]},
}


def test_stopping_an_experiment_leaves_the_endpoint_its_production_variant() -> None:
    assert _asked(BY_NAME["inference-experiment"], "stop_inference_experiment") == {
        "ModelVariantActions": {"live": "Retain", "shadow": "Remove"}
    }


def test_a_groups_rules_are_revoked_by_direction_and_then_it_is_deleted() -> None:
    kind = BY_NAME["nfs-security-group"]
    rows = [GROUP, {**GROUP, "IpPermissions": []}, {"IpPermissions": [], "IpPermissionsEgress": []}]
    assert [kind.action(kind.status_in(row)) for row in rows] == [
        "revoke_security_group_ingress",
        "revoke_security_group_egress",
        "delete_security_group",
    ]
    for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        asked = _asked(kind, f"revoke_security_group_{direction}")
        assert asked == {"IpPermissions": GROUP[member]}


def test_deleting_a_domain_takes_its_file_system_along() -> None:
    retention = {"RetentionPolicy": {"HomeEfsFileSystem": "Delete"}}
    assert BY_NAME["domain"].call_with["delete_domain"] == retention


# States


@every_kind
def test_every_status_that_the_api_knows_has_an_action_and_no_other(kind: Kind) -> None:
    if kind.always:
        assert not kind.on_status
        assert not kind.status_field
    elif kind.status_of:
        assert not kind.status_field
        assert kind.on_status
    else:
        assert set(kind.on_status) == statuses_of(kind)


@every_kind
def test_what_has_a_status_in_its_list_is_not_deleted_whatever_it_is(kind: Kind) -> None:
    if kind.always:
        own = {"Status", f"{summary_of(kind).name.removesuffix('Summary')}Status"}
        # Draft, Approved and the like; whether a component's job has ended.
        assert not own & set(summary_of(kind).members) or kind.name.startswith(
            ("model-card", "trial-component")
        )


@every_kind
def test_actions_are_client_methods_or_words_of_the_table(kind: Kind) -> None:
    for action in {*kind.on_status.values(), kind.always, kind.forget} - WORDS - {""}:
        operation(kind, action)


@every_kind
def test_only_what_rests_can_be_forgotten(kind: Kind) -> None:
    if kind.forget:
        assert REST in kind.on_status.values()


@every_kind
def test_a_status_that_the_table_does_not_know_waits(kind: Kind) -> None:
    if not kind.always:
        assert kind.action("Levitating") == WAIT


def test_states_group_statuses_by_action() -> None:
    assert states(stop_x="A B", rest="C") == {"A": "stop_x", "B": "stop_x", "C": REST}


def test_a_status_in_two_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="A is in two groups: stop_x and rest"):
        states(stop_x="A", rest="A")


# Order


@every_kind
def test_what_must_be_gone_first_stands_earlier_in_the_table(kind: Kind) -> None:
    # Hence the order has no cycle, and the step rule may walk the table once.
    assert set(kind.after) <= set(NAMES[: NAMES.index(kind.name)])


@every_kind
def test_what_lives_in_a_parent_goes_before_it_or_with_it(kind: Kind) -> None:
    if kind.parent:
        assert kind.name in BY_NAME[kind.parent.kind].after


def test_what_bills_by_the_hour_stands_first_with_what_it_waits_for() -> None:
    hourly = {kind.name for kind in KINDS if kind.bills == "hour"}
    before = {name for kind in KINDS if kind.bills == "hour" for name in kind.after}
    last = max(NAMES.index(name) for name in hourly)
    assert set(NAMES[: last + 1]) == hourly | before


def test_a_running_job_does_not_wait_for_its_own_warm_pool() -> None:
    # The pool is InUse, which waits, until the job ends: neither would ever be stopped.
    assert "warm-pool" not in BY_NAME["training-job"].after


def test_what_is_left_elsewhere_waits_for_what_left_it() -> None:
    for kind in KINDS:
        if kind.leftover:
            assert kind.after


# Bills


@every_kind
def test_a_kind_bills_by_the_hour_by_the_month_or_not_at_all(kind: Kind) -> None:
    assert {kind.bills, *kind.bills_in.values()} <= {"hour", "month", ""}


@every_kind
def test_exceptions_to_the_bill_are_for_statuses_of_the_row_and_do_differ(kind: Kind) -> None:
    for status, bills in kind.bills_in.items():
        assert status in kind.on_status
        assert bills != kind.bills


def test_an_ended_job_bills_nothing_and_a_running_one_by_the_hour() -> None:
    job = BY_NAME["training-job"]
    found = {status: job.bills_at(status) for status in ("InProgress", "Stopping", "Completed")}
    assert found == {"InProgress": "hour", "Stopping": "hour", "Completed": ""}


# Where it lies


def test_a_leftover_tells_of_which_domain_it_is() -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:domain/d-abc123"
    tags = [{"Key": "ManagedByAmazonSageMakerResource", "Value": arn}]
    groups = [{"GroupName": "default"}, {"GroupName": "security-group-for-outbound-nfs-d-abc123"}]
    rows: dict[str, dict[str, Any]] = {
        "efs-file-system": {"Tags": tags},
        "nfs-security-group": groups[1],
        "network-interface": {"Groups": groups},
    }
    assert {_domain(name, row) for name, row in rows.items()} == {"d-abc123"}
    assert {_domain(name, {}) for name in rows} == {""}


def test_a_security_group_that_is_only_named_alike_is_of_no_domain() -> None:
    assert _domain("nfs-security-group", {"GroupName": "security-group-for-inbound-nfs-mine"}) == ""


def _domain(name: str, row: Mapping[str, Any]) -> str:
    domain_of = BY_NAME[name].domain_of
    assert domain_of
    return domain_of(row)


# Completeness


def _sagemaker_operations() -> Iterable[str]:
    names: Iterable[str] = SESSION.get_service_model("sagemaker").operation_names
    return names


def _used(methods: Iterable[tuple[Kind, str]]) -> set[str]:
    return {operation(kind, method).name for kind, method in methods}


def test_every_operation_that_stops_or_removes_is_used_or_left_out_for_a_reason() -> None:
    offered = {name for name in _sagemaker_operations() if REMOVES.match(name)}
    used = _used((k, call) for k in KINDS if k.service == "sagemaker" for call in k.calls)
    assert offered - used == set(LEFT_OUT_CALLS)


def test_every_list_operation_is_used_or_left_out_for_a_reason() -> None:
    offered = {name for name in _sagemaker_operations() if name.startswith("List")}
    used = _used((k, k.list_op) for k in KINDS if k.service == "sagemaker")
    assert offered - used == set(LEFT_OUT_LISTS)


def test_every_reason_says_something() -> None:
    assert all({**LEFT_OUT_CALLS, **LEFT_OUT_LISTS}.values())


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(KINDS)


def test_no_two_rows_list_the_same_with_the_same_ids_but_pools_and_associations() -> None:
    seen: dict[tuple[Any, ...], str] = {}
    twins = set()
    for kind in KINDS:
        key = kind.service, kind.list_op
        if key in seen:
            twins.add((seen[key], kind.name))
        seen[key] = kind.name
    assert twins == {
        ("training-job", "warm-pool"),
        ("hub-content", "hub-content-reference"),
        ("trial-component-association", "trial-component"),
    }


def test_a_misspelt_column_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Kind(  # type: ignore[call-arg]
            name="x", list_op="list_x", list_key="X", id_fields=("X",), name_field="X", bill="hour"
        )


def test_every_row_that_is_written_is_in_the_table_and_on_the_page() -> None:
    rows = {
        info.name: kinds_of(importlib.import_module(f"cleanup.kinds.{info.name}"))
        for info in pkgutil.iter_modules(cleanup.kinds.__path__)
    }
    assert {name for name, kinds in rows.items() if kinds} == set(FAMILIES)
    assert sorted(kind.name for kinds in rows.values() for kind in kinds) == sorted(NAMES)


def test_the_page_names_iam_actions_by_the_prefix_of_their_service() -> None:
    assert iam_actions(BY_NAME["efs-file-system"]) == [
        "elasticfilesystem:DeleteFileSystem",
        "elasticfilesystem:DescribeFileSystems",
    ]
    assert "sagemaker:DescribeInferenceExperiment" in iam_actions(BY_NAME["inference-experiment"])


def test_a_training_plan_tells_its_price() -> None:
    fee_of = BY_NAME["training-plan"].fee_of
    assert fee_of
    assert fee_of({"UpfrontFee": "1234.50", "CurrencyCode": "USD"}) == "1234.50 USD"
    assert fee_of({}) == ""

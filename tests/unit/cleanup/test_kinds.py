"""The table of kinds agrees with botocore's model: what is listed, how, and by what name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.validate
import pytest

from cleanup.kind import Kind
from cleanup.kinds import BY_NAME, KINDS
from tests.unit.cleanup.kinds_model import (
    SESSION,
    every_kind,
    example,
    given,
    input_of,
    operation,
    output_of,
    parameters_and_fields,
    shape_at,
    summary_of,
)

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


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(KINDS)


def test_a_misspelt_column_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Kind(  # type: ignore[call-arg]
            name="x", list_op="list_x", list_key="X", id_fields=("X",), name_field="X", bill="hour"
        )

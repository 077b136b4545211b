"""The table of kinds agrees with botocore's model: every call takes what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.validate

from cleanup.kind import PAID, Kind
from cleanup.kinds import BY_NAME
from tests.unit.cleanup.kinds_model import (
    REMOVES,
    every_kind,
    example,
    id_parameters,
    input_of,
    operation,
)

# What AWS answers to the questions, as far as the rows read it.
RULE: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 988, "ToPort": 988, "UserIdGroupPairs": []}
GROUP: dict[str, Any] = {
    "IpPermissions": [RULE],
    "IpPermissionsEgress": [{**RULE, "FromPort": 2049}],
}
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "stop_inference_experiment": {
        "ModelVariants": [{"VariantName": "live"}, {"VariantName": "shadow"}],
        "ShadowModeConfig": {"SourceModelVariantName": "live"},
    },
    "revoke_security_group_ingress": {"SecurityGroups": [GROUP]},
    "revoke_security_group_egress": {"SecurityGroups": [GROUP]},
}


def _asked(kind: Kind, call: str) -> dict[str, Any]:
    """The parameters that a call's question makes of an answer."""
    return kind.questions[call].parameters(ANSWERS[call]) if call in kind.questions else {}


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


def test_a_claim_writes_the_tag_that_attribution_reads() -> None:
    claimed = [kind for kind in BY_NAME.values() if kind.claim]
    assert [kind.name for kind in claimed] == ["efs-file-system", "nfs-security-group"]
    for kind in claimed:
        assert kind.claim is not None
        ids = dict.fromkeys(id_parameters(kind), "fs-12345678")
        request = kind.claim.parameters(ids, "workshop:name", "ml101")
        shape = input_of(kind, kind.claim.operation)
        report = botocore.validate.ParamValidator().validate(request, shape)
        assert not report.has_errors(), report.generate_report()
        assert request["Tags"] == [{"Key": "workshop:name", "Value": "ml101"}]
        assert kind.tags_field

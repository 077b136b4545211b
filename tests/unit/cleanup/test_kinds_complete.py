"""The table of kinds is complete: what botocore's model offers is used or left out on purpose."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from typing import Any

import cleanup.kinds
from cleanup.kinds import BY_NAME, KINDS
from cleanup.kinds.left_out import LEFT_OUT_CALLS, LEFT_OUT_LISTS
from tests.unit.cleanup.kinds_model import (
    NAMES,
    REMOVES,
    SESSION,
    operations_of,
)
from tools.kinds_page import FAMILIES, iam_actions, kinds_of


def _sagemaker_operations() -> Iterable[str]:
    names: Iterable[str] = SESSION.get_service_model("sagemaker").operation_names
    return names


def test_every_operation_that_stops_or_removes_is_used_or_left_out_for_a_reason() -> None:
    offered = {name for name in _sagemaker_operations() if REMOVES.match(name)}
    used = operations_of((k, call) for k in KINDS if k.service == "sagemaker" for call in k.calls)
    assert offered - used == set(LEFT_OUT_CALLS)


def test_every_list_operation_is_used_or_left_out_for_a_reason() -> None:
    offered = {name for name in _sagemaker_operations() if name.startswith("List")}
    used = operations_of((k, k.list_op) for k in KINDS if k.service == "sagemaker")
    assert offered - used == set(LEFT_OUT_LISTS)


def test_every_reason_says_something() -> None:
    assert all({**LEFT_OUT_CALLS, **LEFT_OUT_LISTS}.values())


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
        "elasticfilesystem:TagResource",
    ]
    assert "sagemaker:DescribeInferenceExperiment" in iam_actions(BY_NAME["inference-experiment"])


def test_a_training_plan_tells_its_price() -> None:
    fee_of = BY_NAME["training-plan"].fee_of
    assert fee_of
    assert fee_of({"UpfrontFee": "1234.50", "CurrencyCode": "USD"}) == "1234.50 USD"
    assert fee_of({}) == ""


def test_a_row_can_be_read_at_a_glance() -> None:
    for name in FAMILIES:
        source = inspect.getsource(importlib.import_module(f"cleanup.kinds.{name}"))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Kind":
                assert (node.end_lineno or 0) - node.lineno < 28

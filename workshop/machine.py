"""What something runs on: the words in which cleanup asks and costs answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """`count` instances of a type, for a use that has prices of its own.

    `usage` is "hosting", "training", "training-warm-pool", "processing", "transform",
    "notebook", "studio-jupyterlab", "cluster" or another of the price table's words.
    """

    usage: str
    instance_type: str
    count: int = 1

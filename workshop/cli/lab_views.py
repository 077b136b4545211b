"""How labs are shown by several commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modules.declarations import Need


def needs_in_words(needs: Iterable[Need]) -> str:
    """ "training 1 x ml.m5.xlarge, endpoint 1 x ml.m5.large", or "none"."""
    return ", ".join(f"{n.use} {n.count} x {n.instance_type}" for n in needs) or "none"

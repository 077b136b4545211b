"""How labs are shown by several commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modules.declarations import Need


def needs_in_words(needs: Iterable[Need]) -> str:
    """ "training 1 x ml.m5.xlarge, endpoint 1 x ml.m5.large", or "none"."""
    return ", ".join(f"{n.use} {n.count} x {n.instance_type}" for n in needs) or "none"


def figure(value: object) -> str:
    """A lab's result ("accuracy 0.967") or what is expected of it ("accuracy >= 0.9"), as JSON
    carries them; "-" for none."""
    if not isinstance(value, dict):
        return "-"
    if "at_least" in value:
        return f"{value['metric']} >= {value['at_least']:g}"
    if "at_most" in value:
        return f"{value['metric']} <= {value['at_most']:g}"
    return f"{value['metric']} {value['value']:.3f}"

"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import click
import pytest

from workshop.cli.durations import Duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30s", timedelta(seconds=30)),
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("0s", timedelta()),
    ],
)
def test_a_whole_number_and_a_unit_are_a_duration(text: str, duration: timedelta) -> None:
    assert Duration().convert(text, None, None) == duration


@pytest.mark.parametrize("text", ["", "2", "h", "-1h", "1.5h", "1h30m", "1w", "1234567d", "1 h"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 30s, 90m, 2h or 1d"):
        Duration().convert(text, None, None)

"""Whether work is safe is judged by what AWS tells, and what it does not tell is never safe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workshop.collecting.record import Record
from workshop.collecting.survey import Evidence, State, Workspace, judge

NINE = datetime(2030, 3, 4, 9, tzinfo=UTC)
NOON = NINE + timedelta(hours=3)
RECORD = Record(NOON, "studio", "home", "0", 1, 1, 1, (), 0)


def space(*, was_started: bool = False, started: datetime | None = None) -> Workspace:
    return Workspace("ann", "us-east-1", "studio", False, was_started, started)


@pytest.mark.parametrize(
    ("workspace", "evidence", "state"),
    [
        (None, Evidence(), State.NOT_STARTED),
        (space(), Evidence(), State.NOT_STARTED),
        # SageMaker tells of an app; the bucket, of a start that was noted there.
        (space(was_started=True, started=NINE), Evidence(), State.MISSING),
        (space(), Evidence(started=NINE), State.MISSING),
        (space(), Evidence(NINE, NOON, RECORD), State.COLLECTED),
        (space(was_started=True, started=NINE), Evidence(None, NOON, RECORD), State.COLLECTED),
        (space(), Evidence(NOON, NINE, RECORD), State.STALE),
        (space(was_started=True, started=NOON), Evidence(None, NINE, RECORD), State.STALE),
        (space(was_started=True, started=NOON), Evidence(NINE, NINE, RECORD), State.STALE),
        # Its volume is gone: nothing can be lost any more.
        (None, Evidence(NOON, NINE, RECORD), State.COLLECTED),
        (None, Evidence(NOON), State.NOT_STARTED),
    ],
)
def test_work_is_judged_by_starts_and_collections(
    workspace: Workspace | None, evidence: Evidence, state: State
) -> None:
    assert judge(workspace, evidence) is state

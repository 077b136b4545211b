"""The guard of a classroom on a local AWS, run by run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from costs.prices import Cell, Price, Prices
from guard import notices
from guard.execute import Means, Report, execute
from guard.notices import Send
from guard.plan import Plan, make_plan
from guard.policy import GuardPolicy
from guard.table import Table
from rehearsal.account import ACCOUNT
from tests.unit.guard.two_days.classroom import (
    ENDPOINT_IDLE,
    RATES,
    WORKSHOP,
    WORKSPACE_IDLE,
    Classroom,
)
from tests.unit.guard.two_days.people import DAY
from tests.unit.rehearsal.bench import REGION
from workshop.aws import Clients

# Nobody's limits are to be spared here, and the pace is kept in real time.
_AS_FAST_AS_IT_GOES = 1e6
PERIOD = 10  # minutes between two runs
JOB_MINUTES = 240
ENDS = DAY + 9 * 60
GRACE = 60
_USAGES = {
    "ml.t3.medium": ("studio-jupyterlab", "notebook"),
    "ml.m5.large": ("hosting",),
    "ml.c5.4xlarge": ("hosting",),
    "ml.m5.xlarge": ("training", "transform"),
}


def make_policy(classroom: Classroom, **changes: Any) -> GuardPolicy:
    """The rules of these two days. Volumes cost nothing, so that all costs are by the hour."""
    cells = {Cell(REGION, usage, t): RATES[t] for t, usages in _USAGES.items() for usage in usages}
    cells |= {
        Cell(REGION, "studio-volume", "gp3"): 0.0,
        Cell(REGION, "notebook-volume", "gp2"): 0.0,
    }
    values: dict[str, Any] = {
        "workshop": WORKSHOP,
        "region": REGION,
        "regions": (REGION,),
        "ends": classroom.at(ENDS),
        "grace": timedelta(minutes=GRACE),
        "after_end": "stop",
        "workspace_idle": timedelta(minutes=WORKSPACE_IDLE),
        "endpoint_idle": timedelta(minutes=ENDPOINT_IDLE),
        "job_age": timedelta(minutes=JOB_MINUTES),
        "unseen_age": timedelta(hours=12),
        "instances": 1,
        "allowed": {
            "training": ("ml.m5.xlarge",),
            "processing": ("ml.m5.xlarge",),
            "transform": ("ml.m5.xlarge",),
            "endpoint": ("ml.m5.large", "ml.c5.4xlarge"),
        },
        "budget_total": 200.0,
        "budget_per_attendee": 9.0,
        "prices": Prices({cell: Price(usd, "2027-01", "test") for cell, usd in cells.items()}),
    }
    return GuardPolicy(**{**values, **changes})


@dataclass
class Guarded:
    """A classroom with its guard, whose clock is ahead by `skew`; `send` posts to webhooks."""

    classroom: Classroom
    policy: GuardPolicy
    clients: Clients
    skew: timedelta = timedelta()
    send: Send = notices.post
    reports: list[Report] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The ledger's table."""
        return Table(self.clients, self.policy)

    def plan(self) -> Plan:
        """What the guard would do now."""
        now = self.classroom.now() + self.skew
        return make_plan(
            self.policy,
            ACCOUNT,
            self.table.read(),
            self.clients,
            now,
            calls_per_second=_AS_FAST_AS_IT_GOES,
        )

    def execute(self, plan: Plan) -> Report:
        """Let it do that."""
        report = execute(
            plan,
            Means(
                self.clients,
                self.table,
                self.classroom.topic,
                self.log.append,
                now=lambda: self.classroom.minute * 60,
                sleep=self.classroom.sleep,
                send=self.send,
            ),
        )
        self.reports.append(report)
        self.classroom.look()
        return report

    def run(self) -> Report:
        """Let the guard look once, and do what it decides."""
        return self.execute(self.plan())

    def run_until(self, minute: int, begin: int | None = None) -> Report:
        """Let people do what they do, and the guard look at every period; the last report."""
        first = begin if begin is not None else (int(self.classroom.minute) // PERIOD + 1) * PERIOD
        for at in range(first, minute + 1, PERIOD):
            self.classroom.advance(at)
            report = self.run()
        return report

"""Cases of the rule, one for every branch of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from cleanup.machines import Machines
from cleanup.resources import Resource
from costs.meter import Amount, Bill
from guard.ledger import Extension, Hold, Ledger
from guard.rule import Activity, Subject, Verdict, decide
from tests.unit.guard.samples import at, hosting, policy, resource
from workshop.machine import Machine
from workshop.names import SHARED

# Of a policy whose workshop ends at 17:00 with an hour of grace, and whose things may be idle
# for an hour, unseen for twelve and training for four. All times are minutes of the day.
POLICY = policy()
ENDS, DEADLINE = 17 * 60, 18 * 60
AT_DEADLINE = DEADLINE + 5

ENDPOINT = resource("endpoint")
APP = resource("app")
NOTEBOOK = resource("notebook-instance")
JOB = resource("training-job")
T3 = (Machine("studio-jupyterlab", "ml.t3.medium"),)
TRAINING = (Machine("training", "ml.m5.xlarge"),)
ROOMY = policy(ends=at(99 * 60))


def used(minutes: float | None, source: str = "") -> Activity:
    """Last used at a minute; None: not since it began."""
    return Activity(True, None if minutes is None else at(minutes), source)


def unseen(why: str = "no answer", minutes: float | None = None) -> Activity:
    """Whose use is not known, but for one at a minute perhaps."""
    return Activity(False, None if minutes is None else at(minutes), why)


@dataclass(frozen=True)
class Row:
    """A case, by default an endpoint of ann's that was invoked just now, at noon; and what is
    said of it: what is done, by which part of the rule, and the minute from which on (none
    where nobody knows); `reason` is a part of why."""

    name: str
    said: str
    reason: str
    now: float = 720
    resource: Resource = ENDPOINT
    began: float | None = 0
    machines: Machines = field(default_factory=hosting)
    activity: Activity | None = field(default_factory=lambda: used(720))
    kept: str = ""
    policy: Any = POLICY
    ledger: Ledger = field(default_factory=Ledger)
    bill: Bill = field(default_factory=Bill)

    def verdict(self) -> Verdict:
        """What the rule says of it."""
        began = None if self.began is None else at(self.began)
        subject = Subject(self.resource, began, self.machines, self.activity, self.kept)
        return decide(at(self.now), subject, self.policy, self.ledger, self.bill)


def spent(ann: float = 0, bob: float = 0, unknown: int = 0) -> Bill:
    return Bill({"ann": Amount(ann, unknown), "bob": Amount(bob)})


def held(until: float, who: str = "ann", by: str = "") -> Ledger:
    return Ledger(holds=(Hold(at(until), who, by),))


BUDGETS = policy(budget_total=100.0, budget_per_attendee=20.0)
POOL = resource("warm-pool")

ROWS = (
    # What comes before every rule.
    Row(
        "what is protected is left whatever it does",
        "leave protected",
        "is kept",
        kept="is kept",
        now=9999,
        bill=spent(999),
        policy=BUDGETS,
    ),
    Row(
        "what is being deleted is left to go",
        "leave going",
        "it is deleting already",
        resource=replace(ENDPOINT, status="Deleting"),
        now=9999,
    ),
    Row(
        "what is being stopped is left to go",
        "leave going",
        "it is stopping already",
        resource=replace(NOTEBOOK, status="Stopping"),
        now=9999,
    ),
    # The deadline.
    Row(
        "just before the deadline and the clocks' difference nothing",
        "leave deadline 1085",
        "the workshop is over at 2030-06-03 18:00Z",
        now=AT_DEADLINE - 0.1,
        activity=used(AT_DEADLINE - 1),
    ),
    Row(
        "at the deadline and the clocks' difference all is stopped",
        "stop deadline 1085",
        "the workshop is over at 2030-06-03 18:00Z",
        now=AT_DEADLINE,
        activity=used(AT_DEADLINE),
    ),
    Row(
        "what no other rule knows is stopped at the deadline",
        "stop deadline 1085",
        "is over",
        now=AT_DEADLINE,
        resource=POOL,
        machines=None,
        activity=None,
    ),
    Row(
        "an extended workshop goes on until its new end",
        "leave deadline 1205",
        "is over at 2030-06-03 20:00Z",
        now=AT_DEADLINE + 100,
        activity=used(AT_DEADLINE + 100),
        ledger=Ledger(Extension(at(ENDS), at(ENDS + 120))),
    ),
    Row(
        "an extension of an end that the file has no more is void",
        "stop deadline 1085",
        "is over at 2030-06-03 18:00Z",
        now=AT_DEADLINE,
        activity=used(AT_DEADLINE),
        ledger=Ledger(Extension(at(ENDS - 60), at(ENDS + 120))),
    ),
    Row(
        "an extension to an earlier time shortens nothing",
        "leave deadline 1085",
        "is over",
        now=AT_DEADLINE - 1,
        activity=used(AT_DEADLINE - 1),
        ledger=Ledger(Extension(at(ENDS), at(ENDS - 120))),
    ),
    # Budgets.
    Row(
        "whose budget is spent is stopped",
        "stop budget 720",
        "ann has spent 20.00 USD of 20.00 USD",
        policy=BUDGETS,
        bill=spent(20),
    ),
    Row(
        "whose budget is all but spent is left",
        "leave idle-endpoint 785",
        "last invoked",
        policy=BUDGETS,
        bill=spent(19.99),
    ),
    Row(
        "what a neighbour has spent stops nobody else",
        "leave idle-endpoint 785",
        "last invoked",
        policy=BUDGETS,
        bill=spent(0, 50),
    ),
    Row(
        "what is not known has not been spent, but is told",
        "leave idle-endpoint 785",
        "last invoked",
        policy=BUDGETS,
        bill=spent(19, 0, unknown=7),
    ),
    Row(
        "when the workshop's budget is spent all are stopped",
        "stop budget 720",
        "the workshop has spent 100.00 USD of 100.00 USD",
        policy=BUDGETS,
        bill=spent(0, 100),
    ),
    Row(
        "what all share is stopped by the workshop's budget",
        "stop budget 720",
        "the workshop has spent 101.00 USD",
        resource=replace(ENDPOINT, owner=SHARED),
        policy=BUDGETS,
        bill=spent(1, 100),
    ),
    Row(
        "what all share has no budget of its own",
        "leave idle-endpoint 785",
        "last invoked",
        resource=replace(ENDPOINT, owner=SHARED),
        policy=BUDGETS,
        bill=Bill({SHARED: Amount(50)}),
    ),
    Row(
        "without budgets nothing is too much",
        "leave idle-endpoint 785",
        "last invoked",
        bill=spent(1e9),
    ),
    # The ceiling.
    Row(
        "more instances than anybody may have are stopped",
        "stop ceiling 720",
        "3 instances for endpoint, 2 at most",
        machines=hosting(3),
    ),
    Row(
        "as many instances as one may have are left",
        "leave idle-endpoint 785",
        "last invoked",
        machines=hosting(2),
    ),
    Row(
        "an instance type that is not allowed is stopped",
        "stop ceiling 720",
        "ml.g5.xlarge is not allowed for endpoint: ml.m5.large",
        machines=(*hosting(), *hosting(1, "ml.g5.xlarge")),
    ),
    Row(
        "a use of which no type is allowed is stopped",
        "stop ceiling 720",
        "ml.m5.large is not allowed for endpoint: ",
        policy=policy(allowed={}),
    ),
    Row(
        "machines whose use has no ceiling are left",
        "leave idle-workspace 785",
        "last used",
        resource=APP,
        machines=(Machine("studio-jupyterlab", "ml.p5.48xlarge", 9),),
    ),
    Row(
        "the groups of a job's instances add up",
        "stop ceiling 60",
        "3 instances for training, 2 at most",
        now=60,
        resource=JOB,
        machines=TRAINING * 3,
    ),
    Row(
        "the variants of an endpoint do not",
        "leave idle-endpoint 785",
        "last invoked",
        machines=hosting(2) * 2,
    ),
    Row(
        "machines that nobody could see break no ceiling",
        "leave idle-endpoint 785",
        "last invoked",
        machines=None,
    ),
    # Jobs.
    Row(
        "a job that is too old is stopped",
        "stop job-age 245",
        "runs since 2030-06-03 00:00Z, 4 h at most",
        now=245,
        resource=JOB,
        machines=TRAINING,
        activity=None,
    ),
    Row(
        "a job that is not yet too old is left until it is",
        "leave job-age 245",
        "runs since 2030-06-03 00:00Z, 4 h at most",
        now=244.9,
        resource=JOB,
        machines=TRAINING,
        activity=None,
    ),
    Row(
        "a job of no known age is stopped at the deadline",
        "leave deadline 1085",
        "is over",
        resource=JOB,
        began=None,
        machines=TRAINING,
        activity=None,
    ),
    # Endpoints.
    Row(
        "an endpoint that nobody has invoked for an hour is stopped",
        "stop idle-endpoint 665",
        "last invoked 2030-06-03 10:00Z (metrics), 60 min without use at most",
        now=665,
        activity=used(600, "metrics"),
    ),
    Row(
        "an endpoint that was invoked within the hour is left",
        "leave idle-endpoint 665",
        "last invoked 2030-06-03 10:00Z, 60 min",
        now=664.9,
        activity=used(600),
    ),
    Row(
        "an endpoint that was never invoked has an hour from its beginning",
        "leave idle-endpoint 755",
        "not invoked, runs since 2030-06-03 11:30Z, 60 min",
        began=690,
        activity=used(None),
    ),
    Row(
        "an endpoint that was never invoked is stopped after that",
        "stop idle-endpoint 755",
        "not invoked, runs since 2030-06-03 11:30Z",
        now=755,
        began=690,
        activity=used(None),
    ),
    Row(
        "an endpoint of another life was invoked before this one began",
        "leave idle-endpoint 755",
        "not invoked, runs since 2030-06-03 11:30Z",
        began=690,
        activity=used(600),
    ),
    Row(
        "a use in the future is one of now",
        "leave idle-endpoint 785",
        "last invoked 2030-06-03 12:00Z",
        activity=used(9999),
    ),
    Row(
        "not invoked and of no known age is left until the deadline",
        "leave deadline 1085",
        "is over",
        began=None,
        activity=used(None),
    ),
    Row(
        "an endpoint without instances is left until the deadline",
        "leave deadline 1085",
        "is over",
        machines=(),
        activity=used(0),
    ),
    # What nobody can see the use of.
    Row(
        "an endpoint whose use is not known is left for half a day",
        "leave unseen 725",
        "its use is not known (no answer); runs since 2030-06-03 00:00Z, 12 h at most",
        activity=unseen(),
    ),
    Row(
        "an endpoint whose use is not known is stopped after that",
        "stop unseen 725",
        "its use is not known (no answer); runs since 2030-06-03 00:00Z",
        now=725,
        activity=unseen(),
    ),
    Row(
        "a use that was seen all the same counts from then on",
        "leave unseen 1420",
        "its use is not known (no answer); was in use at 2030-06-03 11:35Z, 12 h",
        now=800,
        policy=ROOMY,
        activity=unseen(minutes=695),
    ),
    Row(
        "a use that was seen and no known age count from the use on",
        "leave unseen 1420",
        "was in use at",
        policy=ROOMY,
        began=None,
        activity=unseen(minutes=695),
    ),
    Row(
        "neither use nor age known is left until the deadline",
        "leave deadline 1085",
        "is over",
        began=None,
        activity=unseen(),
    ),
    Row(
        "an app of which nothing tells is stopped by its age",
        "stop unseen 725",
        "(nothing tells of this kind)",
        now=725,
        resource=APP,
        machines=T3,
        activity=None,
    ),
    # Workspaces.
    Row(
        "an app that is idle is stopped, since Studio should have",
        "stop idle-workspace 665",
        "60 min without use at most; Studio's own idle shutdown should have acted",
        now=665,
        resource=APP,
        machines=T3,
        activity=used(600),
    ),
    Row(
        "an instance that is idle is stopped, since its program should have",
        "stop idle-workspace 665",
        "; the idle program on the instance should have acted",
        now=665,
        resource=NOTEBOOK,
        machines=(Machine("notebook", "ml.t3.medium"),),
        activity=used(600),
    ),
    Row(
        "an app that is in use is left",
        "leave idle-workspace 785",
        "last used 2030-06-03 12:00Z, 60 min without use at most",
        resource=APP,
        machines=T3,
    ),
    # Holds.
    Row(
        "what is held is left, and says what would have stopped it",
        "leave hold 780",
        "held until 2030-06-03 13:00Z by kim; else stopped: not invoked",
        activity=used(None),
        ledger=held(780, by="kim"),
    ),
    Row(
        "a hold of all holds everybody",
        "leave hold 780",
        "held until 2030-06-03 13:00Z; else stopped: not invoked",
        activity=used(None),
        ledger=held(780, ""),
    ),
    Row(
        "a hold outlasts the deadline",
        "leave hold 9999",
        "else stopped: the workshop is",
        now=AT_DEADLINE,
        activity=used(AT_DEADLINE),
        ledger=held(9999),
    ),
    Row(
        "a hold of a neighbour holds nobody else",
        "stop idle-endpoint 65",
        "not invoked",
        activity=used(None),
        ledger=held(780, "bob"),
    ),
    Row(
        "a hold that is over holds nothing",
        "stop idle-endpoint 65",
        "not invoked",
        activity=used(None),
        ledger=held(720),
    ),
    Row(
        "the longest of several holds counts",
        "leave hold 900",
        "held until",
        activity=used(None),
        ledger=Ledger(holds=(Hold(at(780), "ann"), Hold(at(900)), Hold(at(800), "ann"))),
    ),
    Row(
        "what is due within a hold is due at its end",
        "leave idle-endpoint 900",
        "invoked",
        ledger=held(900),
    ),
    Row(
        "what is due after a hold is due then",
        "leave idle-endpoint 785",
        "invoked",
        ledger=held(730),
    ),
    # Which of several.
    Row(
        "the deadline is told before the budget",
        "stop deadline 1085",
        "is over",
        now=9999,
        policy=BUDGETS,
        bill=spent(50),
        activity=used(None),
    ),
    Row(
        "the budget is told before idleness",
        "stop budget 720",
        "has spent",
        policy=BUDGETS,
        bill=spent(50),
        activity=used(None),
    ),
    Row(
        "the workshop's budget is told before an attendee's",
        "stop budget 720",
        "the workshop has spent",
        policy=BUDGETS,
        bill=spent(150),
    ),
    Row(
        "of what is not due the first to be is told",
        "leave deadline 1085",
        "is over",
        now=DEADLINE,
        activity=used(DEADLINE),
    ),
)

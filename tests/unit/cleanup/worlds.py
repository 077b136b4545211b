"""Worlds for sweeps: what an account may hold of our workshop and of others, and what may fail.

A world is drawn, so that any number of different ones can be tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from cleanup.kinds import BY_NAME as SWEPT
from rehearsal.sagemaker.kinds import BY_NAME, KINDS
from tests.sagemaker_requests import BEFORE, MODEL
from workshop.names import TAG_ATTENDEE, TAG_KEEP, TAG_WORKSHOP

WORKSHOP = "ml101"
ATTENDEES = ("ann", "bob", "1")
PROTECTED = "ml101-ann-protected"
# What the table of a sweep calls otherwise.
OTHER_NAMES = {"mlflow-server": "mlflow-tracking-server"}
# Records without an end: lineage and exports bill nothing and no sweep lists them.
RECORDS = frozenset({"action", "artifact", "context", "model-card-export-job"})
# An account has one of them, or their names cannot say whose they are.
_ALONE = {"workforce", "workteam", "flow-definition", "labeling-job", "partner-app", "domain"}
# A domain comes with what is in it.
MADE = tuple(kind.name for kind in KINDS if kind.name not in RECORDS | _ALONE)
# What most workshops leave comes up more often than what hardly anybody knows.
_USUAL = ("app", "canvas", "endpoint", "notebook-instance", "training-job", "model", "space")
# Calls that begin to end something, for what is on its way when the sweep comes.
ENDS = {
    "app": "DeleteApp",
    "canvas": "DeleteApp",
    "endpoint": "DeleteEndpoint",
    "notebook-instance": "StopNotebookInstance",
    "training-job": "StopTrainingJob",
    "processing-job": "StopProcessingJob",
    "tuning-job": "StopHyperParameterTuningJob",
    "feature-group": "DeleteFeatureGroup",
    "mlflow-server": "DeleteMlflowTrackingServer",
    "cluster": "DeleteCluster",
}
_AGES = (0.0, 5.0, 200.0, 4000.0)
# Others' names that begin like ours, or nearly.
STRANGERS = (
    "ml1011-ann-{}",
    "ml1011-shared-{}",
    "ml101ann-{}",
    "xml101-ann-{}",
    "ML101-ann-{}",
    "ml101-zoe-{}",
    "team-{}",
)
Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Thing:
    """One resource and what it needs, all with its name and tags. `kind` is the local AWS's,
    or "canvas" for an app without a space. `seconds` is its age when the sweep begins;
    `ending`: its end has begun by then."""

    kind: str
    name: str
    tags: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    ending: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A world and a sweep of it. `others` are not to be touched: neighbours', strangers', and
    what is held; all of them older than the sweep."""

    attendees: tuple[str, ...]
    ours: tuple[Thing, ...]
    others: tuple[Thing, ...]
    faults: tuple[dict[str, Any], ...] = ()
    keep_managed: bool = False
    workers: int = 4

    def has(self, *faults: str) -> bool:
        """Whether a fault of one of these kinds is in force."""
        return any(rule["fault"] in faults for rule in self.faults)


def needs(kind: str) -> tuple[str, ...]:
    """What must be there before one of a kind can be made."""
    if kind == "canvas":
        return ("user-profile",)
    return (*BEFORE.get(kind, ()), *(need.kind for need in BY_NAME[kind].needs))


def takes_tags(kind: str) -> bool:
    """Whether one of a kind, and all it needs, can be tagged when it is made."""
    row = BY_NAME["app" if kind == "canvas" else kind]
    shape = MODEL.operation_model(f"{row.verb}{row.noun}").input_shape
    return "Tags" in shape.members and all(takes_tags(need) for need in needs(kind))


_TAGGED = tuple(kind for kind in (*MADE, "canvas") if takes_tags(kind))
_kinds = st.sampled_from(_USUAL) | st.sampled_from(MADE)
_tagged_kinds = st.sampled_from(_TAGGED)


@st.composite
def _our_things(draw: st.DrawFn, attendees: tuple[str, ...], number: int) -> Thing:
    """Something of ours by its name, or by nothing but its tag."""
    owner = draw(st.sampled_from(attendees))
    by_tag = draw(st.integers(0, 4)) == 0
    kind = draw(_tagged_kinds if by_tag else _kinds)
    tags = {TAG_WORKSHOP: WORKSHOP, TAG_ATTENDEE: owner} if by_tag else {}
    environment = kind in ("notebook-instance", "space") and draw(st.booleans())
    name = f"{WORKSHOP}-{owner}" if environment and not by_tag else f"{WORKSHOP}-{owner}-{number}"
    return Thing(
        kind,
        f"free-{number}" if by_tag else name,
        tuple(tags.items()),
        draw(st.sampled_from(_AGES)),
        kind in ENDS and draw(st.integers(0, 3)) == 0,
    )


@st.composite
def _others_things(draw: st.DrawFn, number: int) -> Thing:
    """A stranger's, another workshop's by its tag, or ours and held."""
    which = draw(st.integers(0, 9))
    if which == 0:
        return Thing(draw(_kinds), PROTECTED)
    if which in (1, 2):
        kind = draw(_tagged_kinds)
        tags = {TAG_KEEP: "", TAG_WORKSHOP: WORKSHOP} if which == 1 else {TAG_WORKSHOP: "ml202"}
        return Thing(kind, f"{WORKSHOP}-ann-other{number}", tuple(tags.items()))
    # A team's name, which a quota's is here, has no capitals.
    kind = draw(_kinds.filter(lambda kind: kind != "compute-quota"))
    return Thing(kind, draw(st.sampled_from(STRANGERS)).format(number))


@st.composite
def _faults(draw: st.DrawFn, ours: tuple[Thing, ...]) -> tuple[dict[str, Any], ...]:
    rules: list[dict[str, Any]] = []
    if draw(st.booleans()):
        seed = draw(st.integers(0, 1000))
        rules.append({"fault": "throttle", "service": "sagemaker", "rate": 0.3, "seed": seed})
        rules.append({"fault": "error500", "rate": 0.05, "seed": seed})
    for thing in draw(st.lists(st.sampled_from(ours), max_size=2, unique=True)):
        row = BY_NAME["app" if thing.kind == "canvas" else thing.kind]
        what = draw(st.sampled_from(("stick", "refuse", "return", "list", "lag")))
        if what == "stick" and row.status_field:
            rules.append({"fault": "stick", "kind": row.name, "resource": thing.name})
        elif what == "refuse" and (calls := _ending_calls(row.name)):
            call = draw(st.sampled_from(calls))
            rules.append({"fault": "refuse", "service": "sagemaker", "operation": call})
        elif what == "return" and row.name == "app":
            times, seconds = draw(st.integers(1, 4)), draw(st.sampled_from((0.0, 30.0)))
            again = {"kind": "app", "resource": thing.name, "times": times, "seconds": seconds}
            rules.append({"fault": "return", **again})
        elif what == "list":
            call = f"List{row.list_noun}"
            rules.append({"fault": "refuse", "service": "sagemaker", "operation": call})
        elif what == "lag":
            call = f"List{row.list_noun}"
            rules.append({"fault": "lag", "operation": call, "seconds": 60.0})
    if draw(st.integers(0, 19)) == 0:
        rules.append({"fault": "refuse", "service": "tagging", "operation": "GetResources"})
    return tuple(rules)


def _ending_calls(kind: str) -> tuple[str, ...]:
    """The operations with which a sweep ends one of a kind."""
    row = SWEPT[OTHER_NAMES.get(kind, kind)]
    methods = {name.lower(): name for name in MODEL.operation_names}
    return tuple(methods[call.replace("_", "")] for call in row.calls)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any world: one to three attendees, up to a dozen things of ours, up to six of others."""
    attendees = tuple(
        draw(st.lists(st.sampled_from(ATTENDEES), min_size=1, max_size=3, unique=True))
    )
    ours = tuple(draw(_our_things(attendees, n)) for n in range(draw(st.integers(1, 12))))
    others = tuple(draw(_others_things(n)) for n in range(draw(st.integers(0, 6))))
    return Case(
        attendees,
        ours,
        others,
        draw(_faults(ours)),
        keep_managed=draw(st.booleans()),
        workers=draw(st.sampled_from((1, 4, 10))),
    )

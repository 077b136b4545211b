"""Who does what on two days: drawn from a seed, known before anything runs.

Times are minutes since the first day's 08:00. What people really do is the truth that the
guard's stops are held against; the guard sees only what AWS and the environments tell.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Way = Literal["notebook", "terminal", "silent"]
How = Literal["variant", "component", "backlog"]

DAY = 24 * 60
_WORK = 9 * 60
_HOWS: tuple[How, ...] = ("variant", "variant", "variant", "component", "backlog")
# Of a break: shorter than any limit, or long enough to be taken for an end.
_SHORT, _LONG = (5, 40), (80, 170)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint: when it is made, when it is invoked, and forgotten after that.

    `how` is by which metric its use shows: of the variant, of a component, of a backlog.
    """

    name: str
    made: int
    invoked: tuple[int, ...]
    how: How = "variant"
    instance_type: str = "ml.m5.large"


@dataclass(frozen=True, slots=True)
class Job:
    """A job that ends after some minutes; None: it hangs."""

    name: str
    kind: Literal["training-job", "transform-job"]
    made: int
    minutes: int | None
    instances: int = 1


@dataclass(frozen=True, slots=True)
class Person:
    """An attendee: at work in `busy` spans (from, to), in a notebook, in a terminal alone, or in
    a kernel that computes without a word."""

    id: str
    environment: Literal["studio", "notebook"]
    way: Way
    busy: tuple[tuple[int, int], ...]
    endpoints: tuple[Endpoint, ...] = ()
    jobs: tuple[Job, ...] = ()

    def last_used(self, minute: float) -> float | None:
        """When the workspace was last used, as of a time; None: not yet."""
        ends = [min(end, minute) for start, end in self.busy if start <= minute]
        return max(ends, default=None)

    def at_work(self, minute: float) -> bool:
        """Whether somebody, or a kernel of theirs, is at work."""
        return any(start <= minute < end for start, end in self.busy)


def draw_people(seed: int, count: int = 20) -> tuple[Person, ...]:
    """Twenty people, of whom a few are special: see the names below."""
    dice = random.Random(seed)
    return tuple(_draw(dice, number) for number in range(1, count + 1))


TERMINAL_ONLY, SILENT, HANGING, GREEDY, SPENDER, HELD = "a02", "a03", "a04", "a05", "a06", "a07"


def _draw(dice: random.Random, number: int) -> Person:
    name = f"a{number:02}"
    ways: dict[str, Way] = {TERMINAL_ONLY: "terminal", SILENT: "silent"}
    busy: list[tuple[int, int]] = []
    for day in range(2):
        at = day * DAY + dice.randrange(0, 90)
        end = day * DAY + _WORK + dice.randrange(-60, 120)
        while at < end:
            longest = 400 if name == SILENT else 150
            until = min(end, at + dice.randrange(10, longest))
            busy.append((at, until))
            at = until + dice.randrange(*(_LONG if dice.random() < 0.15 else _SHORT))
    return Person(
        id=name,
        environment="notebook" if number % 3 == 0 else "studio",
        way=ways.get(name, "notebook"),
        busy=tuple(busy),
        endpoints=tuple(_endpoints(dice, name, busy)),
        jobs=tuple(_jobs(dice, name, busy)),
    )


def _endpoints(dice: random.Random, name: str, busy: list[tuple[int, int]]) -> list[Endpoint]:
    made = []
    if name == SPENDER:
        start = busy[0][0]
        often = tuple(range(start + 15, DAY, 10))
        return [Endpoint(f"ml101-{name}-big", start, often, "variant", "ml.c5.4xlarge")]
    for number in range(dice.randrange(1, 3)):
        start, _ = dice.choice(busy)
        invoked, at = [], start + dice.randrange(22, 40)
        for _ in range(dice.randrange(0, 12)):
            invoked.append(at)
            at += dice.randrange(1, 55)
        how = dice.choice(_HOWS)
        made.append(Endpoint(f"ml101-{name}-e{number}", start, tuple(invoked), how))
    return made


def _jobs(dice: random.Random, name: str, busy: list[tuple[int, int]]) -> list[Job]:
    start, _ = busy[1]
    if name == HANGING:
        return [Job(f"ml101-{name}-hangs", "training-job", start, None)]
    if name == GREEDY:
        return [Job(f"ml101-{name}-many", "transform-job", start, 300, instances=3)]
    if dice.random() < 0.5:
        minutes = dice.randrange(5, 200)
        return [Job(f"ml101-{name}-train", "training-job", start, minutes)]
    return []

"""From looks that are minutes apart to what things have cost. Pure.

Every doubt is settled so that a sum is at least what AWS bills, and at most what the things
cost from one look to the next above it. Only what came and went between two looks, and is not
listed afterwards as jobs are, is never seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cleanup.lifetimes import POOL, VOLUME, Run
from cleanup.resources import TAGS, Resource
from costs.meter import Amount, Bill, Lifetime, add_up
from costs.prices import Prices
from guard.ledger import Life, Segment, Spent
from guard.policy import PERIOD
from workshop.machine import Machine
from workshop.names import SHARED

# Without tags, or the domains that are ours, other things are not recognised as ours either.
_DECIDE_ABOUT_OTHERS = frozenset({TAGS, "domain"})
# A sort key of DynamoDB has at most 1024 bytes ("Quotas in Amazon DynamoDB", developer guide).
_MAX_ID = 900
# What another region's guard wrote is out of date when it has missed some of its runs since.
_FRESH = 3 * PERIOD


@dataclass(frozen=True, slots=True)
class _Look:
    now: datetime
    before: datetime | None

    @property
    def earliest(self) -> datetime:
        """When something at the earliest can have begun that the last look did not see."""
        return self.now if self.before is None else min(self.before, self.now)


def update(
    lives: Mapping[str, Life],
    runs: Sequence[Run],
    now: datetime,
    last_run: datetime | None,
    blind: Collection[str] = (),
) -> tuple[dict[str, Life], list[Life]]:
    """Return all lives of a region as a look at it (UTC `now`) leaves them, and the changed ones.

    `runs` are what bills there or did. `last_run` is when the newest look was that saw
    everything; `blind` are the kinds that this one could not see. Doing it twice with the same
    look changes nothing.
    """
    look = _Look(now, last_run)
    after = dict(lives)
    wholes = {life_id(run.resource) for run in runs}
    hidden = {life_id(run.resource) for run in runs if _is_hidden(run)}
    seen: set[str] = set()
    for run in runs:
        identity = life_id(run.resource, run.part)
        life = after.get(identity) or _born(identity, run)
        if _is_hidden(run) and not life.segments and identity + _suffix(VOLUME) in after:
            continue  # what bills of it is known, and goes on
        seen.add(identity)
        if _is_told(run):
            life = replace(life, segments=_as_told(life.segments, run), final=True)
        elif not life.final:
            life = replace(life, segments=_continued(life.segments, run, look))
        after[identity] = life
    blinded = _DECIDE_ABOUT_OTHERS.intersection(blind)
    for identity, life in after.items():
        whole = identity.removesuffix(_suffix(life.part))
        if identity in seen or whole in hidden:
            continue
        if whole in wholes or not (blinded or life.kind in blind):
            segments = life.segments
            if whole in wholes:
                # What was not known while it could not be seen is told by its parts now.
                segments = tuple(s for s in segments if s.machines is not None)
            after[identity] = replace(life, segments=_closed(segments, now))
    changed = [life for identity, life in after.items() if life != lives.get(identity)]
    return after, changed


def life_id(resource: Resource, part: str = "") -> str:
    """What tells a life from all others of its region, also from one of the same name earlier."""
    ids = ",".join(value for _, value in resource.ids)
    created = resource.created.isoformat() if resource.created else ""
    identity = f"{resource.kind}/{ids}/{created}"
    if len(identity) > _MAX_ID:
        digest = hashlib.sha256(identity.encode()).hexdigest()
        identity = f"{identity[: _MAX_ID - len(digest)]}{digest}"
    return identity + _suffix(part)


def is_final(lives: Mapping[str, Life], resource: Resource) -> bool:
    """Whether AWS has told all of a resource, so that it need not be asked again."""
    life = lives.get(life_id(resource))
    pool = lives.get(life_id(resource, POOL))
    return life is not None and life.final and (pool is None or pool.final)


def began(lives: Mapping[str, Life], resource: Resource) -> datetime | None:
    """Since when a resource runs without a break (UTC), or None: it does not, as far as is known.

    Other machines are no break; the stop of a notebook instance is one.
    """
    life = lives.get(life_id(resource))
    if life is None or life.over:
        return None
    since: datetime | None = None
    for segment in sorted(life.segments, key=lambda s: s.began, reverse=True):
        if since is not None and segment.ended is not None and segment.ended < since:
            break
        since = segment.began
    return since


def bill(
    lives: Mapping[str, Life],
    elsewhere: Mapping[str, Spent],
    prices: Prices,
    region: str,
    now: datetime,
) -> Bill:
    """Return what was spent in a region until `now` (UTC), and what others wrote of theirs.

    A region that could not be read counts as one thing that nobody knows the cost of, and so
    does one that was not heard of for some time. `complete` is a bill without any such.
    """
    here = add_up(lifetimes(lives.values(), region), prices, now, complete=True)
    people, kinds, complete = dict(here.by_attendee), dict(here.by_kind), True
    for spent in elsewhere.values():
        for sums, more in ((people, spent.by_attendee), (kinds, spent.by_kind)):
            for key, amount in more.items():
                sums[key] = sums.get(key, Amount()) + amount
        if spent.amount is None or spent.at is None or now - spent.at > _FRESH:
            complete = False
            for sums, key in ((people, SHARED), (kinds, "region")):
                sums[key] = sums.get(key, Amount()) + Amount(unknown=1)
    return Bill(dict(sorted(people.items())), dict(sorted(kinds.items())), complete)


def lifetimes(lives: Iterable[Life], region: str) -> Iterator[Lifetime]:
    """The times in which things of a region billed, as the meter takes them."""
    for life in lives:
        for segment in life.segments:
            yield Lifetime(
                life.attendee,
                life.kind,
                life.name,
                region,
                segment.machines,
                # However short it was: what it ran on is not known, and so is what it cost.
                None if segment.machines is None else segment.began,
                segment.ended,
                segment.billable_seconds,
            )


def _is_hidden(run: Run) -> bool:
    """Whether nothing could be seen of it, but that it is there."""
    return run.began is None and run.machines is None and not run.part


def summary(lives: Mapping[str, Life], prices: Prices, region: str, now: datetime) -> Spent:
    """What was spent in a region, for the guards of the others."""
    here = bill(lives, {}, prices, region, now)
    return Spent(here.total, here.by_attendee, here.by_kind, now)


def _suffix(part: str) -> str:
    return f"#{part}" if part else ""


def _born(identity: str, run: Run) -> Life:
    resource = run.resource
    return Life(identity, resource.owner, resource.kind, resource.name, (), run.part)


def _is_told(run: Run) -> bool:
    """Whether a run says when it ended: of what cannot be started again."""
    return run.ended is not None and not run.perhaps_less


def _continued(segments: tuple[Segment, ...], run: Run, look: _Look) -> tuple[Segment, ...]:
    """A life's segments, with what a run says of them."""
    if run.ended is not None:
        return _stopped(segments, run, look)
    if run.began is None and run.part != VOLUME and run.resource.bills != "hour":
        return _ended_some_time(segments, run, look)
    return _running(segments, run, look)


def _as_told(segments: tuple[Segment, ...], run: Run) -> tuple[Segment, ...]:
    """AWS's own times, in the place of what was observed."""
    machines = run.machines
    if machines is None and segments:
        machines = segments[-1].machines
    began_at = run.began or run.ended
    assert began_at is not None
    return (Segment(began_at, run.ended, machines, run.billable_seconds),)


def _stopped(segments: tuple[Segment, ...], run: Run, look: _Look) -> tuple[Segment, ...]:
    """Of what can be started again: it does not run now. `run.ended` is when it stopped, or
    was last changed in any other way since."""
    assert run.ended is not None
    ended = min(run.ended, look.now)
    if not segments:
        return (Segment(run.began or ended, ended, run.machines),)
    if any(segment.ended is None for segment in segments):
        # The last look saw it run.
        return _closed(segments, max(ended, look.earliest))
    if ended > max(_ends(segments)) and ended > look.earliest:
        # It was stopped when it was last seen, and has changed since: it may have run.
        return (*segments, Segment(max(look.earliest, *_ends(segments)), ended, run.machines))
    return segments


def _ended_some_time(segments: tuple[Segment, ...], run: Run, look: _Look) -> tuple[Segment, ...]:
    """It is over, and nobody says since when."""
    if segments:
        return _closed(segments, look.now)
    since = run.resource.created or look.earliest
    return (Segment(min(since, look.now), look.now, None),)


def _running(segments: tuple[Segment, ...], run: Run, look: _Look) -> tuple[Segment, ...]:
    since = min(run.began or run.resource.created or look.earliest, look.now)
    if not segments:
        return (Segment(since, None, run.machines),)
    present = [segment for segment in segments if segment.ended is None]
    if not present:
        # It was seen at rest, so that it has begun anew since.
        resumed = max(since, look.earliest, *_ends(segments))
        return (*segments, Segment(min(resumed, look.now), None, run.machines))
    newest = present[-1]
    if run.machines is None or run.machines == newest.machines:
        return segments
    if newest.machines is None:
        seen = replace(newest, machines=run.machines)
        return tuple(seen if segment is newest else segment for segment in segments)
    ended, resumed = _changed_over(newest.machines, run.machines, look)
    ended, resumed = max(ended, newest.began), max(resumed, newest.began)
    return (*_closed(segments, ended), Segment(resumed, None, run.machines))


def _changed_over(
    before: tuple[Machine, ...], after: tuple[Machine, ...], look: _Look
) -> tuple[datetime, datetime]:
    """When the machines before ended and those after began, at some time since the last look:
    whatever is more counts for all of it, and both where neither is."""
    if _holds(after, before):
        return look.earliest, look.earliest
    if _holds(before, after):
        return look.now, look.now
    return look.now, look.earliest


def _holds(larger: tuple[Machine, ...], smaller: tuple[Machine, ...]) -> bool:
    """Whether some machines are those of others and maybe more."""
    return all(_count(larger, m) >= _count(smaller, m) for m in smaller)


def _count(machines: tuple[Machine, ...], like: Machine) -> int:
    same = (like.usage, like.instance_type)
    return sum(m.count for m in machines if (m.usage, m.instance_type) == same)


def _closed(segments: tuple[Segment, ...], at: datetime) -> tuple[Segment, ...]:
    return tuple(
        replace(segment, ended=max(at, segment.began)) if segment.ended is None else segment
        for segment in segments
    )


def _ends(segments: Iterable[Segment]) -> list[datetime]:
    return [segment.ended for segment in segments if segment.ended is not None]

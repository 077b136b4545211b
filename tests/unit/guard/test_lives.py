"""From looks that are minutes apart to what things have cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cleanup.lifetimes import POOL, VOLUME, Run
from costs.meter import Amount
from guard.ledger import Life, Segment, Spent
from guard.lives import began, bill, is_final, life_id, summary, update
from tests.unit.guard.samples import DAY, PRICES, REGION, at, hosting, resource
from workshop.machine import Machine

ENDPOINT = resource("endpoint")
NOTEBOOK = resource("notebook-instance")
STOPPED = replace(NOTEBOOK, status="Stopped")
JOB = resource("training-job")
TRAINING = (Machine("training", "ml.m5.xlarge"),)
WARM = (Machine("training-warm-pool", "ml.m5.xlarge"),)
T3 = (Machine("notebook", "ml.t3.medium"),)
GP2 = (Machine("notebook-volume", "gp2", 5),)


class Watch:
    """Looks at a region again and again, and keeps what it saw."""

    def __init__(self) -> None:
        self.lives: dict[str, Life] = {}
        self.last: datetime | None = None
        self.now = DAY

    def look(self, minutes: float, *runs: Run, blind: tuple[str, ...] = ()) -> list[Life]:
        self.now = at(minutes)
        self.lives, changed = update(self.lives, runs, self.now, self.last, blind)
        again, news = update(self.lives, runs, self.now, self.last, blind)
        assert (again, news) == (self.lives, [])
        if not blind:
            self.last = self.now
        return changed

    def segments(self, identity: str = "") -> tuple[Segment, ...]:
        if identity:
            return self.lives[identity].segments
        [life] = self.lives.values()
        return life.segments

    def cost(self) -> Amount:
        return bill(self.lives, {}, PRICES, REGION, self.now).total


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_something_new_bills_since_aws_says_that_it_began(watch: Watch) -> None:
    [life] = watch.look(10, Run(ENDPOINT, hosting(), at(3)))

    assert life.segments == (Segment(at(3), None, hosting()),)
    assert (life.attendee, life.kind, life.name) == ("ann", "endpoint", "ml101-ann-x")


def test_something_new_that_does_not_say_when_it_began_bills_since_the_last_look(
    watch: Watch,
) -> None:
    nameless = replace(ENDPOINT, created=None)
    watch.look(10)
    watch.look(20, Run(nameless, hosting(), None))

    assert watch.segments() == (Segment(at(10), None, hosting()),)


def test_at_the_very_first_look_it_bills_since_then(watch: Watch) -> None:
    watch.look(20, Run(replace(ENDPOINT, created=None), hosting(), None))

    assert watch.segments() == (Segment(at(20), None, hosting()),)


def test_a_clock_of_aws_that_is_ahead_begins_nothing_in_the_future(watch: Watch) -> None:
    watch.look(10, Run(ENDPOINT, hosting(), at(12)))

    assert watch.segments()[0].began == at(10)


def test_what_is_gone_is_over_when_it_is_missed_and_costs_no_more(watch: Watch) -> None:
    watch.look(10, Run(ENDPOINT, hosting(), DAY))
    changed = watch.look(20)
    assert changed[0].over
    assert watch.segments()[0].ended == at(20)

    watch.look(600)
    assert watch.cost().usd == pytest.approx(1 / 3)


@pytest.mark.parametrize("blind", ["endpoint", "tags", "domain"])
def test_what_could_not_be_looked_for_bills_on(watch: Watch, blind: str) -> None:
    watch.look(10, Run(ENDPOINT, hosting(), DAY))

    assert watch.look(20, blind=(blind,)) == []
    assert not next(iter(watch.lives.values())).over


def test_another_kind_that_could_not_be_looked_for_keeps_nothing_alive(watch: Watch) -> None:
    watch.look(10, Run(ENDPOINT, hosting(), DAY))
    watch.look(20, blind=("app",))

    assert watch.segments()[0].ended == at(20)


def test_one_of_the_same_name_made_anew_is_another_life(watch: Watch) -> None:
    again = replace(ENDPOINT, created=at(15))
    watch.look(10, Run(ENDPOINT, hosting(), DAY))
    watch.look(20, Run(again, hosting(), at(15)))

    assert watch.segments(life_id(ENDPOINT))[0].ended == at(20)
    assert watch.segments(life_id(again)) == (Segment(at(15), None, hosting()),)


def test_more_instances_count_since_the_last_look_and_fewer_from_now_on(watch: Watch) -> None:
    for minutes, count in ((10, 1), (20, 3), (30, 1)):
        watch.look(minutes, Run(ENDPOINT, hosting(count), DAY))

    assert watch.segments() == (
        Segment(DAY, at(10), hosting(1)),
        Segment(at(10), at(30), hosting(3)),
        Segment(at(30), None, hosting(1)),
    )


def test_machines_of_another_type_overlap_for_as_long_as_nobody_looked(watch: Watch) -> None:
    other = hosting(1, "ml.g5.xlarge")
    watch.look(10, Run(ENDPOINT, hosting(), DAY))
    watch.look(20, Run(ENDPOINT, other, DAY))

    assert watch.segments() == (
        Segment(DAY, at(20), hosting()),
        Segment(at(10), None, other),
    )


def test_machines_that_cannot_be_seen_for_once_are_those_that_were(watch: Watch) -> None:
    watch.look(10, Run(ENDPOINT, hosting(2), DAY))

    assert watch.look(20, Run(ENDPOINT, None, DAY)) == []
    assert watch.cost() == Amount(pytest.approx(2 / 3))  # type: ignore[arg-type]


def test_machines_that_are_seen_late_were_there_from_the_beginning(watch: Watch) -> None:
    watch.look(10, Run(ENDPOINT, None, DAY))
    assert watch.cost() == Amount(unknown=1)

    watch.look(60, Run(ENDPOINT, hosting(), DAY))
    assert watch.cost() == Amount(pytest.approx(1.0))  # type: ignore[arg-type]


def test_what_began_this_moment_on_machines_unseen_is_unknown_and_not_free(watch: Watch) -> None:
    watch.look(10, Run(ENDPOINT, None, at(10)))

    assert watch.cost() == Amount(unknown=1)


def test_what_was_scaled_to_zero_costs_nothing_until_it_is_scaled_up(watch: Watch) -> None:
    watch.look(10, Run(ENDPOINT, (), DAY))
    assert watch.cost() == Amount()

    watch.look(20, Run(ENDPOINT, hosting(), DAY))
    assert watch.segments()[-1] == Segment(at(10), None, hosting())


def runs(*, ended: float | None = None, began: float = 0) -> tuple[Run, Run]:
    """A notebook instance and its volume: running, or stopped at some minute."""
    where = NOTEBOOK if ended is None else STOPPED
    over = None if ended is None else at(ended)
    machine = Run(where, T3, at(began), over, perhaps_less=True)
    return Run(where, GP2, at(began), part=VOLUME), machine


def test_an_instance_that_is_stopped_and_started_bills_for_neither_more_nor_less(
    watch: Watch,
) -> None:
    watch.look(10, *runs())
    watch.look(20, *runs(ended=14))
    watch.look(90, *runs(ended=14))
    watch.look(100, *runs())

    assert watch.segments(life_id(NOTEBOOK)) == (
        Segment(DAY, at(14), T3),
        Segment(at(90), None, T3),
    )
    assert watch.segments(life_id(NOTEBOOK, VOLUME)) == (Segment(DAY, None, GP2),)
    assert not bill(watch.lives, {}, PRICES, REGION, watch.now).perhaps_less


def test_an_instance_that_was_started_and_stopped_between_two_looks_has_run(watch: Watch) -> None:
    watch.look(10, *runs(ended=5))
    watch.look(20, *runs(ended=17))

    assert watch.segments(life_id(NOTEBOOK))[-1] == Segment(at(10), at(17), T3)


def test_an_instance_that_says_it_stopped_before_it_was_seen_running_did_not(
    watch: Watch,
) -> None:
    watch.look(10, *runs())
    watch.look(20, *runs(ended=4))

    assert watch.segments(life_id(NOTEBOOK)) == (Segment(DAY, at(10), T3),)


def test_what_a_stopped_instance_ran_on_before_anybody_looked_counts_until_it_stopped(
    watch: Watch,
) -> None:
    watch.look(60, *runs(ended=40))

    assert watch.segments(life_id(NOTEBOOK)) == (Segment(DAY, at(40), T3),)


def test_an_instance_that_cannot_be_described_is_as_it_was(watch: Watch) -> None:
    watch.look(10, *runs())

    assert watch.look(20, Run(NOTEBOOK, None, None)) == []


def test_an_instance_that_cannot_be_described_and_is_listed_as_stopped_bills_for_its_volume(
    watch: Watch,
) -> None:
    watch.look(10, *runs())
    watch.look(20, Run(STOPPED, None, None))

    assert watch.segments(life_id(NOTEBOOK))[0].ended == at(20)
    assert not watch.lives[life_id(NOTEBOOK, VOLUME)].over


def test_a_space_that_cannot_be_described_is_unknown_until_it_is(watch: Watch) -> None:
    space = resource("space")
    volume = (Machine("studio-volume", "gp3", 5),)
    watch.look(10, Run(space, None, None))
    assert watch.cost() == Amount(unknown=1)

    watch.look(20, Run(space, volume, DAY, part=VOLUME))
    assert watch.cost().unknown == 0
    assert watch.look(30, Run(space, None, None)) == []
    assert watch.cost().unknown == 0


def test_of_a_job_that_ended_aws_has_the_last_word(watch: Watch) -> None:
    watch.look(10, Run(JOB, TRAINING, at(1)))
    watch.look(20, Run(JOB, TRAINING, at(2), at(12), 540))

    assert watch.segments() == (Segment(at(2), at(12), TRAINING, 540),)
    assert watch.cost().usd == pytest.approx(540 / 3600 * 2)
    assert is_final(watch.lives, JOB)


def test_a_job_that_ended_is_over_for_good_though_it_is_listed_or_not(watch: Watch) -> None:
    done = Run(JOB, TRAINING, at(2), at(12), 540)
    watch.look(20, done)

    assert watch.look(30) == []
    assert watch.look(40, Run(JOB, None, None)) == []
    assert watch.look(50, done) == []


def test_the_end_of_a_job_whose_machines_could_not_be_read_leaves_those_it_had(
    watch: Watch,
) -> None:
    watch.look(10, Run(JOB, TRAINING, at(2)))
    watch.look(20, Run(JOB, None, at(2), at(12)))

    assert watch.segments() == (Segment(at(2), at(12), TRAINING),)


def test_a_job_that_ended_and_does_not_say_when_did_so_since_the_last_look(watch: Watch) -> None:
    over = replace(JOB, status="Completed")
    watch.look(10, Run(JOB, TRAINING, at(2)))
    watch.look(20, Run(over, TRAINING, None))

    assert watch.segments() == (Segment(at(2), at(20), TRAINING),)
    assert not is_final(watch.lives, over)


def test_a_job_that_nobody_saw_and_that_does_not_say_when_it_ran_is_unknown(watch: Watch) -> None:
    watch.look(10, Run(replace(JOB, status="Failed"), TRAINING, None))

    assert watch.cost() == Amount(unknown=1)


def test_a_warm_pool_is_a_life_of_its_own_and_ends_as_aws_says(watch: Watch) -> None:
    done = Run(replace(JOB, status="Completed"), TRAINING, DAY, at(10), 600)
    watch.look(20, done, Run(done.resource, WARM, at(10), part=POOL))
    assert not is_final(watch.lives, JOB)
    assert watch.segments(life_id(JOB, POOL)) == (Segment(at(10), None, WARM),)

    watch.look(30, done, Run(done.resource, WARM, at(10), at(10), 900, part=POOL))
    assert is_final(watch.lives, JOB)
    assert watch.cost().usd == pytest.approx((600 + 900) / 3600 * 2)


def test_a_warm_pool_that_does_not_say_for_how_long_it_was_kept_ends_when_that_is_seen(
    watch: Watch,
) -> None:
    done = Run(replace(JOB, status="Completed"), TRAINING, DAY, at(10), 600)
    watch.look(20, done, Run(done.resource, WARM, at(10), part=POOL))
    watch.look(30, done, Run(done.resource, WARM, None, part=POOL))

    assert watch.segments(life_id(JOB, POOL)) == (Segment(at(10), at(30), WARM),)


def test_an_instance_runs_since_it_was_started_again(watch: Watch) -> None:
    watch.look(10, *runs())
    assert began(watch.lives, NOTEBOOK) == DAY

    watch.look(20, *runs(ended=14))
    assert began(watch.lives, NOTEBOOK) is None

    watch.look(30, *runs())
    assert began(watch.lives, NOTEBOOK) == at(20)


def test_an_endpoint_runs_since_it_was_made_however_often_it_is_scaled(watch: Watch) -> None:
    for minutes, count in ((10, 1), (20, 3), (30, 2), (40, 0), (50, 1)):
        watch.look(minutes, Run(ENDPOINT, hosting(count), DAY))

    assert began(watch.lives, ENDPOINT) == DAY


def test_nobody_knows_since_when_something_runs_that_was_never_seen() -> None:
    assert began({}, ENDPOINT) is None
    assert not is_final({}, ENDPOINT)


def test_an_id_fits_into_a_sort_key_and_stays_one_of_a_kind() -> None:
    long = [resource("pipeline-execution", "n" * 2000 + end) for end in "ab"]
    ids = {life_id(r, part) for r in long for part in ("", VOLUME)}

    assert len(ids) == 4
    assert max(len(found.encode()) for found in ids) < 1024


ELSEWHERE = Spent(
    Amount(3.0), {"ann": Amount(1.0), "bob": Amount(2.0)}, {"endpoint": Amount(3.0)}, at(55)
)


def test_a_bill_adds_what_other_regions_have_spent(watch: Watch) -> None:
    watch.look(60, Run(ENDPOINT, hosting(), DAY))

    found = bill(watch.lives, {"eu-west-1": ELSEWHERE}, PRICES, REGION, watch.now)

    assert found.by_attendee == {"ann": Amount(2.0), "bob": Amount(2.0)}
    assert found.by_kind == {"endpoint": Amount(4.0)}
    assert (found.total, found.complete) == (Amount(4.0), True)


@pytest.mark.parametrize(
    ("spent", "usd"),
    [
        (Spent(None), 0.0),
        (replace(ELSEWHERE, at=None), 3.0),
        (replace(ELSEWHERE, at=at(29)), 3.0),
    ],
    ids=["unread", "of no time", "of half an hour ago"],
)
def test_a_region_of_which_nobody_knows_is_unknown_and_not_nothing(
    spent: Spent, usd: float
) -> None:
    found = bill({}, {"eu-west-1": spent}, PRICES, REGION, at(60))

    assert found.total == Amount(usd, 1)
    assert not found.complete


def test_what_a_region_tells_the_others_is_its_bill(watch: Watch) -> None:
    watch.look(60, Run(ENDPOINT, hosting(), DAY))

    found = summary(watch.lives, PRICES, REGION, watch.now)

    assert found == Spent(
        Amount(1.0), {"ann": Amount(1.0)}, {"endpoint": Amount(1.0)}, DAY + timedelta(hours=1)
    )

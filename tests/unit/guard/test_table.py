"""The ledger in DynamoDB: what is written is what is read, and two guards at once are harmless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from cleanup.lifetimes import Run
from cleanup.resources import Blind, Scope
from costs.meter import Amount, Bill
from costs.prices import Rate
from guard.board import board_texts
from guard.items import life_text, life_version
from guard.ledger import Extension, Hold, Ledger, Life, Segment, Spent
from guard.lives import bill, update
from guard.plan import Judged, Plan
from guard.rule import Finding, Subject, Verdict
from guard.table import Table
from tests.unit.guard.aws import Clients
from tests.unit.guard.samples import DAY, PRICES, REGION, at, hosting, policy, resource
from workshop.errors import WorkshopError
from workshop.names import ledger_name

OTHER = "eu-west-1"


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        made = Clients()
        for region in (REGION, OTHER):
            made.make_table(region)
        yield made


@pytest.fixture
def table(clients: Clients) -> Table:
    return Table(clients, policy())


LIFE = Life(
    "endpoint/ml101-ann-x/2030-06-03T00:00:00+00:00",
    "ann",
    "endpoint",
    "ml101-ann-x",
    (
        Segment(DAY, at(0.1), hosting(2), 0.1 + 0.2),
        Segment(at(0.1), None, (*hosting(), *hosting(1, "ml.g5.xlarge"))),
        Segment(at(1), None, None),
        Segment(at(1), at(2), ()),
    ),
    part="volume",
)


def lives(table: Table) -> dict[str, Life]:
    return dict(table.read().lives)


def test_a_new_ledger_remembers_nothing(table: Table) -> None:
    assert table.read() == Ledger()
    assert table.read_board() is None


def test_a_life_is_read_as_it_was_written(table: Table) -> None:
    for life in (LIFE, replace(LIFE, final=True), replace(LIFE, segments=())):
        table.write_lives([life])
        assert lives(table) == {LIFE.id: life}


def test_a_life_that_was_closed_is_not_opened_again_by_a_guard_that_looked_before(
    table: Table,
) -> None:
    opened = replace(LIFE, segments=(Segment(DAY, None, hosting()),))
    closed = replace(LIFE, segments=(Segment(DAY, at(20), hosting()),))
    scaled = replace(LIFE, segments=(*closed.segments, Segment(at(30), None, hosting(2))))

    for newest in (closed, scaled, replace(closed, final=True)):
        table.write_lives([newest])
        table.write_lives([opened])
        assert lives(table) == {LIFE.id: newest}


def test_a_thing_that_runs_again_is_open_again(table: Table) -> None:
    closed = replace(LIFE, segments=(Segment(DAY, at(20), hosting()),))
    resumed = replace(LIFE, segments=(*closed.segments, Segment(at(40), None, hosting())))
    table.write_lives([closed])
    table.write_lives([resumed])

    assert lives(table) == {LIFE.id: resumed}


def test_machines_that_are_seen_late_are_written_over_those_unseen(table: Table) -> None:
    known = replace(LIFE, segments=(Segment(DAY, None, hosting()),))
    table.write_lives([replace(LIFE, segments=(Segment(DAY, None, None),))])
    table.write_lives([known])

    assert lives(table) == {LIFE.id: known}


def test_of_two_guards_one_wins_each_warning(clients: Clients) -> None:
    one, other = (Table(clients, policy()) for _ in range(2))

    assert one.win(["budget:ann:20:50", "deadline"]) == {"budget:ann:20:50", "deadline"}
    assert other.win(["budget:ann:20:80", "deadline"]) == {"budget:ann:20:80"}
    assert one.read().warned == {"budget:ann:20:50", "budget:ann:20:80", "deadline"}


def test_a_warning_that_could_not_be_sent_can_be_won_again(table: Table) -> None:
    table.win(["deadline", "budget"])
    table.release(["deadline"])

    assert table.read().warned == {"budget"}
    assert table.win(["deadline", "budget"]) == {"deadline"}


def test_each_attendee_has_a_hold_of_their_own_beside_the_one_of_all(table: Table) -> None:
    ann, everybody = Hold(at(60), "ann", "kim"), Hold(at(30), "", "lee")
    table.put_hold(Hold(at(50), "ann", "lee"))
    table.put_hold(ann)
    table.put_hold(everybody)
    assert set(table.read().holds) == {ann, everybody}

    table.delete_hold("ann")
    assert table.read().holds == (everybody,)
    table.delete_hold()
    table.delete_hold()
    assert table.read().holds == ()


def test_whose_doors_are_shut_is_kept_until_they_are_opened(table: Table) -> None:
    table.note_shut(["ann", "bob"])
    assert table.read().shut == {"ann", "bob"}

    table.note_shut(["cem"])
    table.note_opened(["ann"])
    assert table.read().shut == {"bob", "cem"}


def test_the_newest_extension_is_in_force_until_it_is_taken_back(table: Table) -> None:
    extension = Extension(at(1020), at(1080), "kim")
    table.put_extension(Extension(at(1020), at(1050), "lee"))
    table.put_extension(extension)
    assert table.read().extension == extension

    table.delete_extension()
    assert table.read().extension is None


ENDPOINT = resource("endpoint", "ml101-ann-x")


def plan(
    minutes: float = 60, *, blind: tuple[Blind, ...] = (), ledger: Ledger | None = None
) -> Plan:
    """What a run makes that sees an endpoint of ann's since the day began."""
    ledger, now = ledger or Ledger(), at(minutes)
    after, changed = update(ledger.lives, [Run(ENDPOINT, hosting(), DAY)], now, ledger.last_run)
    verdict = Verdict("leave", "idle-endpoint", "last invoked", at(120), (Finding("x", None, ""),))
    return Plan(
        at=now,
        policy=policy(),
        ledger=ledger,
        scope=Scope("ml101", frozenset({"ann", "bob"}), (REGION,)),
        judged=(Judged(Subject(ENDPOINT, DAY, hosting()), verdict),),
        resources=(ENDPOINT,),
        blind=blind,
        changed=tuple(changed),
        bill=bill(after, {}, PRICES, REGION, now),
        warnings=(),
    )


HOLE = Blind(REGION, "app", "AccessDenied: no")


def test_a_run_is_noted_with_what_it_told(table: Table) -> None:
    table.note_run(plan(), "a problem")

    found = table.read()
    assert (found.last_run, found.digest) == (at(60), "a problem")


def test_the_last_run_only_moves_forward(table: Table) -> None:
    table.note_run(plan(60), "new")
    board = table.read_board()
    table.note_run(plan(50), "old")

    found = table.read()
    assert (found.last_run, found.digest) == (at(60), "new")
    assert table.read_board() == board


def test_a_run_that_could_not_see_everything_is_not_the_last_one_but_has_its_say(
    table: Table,
) -> None:
    table.note_run(plan(50), "")
    table.note_run(plan(60, blind=(HOLE,)), "apps cannot be listed")

    found = table.read()
    assert (found.last_run, found.digest) == (at(50), "apps cannot be listed")


def test_what_is_written_to_the_ledger_is_what_the_next_run_goes_on_from(table: Table) -> None:
    first = plan(60)
    table.write_lives(first.changed)
    table.note_run(first, "")
    ledger = table.read()

    second = plan(120, ledger=ledger)

    assert second.changed == ()
    assert second.bill.total == Amount(pytest.approx(2.0))  # type: ignore[arg-type]


def there(clients: Clients) -> Table:
    """The table of the guard in the other region."""
    return Table(clients, policy(region=OTHER, regions=(REGION, OTHER)))


def test_other_regions_read_what_was_spent(clients: Clients, table: Table) -> None:
    table.note_run(plan(60), "")

    assert there(clients).read().elsewhere == {
        REGION: Spent(Amount(1.0), {"ann": Amount(1.0)}, {"endpoint": Amount(1.0)}, at(60))
    }
    assert there(clients).read(elsewhere=False).elsewhere == {}


def test_for_others_a_look_that_was_blind_is_as_old_as_the_last_one_that_was_not(
    clients: Clients, table: Table
) -> None:
    ledger = Ledger(last_run=at(20))
    table.note_run(plan(60, blind=(HOLE,), ledger=ledger), "")

    assert there(clients).read().elsewhere[REGION].at == at(20)


def test_a_region_that_has_written_nothing_or_cannot_be_reached_is_unknown(
    clients: Clients,
) -> None:
    assert there(clients).read_elsewhere() == {REGION: Spent(None)}

    clients("dynamodb", REGION).delete_table(TableName=ledger_name("ml101"))
    assert there(clients).read_elsewhere() == {REGION: Spent(None)}


def test_without_a_table_one_is_told_to_deploy(clients: Clients) -> None:
    nowhere = Table(clients, policy(region="ap-south-1", regions=("ap-south-1",)))

    for act in (nowhere.read, lambda: nowhere.put_hold(Hold(DAY)), lambda: nowhere.win(["x"])):
        with pytest.raises(WorkshopError, match="no ledger in ap-south-1") as caught:
            act()
        assert caught.value.fix == "workshop deploy"


def test_a_ledger_of_another_shape_says_so(clients: Clients, table: Table) -> None:
    item = {"pk": "ledger", "sk": "life/x", "life": "[1]"}
    clients("dynamodb", REGION).put_item(
        TableName=ledger_name("ml101"), Item={k: {"S": v} for k, v in item.items()}
    )

    with pytest.raises(WorkshopError, match="cannot be read"):
        table.read()


def test_the_board_shows_what_each_attendee_has_running_and_what_becomes_of_it(
    table: Table,
) -> None:
    table.note_run(plan(60, blind=(HOLE,)), "")

    board = table.read_board()
    assert board is not None
    assert (board.at, board.deadline, board.spent) == (at(60), at(18 * 60), Amount(1.0))
    assert board.by_kind == {"endpoint": Amount(1.0)}
    assert board.blind == ("app: AccessDenied: no",)
    assert list(board.places) == ["ann", "bob"]
    assert board.places["bob"].things == ()
    [thing] = board.places["ann"].things
    assert (thing.name, thing.began, thing.machines) == ("ml101-ann-x", DAY, hosting())
    assert (thing.rate, thing.due, thing.reason) == (Rate(1.0), at(120), "last invoked")


def test_who_has_left_is_not_on_the_board(table: Table) -> None:
    before = plan()
    table.note_run(before, "")
    table.note_run(replace(before, at=at(70), scope=Scope("ml101", frozenset(), (REGION,))), "")

    board = table.read_board()
    assert board is not None
    assert list(board.places) == ["ann"]


def test_an_attendee_with_more_than_fits_into_an_item_has_the_rest_counted(table: Table) -> None:
    reason = "ü" * 1000
    verdict = Verdict("leave", "unseen", reason, None)
    many = [replace(ENDPOINT, name=f"{i:03}" + "n" * 253) for i in range(900)]
    judged = tuple(Judged(Subject(r, DAY, hosting()), verdict) for r in many)
    table.note_run(replace(plan(), judged=judged), "")

    board = table.read_board()
    assert board is not None
    place = board.places["ann"]
    assert len(place.things) + place.left_out == 900
    assert place.things[0].reason == reason[:300]
    _, texts = board_texts(board)
    assert 200_000 < len(texts["ann"].encode()) < 400_000


class Slow:
    """DynamoDB that takes only so many items of each batch at first."""

    def __init__(self, clients: Clients, refusals: int) -> None:
        self._clients = clients
        self._left = refusals

    def __call__(self, service: str, region: str) -> Any:
        self._client = self._clients(service, region)
        return self

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803
        if not self._left:
            return self._client.batch_write_item(RequestItems=RequestItems)
        self._left -= 1
        [(name, requests)] = RequestItems.items()
        self._client.batch_write_item(RequestItems={name: requests[:1]})
        return {"UnprocessedItems": {name: requests[1:]} if requests[1:] else {}}


def test_what_a_batch_does_not_take_is_sent_again_after_a_pause(clients: Clients) -> None:
    pauses: list[float] = []
    slow = Table(Slow(clients, 3), policy(), sleep=pauses.append)
    people = frozenset(f"a{i:02}" for i in range(30))
    slow.note_run(replace(plan(), scope=Scope("ml101", people, (REGION,))), "")

    board = slow.read_board()
    assert board is not None
    assert set(board.places) == people | {"ann"}
    assert pauses == [0.05, 0.1]


def test_a_table_that_takes_nothing_more_is_told(clients: Clients) -> None:
    pauses: list[float] = []
    stuck = Table(Slow(clients, 99), policy(), sleep=pauses.append)
    people = frozenset(f"a{i:02}" for i in range(30))

    with pytest.raises(WorkshopError, match="takes no more"):
        stuck.note_run(replace(plan(), scope=Scope("ml101", people, (REGION,))), "")
    assert len(pauses) == 7
    assert stuck.read_board() is None


def test_a_large_class_takes_a_few_pages() -> None:
    """DynamoDB's pages hold 1 MB (Query, API reference)."""
    ended = (Segment(at(1.2345), at(90.2345), hosting()),)
    one = Life(f"endpoint/{'n' * 63}/{DAY.isoformat()}", "ann", "endpoint", "n" * 63, ended)
    text = life_text(one) + life_version(one) + one.id + "ledger, life/, life, version, pk, sk"

    assert 4500 * len(text) < 3e6


def test_what_does_not_fit_into_a_page_is_read_too(clients: Clients, table: Table) -> None:
    found = {str(i): replace(LIFE, id=str(i), name="n" * 100_000) for i in range(25)}
    table.write_lives(found.values())

    assert lives(table) == found
    assert clients.calls["Query"] == 3


def test_a_run_that_changes_nothing_writes_nothing_of_lives(clients: Clients, table: Table) -> None:
    table.write_lives([])

    assert clients.calls == {}


def test_sums_survive_to_the_last_digit(table: Table) -> None:
    exact = Bill({"ann": Amount(0.1 + 0.2, 3)}, {"endpoint": Amount(1 / 3)})
    table.note_run(replace(plan(), bill=exact), "")

    board = table.read_board()
    assert board is not None
    assert board.places["ann"].spent == Amount(0.1 + 0.2, 3)
    assert board.by_kind == {"endpoint": Amount(1 / 3)}

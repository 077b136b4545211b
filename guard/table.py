"""The ledger in DynamoDB: one table per region, of which every guard reads its own in full.

Two guards at once are harmless. What each of them writes of a life is ordered by what it knows,
so that none opens again what the other has closed; a warning is sent by the one who wins it; and
the newest look is noted, whoever comes last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from costs.prices import shipped
from guard import items
from guard.ledger import Extension, Hold, Ledger, Life, Spent
from guard.lives import summary
from guard.policy import GuardPolicy
from workshop import names
from workshop.aws import Clients, error_code
from workshop.errors import WorkshopError

if TYPE_CHECKING:
    from guard.board import Board
    from guard.plan import Plan

# Partitions: what one run reads as a whole, and what is there for others to see.
_LEDGER, _BOARD = "ledger", "board"
# Sort keys, or what those of several items begin with.
_EXTENSION, _RUN, _SPENT, _WHOLE = "extension", "run", "spent", "whole"
_LIFE, _HOLD, _WARNED, _PLACE = "life/", "hold/", "warned/", "place/"
_SHUT = "shut/"
_WRITERS = 32
# BatchWriteItem, API reference.
_BATCH = 25
_TRIES = 8
_FIRST_PAUSE = 0.05  # seconds; twice as long each time

Item = Mapping[str, str]


class Table:
    """The table of a region's guard. Safe to use from many threads.

    What it cannot do raises what botocore raises; WorkshopError without such a table.
    """

    def __init__(
        self, clients: Clients, policy: GuardPolicy, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clients = clients
        self._policy = policy
        self._name = names.ledger_name(policy.workshop)
        self._sleep = sleep

    def read(self, *, elsewhere: bool = True) -> Ledger:
        """Return all that is remembered; on request nothing of what other regions have spent."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            others = pool.submit(self.read_elsewhere) if elsewhere else None
            found = list(self._query(_LEDGER))
            spent = others.result() if others else {}
        return replace(self._ledger(found), elsewhere=spent)

    def read_elsewhere(self) -> dict[str, Spent]:
        """What was spent in each other region of the workshop, as its own guard wrote it."""
        others = [region for region in self._policy.regions if region != self._policy.region]
        with ThreadPoolExecutor(max_workers=len(others) or 1) as pool:
            return dict(zip(others, pool.map(self._spent_in, others), strict=True))

    def write_lives(self, lives: Iterable[Life]) -> None:
        """Keep lives as they are now, but those of which the table knows something newer."""
        self._side_by_side(self._write_life, lives)

    def win(self, keys: Iterable[str]) -> frozenset[str]:
        """Of some warnings those that nobody has sent: they are the caller's to send."""
        wanted = list(keys)
        won = self._side_by_side(lambda key: self._put_new(_item(_WARNED + key)), wanted)
        return frozenset(key for key, mine in zip(wanted, won, strict=True) if mine)

    def release(self, keys: Iterable[str]) -> None:
        """Give back warnings that were won and could not be sent."""
        self._side_by_side(lambda key: self._delete(_WARNED + key), keys)

    def put_hold(self, hold: Hold) -> None:
        """Hold an attendee's things, or all when the hold names nobody, in place of any other
        hold of the same."""
        self._put(_item(_HOLD + hold.attendee, hold=items.hold_text(hold)))

    def delete_hold(self, attendee: str = "") -> None:
        """Lift an attendee's hold, or the one of all."""
        self._delete(_HOLD + attendee)

    def note_shut(self, attendees: Iterable[str]) -> None:
        """Keep whose doors are shut."""
        self._side_by_side(lambda who: self._put(_item(_SHUT + who)), attendees)

    def note_opened(self, attendees: Iterable[str]) -> None:
        """Keep whose doors are open again."""
        self._side_by_side(lambda who: self._delete(_SHUT + who), attendees)

    def put_extension(self, extension: Extension) -> None:
        """Extend the workshop, in place of any other extension."""
        self._put(_item(_EXTENSION, extension=items.extension_text(extension)))

    def delete_extension(self) -> None:
        """Let the workshop end as its file says."""
        self._delete(_EXTENSION)

    def note_run(self, plan: Plan, digest: str) -> None:
        """Keep that a run was made: its digest, what was spent, and what there is to see."""
        complete = not plan.blind
        prices = plan.policy.prices.over(shipped())
        if not self._note_look(plan.at, digest, complete=complete):
            return
        lives = {**plan.ledger.lives, **{life.id: life for life in plan.changed}}
        spent = summary(lives, prices, self._policy.region, plan.at)
        if not complete:
            # For others, what could not be seen is as old as the last look that saw all.
            spent = replace(spent, at=plan.ledger.last_run)
        self._put(_item(_SPENT, spent=items.spent_text(spent)))
        # Not before a run has ended: its beginning waits for every import.
        from guard.board import board_of

        self.write_board(board_of(plan, prices))

    def write_board(self, board: Board) -> None:
        """Show a board in the place of the last one."""
        from guard.board import board_texts

        whole, places = board_texts(board)
        shown = [{"pk": _BOARD, "sk": _PLACE + who, "json": text} for who, text in places.items()]
        # The whole comes last: whoever reads it finds what it speaks of.
        self._put_all(shown)
        self._put({"pk": _BOARD, "sk": _WHOLE, "json": whole})

    def read_board(self) -> Board | None:
        """The newest board, or None before the first."""
        found = {item["sk"]: item["json"] for item in self._query(_BOARD)}
        whole = found.pop(_WHOLE, None)
        if whole is None:
            return None
        from guard.board import board_from

        return board_from(whole, {key.removeprefix(_PLACE): text for key, text in found.items()})

    def _ledger(self, found: Iterable[Item]) -> Ledger:
        try:
            return _ledger(found)
        # Of another shape: written by another version of this.
        except (KeyError, TypeError, ValueError) as error:
            raise WorkshopError(
                f"the ledger {self._name} in {self._policy.region} cannot be read",
                f"{type(error).__name__}: {error}",
                "read it with the version that wrote it, or deploy this one: workshop deploy",
            ) from error

    def _query(self, partition: str) -> Iterator[Item]:
        request: dict[str, Any] = {
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": _typed({":pk": partition}),
        }
        while True:
            page = self._call("query", **request)
            yield from (_plain(item) for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _spent_in(self, region: str) -> Spent:
        key = _typed({"pk": _LEDGER, "sk": _SPENT})
        try:
            client = self._clients("dynamodb", region)
            answer = client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
            return items.spent_of(_plain(answer["Item"])["spent"])
        # Unknown: out of reach, not yet written, or of another shape.
        except (ClientError, BotoCoreError, KeyError, TypeError, ValueError):
            return Spent(None)

    def _write_life(self, life: Life) -> bool:
        version = items.life_version(life)
        item = _item(_LIFE + life.id, life=items.life_text(life), version=version)
        return self._is_done(
            "put_item",
            Item=_typed(item),
            ConditionExpression="attribute_not_exists(pk) OR version <= :version",
            ExpressionAttributeValues=_typed({":version": version}),
        )

    def _note_look(self, at: datetime, digest: str, *, complete: bool) -> bool:
        """Whether no newer look has been noted."""
        changes = ["looked = :at", "digest = :digest", *(["last_run = :at"] if complete else [])]
        return self._is_done(
            "update_item",
            Key=_typed({"pk": _LEDGER, "sk": _RUN}),
            UpdateExpression=f"SET {', '.join(changes)}",
            ConditionExpression="attribute_not_exists(looked) OR looked <= :at",
            ExpressionAttributeValues=_typed({":at": items.time_text(at), ":digest": digest}),
        )

    def _put_new(self, item: Item) -> bool:
        return self._is_done(
            "put_item", Item=_typed(item), ConditionExpression="attribute_not_exists(pk)"
        )

    def _put(self, item: Item) -> None:
        self._call("put_item", Item=_typed(item))

    def _delete(self, key: str) -> None:
        self._call("delete_item", Key=_typed({"pk": _LEDGER, "sk": key}))

    def _put_all(self, found: list[dict[str, str]]) -> None:
        """Put items without any condition, many at a time."""
        left = [{"PutRequest": {"Item": _typed(item)}} for item in found]
        client = self._clients("dynamodb", self._policy.region)
        pause = _FIRST_PAUSE
        for attempt in range(_TRIES):
            if attempt:
                self._sleep(pause)
                pause *= 2
            kept: list[dict[str, Any]] = []
            for start in range(0, len(left), _BATCH):
                batch = {self._name: left[start : start + _BATCH]}
                kept += client.batch_write_item(RequestItems=batch)["UnprocessedItems"].get(
                    self._name, []
                )
            left = kept
            if not left:
                return
        raise WorkshopError(
            f"the ledger {self._name} in {self._policy.region} takes no more",
            f"{len(left)} items were not written in {_TRIES} tries",
            "the next run writes them again",
        )

    def _side_by_side(self, do: Callable[[Any], Any], found: Iterable[Any]) -> list[Any]:
        with ThreadPoolExecutor(max_workers=_WRITERS) as pool:
            return list(pool.map(do, found))

    def _is_done(self, operation: str, **parameters: Any) -> bool:
        """Whether a write's condition held."""
        try:
            self._call(operation, **parameters)
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _call(self, operation: str, **parameters: Any) -> Any:
        client = self._clients("dynamodb", self._policy.region)
        try:
            return getattr(client, operation)(TableName=self._name, **parameters)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            raise WorkshopError(
                f"the workshop has no ledger in {self._policy.region}",
                f"there is no table {self._name}",
                "workshop deploy",
            ) from error


def _ledger(found: Iterable[Item]) -> Ledger:
    by_key = {item["sk"]: item for item in found}

    def begins_with(prefix: str) -> Iterator[tuple[str, Item]]:
        return ((k.removeprefix(prefix), i) for k, i in by_key.items() if k.startswith(prefix))

    extension = by_key.get(_EXTENSION)
    run = by_key.get(_RUN, {})
    return Ledger(
        extension=None if extension is None else items.extension_of(extension["extension"]),
        holds=tuple(items.hold_of(who, item["hold"]) for who, item in begins_with(_HOLD)),
        lives={key: items.life_of(key, item["life"]) for key, item in begins_with(_LIFE)},
        shut=frozenset(who for who, _ in begins_with(_SHUT)),
        warned=frozenset(key for key, _ in begins_with(_WARNED)),
        last_run=items.time_of(run.get("last_run")),
        digest=run.get("digest", ""),
    )


def _item(key: str, **attributes: str) -> dict[str, str]:
    return {"pk": _LEDGER, "sk": key, **attributes}


def _typed(item: Item) -> dict[str, dict[str, str]]:
    """An item as DynamoDB's API has it; every attribute here is text."""
    return {key: {"S": value} for key, value in item.items()}


def _plain(item: Mapping[str, Mapping[str, str]]) -> Item:
    return {key: value["S"] for key, value in item.items()}

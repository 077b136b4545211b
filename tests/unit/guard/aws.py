"""AWS in memory for the tests of the guard, with a count of what is asked of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import boto3

from workshop.names import ledger_name

_KEYS = (("pk", "HASH"), ("sk", "RANGE"))


class Clients:
    """Real clients, made once each, and how often each of their operations was called."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._made: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str) -> Any:
        if (service, region) not in self._made:
            client = boto3.client(
                service, region, aws_access_key_id="test", aws_secret_access_key="test"
            )
            client.meta.events.register("before-call.*.*", self._count)
            self._made[service, region] = client
        return self._made[service, region]

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[model.name] += 1

    def make_table(self, region: str) -> None:
        """Make the ledger's table, as the stacks have it."""
        self("dynamodb", region).create_table(
            TableName=ledger_name("ml101"),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k, _ in _KEYS],
            KeySchema=[{"AttributeName": k, "KeyType": how} for k, how in _KEYS],
        )
        self.calls.clear()

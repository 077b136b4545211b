"""A small AWS in which stacks are deleted, and CloudFormation's end of the line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cleanup.deletion import Tools
from cleanup.on_delete import handler
from tests.unit.cleanup.fake_aws import FakeAws, refusal

ARN = "arn:aws:lambda:us-east-1:111122223333:function:ml101-shared-sweep"
STACK = "arn:aws:cloudformation:us-east-1:111122223333:stack/{}/1"
SERVICE_SECONDS = 3600


class Answers(ThreadingHTTPServer):
    """What is PUT at ResponseURLs. `refusals` many of them are answered with a 503 first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.bodies: list[bytes] = []
        self.types: list[str | None] = []
        self.refusals = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/answer?signed"

    @property
    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.bodies[-1])
        return found


class _Answer(BaseHTTPRequestHandler):
    server: Answers

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.server.refusals > 0
        if refused:
            self.server.refusals -= 1
        else:
            self.server.bodies.append(body)
            self.server.types.append(self.headers["Content-Type"])
        self.send_response(503 if refused else 200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None: ...


def serve_answers() -> Iterator[Answers]:
    with Answers() as answers:
        thread = threading.Thread(target=answers.serve_forever, args=(0.01,))
        thread.start()
        yield answers
        answers.shutdown()
        thread.join()


@dataclass
class Context:
    """An invocation of fifteen minutes that began when the clock said `since`."""

    aws: FakeAws
    since: float
    seconds: float = 900.0
    invoked_function_arn: str = ARN

    def get_remaining_time_in_millis(self) -> int:
        return int((self.since + self.seconds - self.aws.clock.time) * 1000)


@dataclass
class Account:
    """Stacks, and functions that call themselves, beside SageMaker. `stacks` are rows of
    ListStacks, `tags` those of the stack that asks, which has asked at `asked_at`."""

    aws: FakeAws
    answers: Answers
    status: str = "DELETE_IN_PROGRESS"
    stacks: list[dict[str, str]] = field(default_factory=list)
    invoked: list[dict[str, Any]] = field(default_factory=list)
    refuse_stacks: Exception | None = None
    protected: frozenset[str] = frozenset()
    tags: dict[str, str] = field(default_factory=dict)
    asked_at: float = 0.0
    s3: Any = None

    def clients(self, service: str, region: str) -> Any:
        if service == "s3" and self.s3 is not None:
            return self.s3
        if service in ("cloudformation", "lambda", "s3", "logs"):
            return _Other(self)
        return self.aws.clients(service, region)

    def request(self, kind: str = "Delete", what: str = "attendee", **more: Any) -> dict[str, Any]:
        """What CloudFormation sends; all values are text."""
        properties = {"ServiceToken": ARN, "ServiceTimeout": "3600", "What": what}
        name, self.tags = "ml101-shared", {"workshop:name": "ml101"}
        if what == "attendee":
            name, properties["Attendee"] = "ml101-ann", "ann"
            self.tags["workshop:attendee"] = "ann"
        return {
            "RequestType": kind,
            "ResponseURL": self.answers.url,
            "StackId": STACK.format(name),
            "RequestId": "request-1",
            "LogicalResourceId": "Sweep",
            "ResourceType": "Custom::WorkshopSweep",
            "ResourceProperties": properties,
            **({} if kind == "Create" else {"PhysicalResourceId": "sweep-ann"}),
            **more,
        }

    def invoke(self, request: dict[str, Any], seconds: float = 900.0) -> None:
        """One invocation."""
        clock = self.aws.clock
        tools = Tools(
            self.clients,
            "ml101",
            SERVICE_SECONDS,
            self.protected,
            "assets",
            now=clock.now,
            sleep=clock.sleep,
        )
        handler(request, Context(self.aws, clock.time, seconds), tools)

    def invoke_all(self, request: dict[str, Any]) -> int:
        """An invocation, and those it causes; returns how many there were."""
        count = 1
        self.invoke(request)
        while self.invoked:
            count += 1
            self.invoke(self.invoked.pop(0))
        return count


class _Other:
    """The clients of CloudFormation, Lambda, S3 and CloudWatch Logs, as far as they are used."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        if self._account.refuse_stacks:
            raise self._account.refuse_stacks
        assert StackName.startswith("arn:"), "by its id, not by its name"
        tags = [{"Key": key, "Value": value} for key, value in self._account.tags.items()]
        name = StackName.split("/")[1]
        return {"Stacks": [{"StackName": name, "StackStatus": self._account.status, "Tags": tags}]}

    def describe_stack_resource(self, **request: str) -> dict[str, Any]:
        assert request["LogicalResourceId"] == "Sweep"
        asked = datetime.fromtimestamp(self._account.asked_at, UTC)
        detail = {"ResourceStatus": "DELETE_IN_PROGRESS", "LastUpdatedTimestamp": asked}
        return {"StackResourceDetail": detail}

    def invoke(self, **request: Any) -> None:
        assert (request["FunctionName"], request["InvocationType"]) == (ARN, "Event")
        self._account.invoked.append(json.loads(request["Payload"]))

    def get_bucket_tagging(self, **_request: Any) -> None:
        raise refusal("NoSuchBucket", "GetBucketTagging")

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(self._account, operation)


@dataclass
class _Pages:
    account: Account
    operation: str

    def paginate(self, **_request: Any) -> list[dict[str, Any]]:
        if self.operation == "list_stacks":
            return [{"StackSummaries": [row]} for row in self.account.stacks]
        if self.operation.startswith("list_"):
            raise refusal("NoSuchBucket", self.operation)
        return []

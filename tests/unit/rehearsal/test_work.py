"""What jobs are made of: splitting, log streams, links, reports."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from rehearsal.jobs.logs import LogStream
from rehearsal.report import LabResult, Report
from rehearsal.sagemaker.links import Links


class _Missing(Exception):
    """The stream is not there."""


class _Present(Exception):
    """It is there already."""


class LogsInMemory:
    """CloudWatch Logs as far as a stream needs it."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        ResourceNotFoundException = _Missing
        ResourceAlreadyExistsException = _Present

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.there = False

    @property
    def messages(self) -> list[str]:
        return [message for batch in self.batches for message in batch]

    def create_log_group(self, **_: Any) -> None:
        raise _Present

    def create_log_stream(self, **_: Any) -> None:
        self.there = True

    def put_log_events(self, **request: Any) -> None:
        if not self.there:
            raise _Missing
        self.batches.append([event["message"] for event in request["logEvents"]])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "container.log"


def test_only_complete_lines_are_sent_and_each_once(log: Path) -> None:
    logs = LogsInMemory()
    stream = LogStream(logs, "group", "stream", log)
    stream.send()  # there is no file yet
    log.write_text("one\ntw")
    stream.send()
    with log.open("a") as file:
        file.write("o\nthree\n")
    stream.send()
    stream.send()
    assert logs.messages == ["one", "two", "three"]


def test_a_stream_that_somebody_swept_is_made_again(log: Path) -> None:
    logs = LogsInMemory()
    stream = LogStream(logs, "group", "stream", log)
    log.write_text("one\n")
    stream.send()
    logs.there = False
    with log.open("a") as file:
        file.write("two\n")
    stream.send()
    assert logs.messages == ["one", "two"]


def test_a_chatty_container_is_sent_in_batches_that_aws_accepts(log: Path) -> None:
    logs = LogsInMemory()
    log.write_text("x\n" * 25_000 + "y" * 2_000_000 + "\n")
    LogStream(logs, "group", "stream", log).send()
    assert [len(batch) for batch in logs.batches] == [10_000, 10_000, 5_000, 1]
    assert all(sum(len(message) + 26 for message in batch) <= 1_048_576 for batch in logs.batches)


def test_threads_that_send_at_once_send_each_line_once(log: Path) -> None:
    logs = LogsInMemory()
    stream = LogStream(logs, "group", "stream", log)
    log.write_text("".join(f"{number}\n" for number in range(500)))
    threads = [threading.Thread(target=stream.send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs.messages == [str(number) for number in range(500)]


def test_a_link_opens_until_it_expires_and_an_unknown_one_never() -> None:
    links = Links()
    token = links.make({"who": "ann"}, expires=300)
    assert links.facts(token, now=299.9) == {"who": "ann"}
    assert links.facts(token, now=300) is None
    assert links.facts("nonsense", now=0) is None


def test_a_report_is_ok_only_without_problems_leftovers_and_failed_labs() -> None:
    lab = LabResult("iris-xgboost", "ann", 1, 1, True, "")
    failed = LabResult("iris-xgboost", "bob", None, None, False, "training job x failed")
    report = Report(attendees=1, environment="studio", modules=[lab])
    assert report.ok
    assert not Report(1, "studio", modules=[lab, failed]).ok
    assert not Report(1, "studio", problems=["check: no"]).ok
    assert not Report(1, "studio", left=[{"kind": "bucket", "name": "x"}]).ok

"""DataProcessing of a batch transform: what the container gets, and what goes with its answers.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.jobs.json_path import JsonPath, PathError, compile_path
from rehearsal.jobs.work import JobFailure

_INPUT = "SageMakerInput"
_OUTPUT = "SageMakerOutput"


@dataclass(frozen=True, slots=True)
class Association:
    """The two filters, whether to join, and of what type the data are."""

    before: JsonPath
    after: JsonPath
    join: bool
    as_csv: bool

    @property
    def idle(self) -> bool:
        """Whether nothing is filtered and nothing joined: records pass as they are."""
        return self.before.everything and self.after.everything and not self.join

    def filtered(self, records: Sequence[bytes]) -> list[bytes]:
        """The records as the container gets them. Raises JobFailure for what is not there."""
        if self.before.everything:
            return list(records)
        return [self._write(self._select(self.before, self._read(record))) for record in records]

    def joined(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """The records' part of the output object: joined, filtered, a line each."""
        answers = self._answers(answer, len(records))
        lines = []
        for record, said in zip(records, answers, strict=True):
            result = self._join(self._read(record), said) if self.join else said
            lines.append(self._write(self._select(self.after, result)))
        return b"".join(lines)

    def _answers(self, answer: bytes, records: int) -> list[Any]:
        """The container's answer, record by record."""
        lines = [line for line in answer.splitlines() if line.strip()]
        if records == 1 and not self.as_csv:
            return [self._read(answer)]
        if len(lines) != records:
            raise JobFailure(
                f"ClientError: {records} records got {len(lines)} lines of answers, so they "
                "cannot be associated"
            )
        return [self._read(line) for line in lines]

    def _join(self, record: Any, said: Any) -> Any:
        if self.as_csv:
            return [*record, *said]
        if isinstance(record, dict):
            return {**record, _OUTPUT: said}
        return {_INPUT: record, _OUTPUT: said}

    def _select(self, path: JsonPath, value: Any) -> Any:
        try:
            return path.select(value)
        except PathError as error:
            raise JobFailure(f"ClientError: {error}") from error

    def _read(self, record: bytes) -> Any:
        try:
            text = record.decode("utf-8").strip()
            return next(csv.reader([text]), []) if self.as_csv else json.loads(text)
        except ValueError as error:
            raise JobFailure(f"ClientError: a record cannot be read: {error}") from error

    def _write(self, value: Any) -> bytes:
        if not self.as_csv:
            return json.dumps(value).encode() + b"\n"
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(
            value if isinstance(value, list) else [value]
        )
        return text.getvalue().encode()


def of_job(job: dict[str, Any]) -> Association:
    """What a job's DataProcessing says. Raises JobFailure for what cannot be done."""
    asked = job.get("DataProcessing", {})
    try:
        before = compile_path(asked.get("InputFilter", "$"))
        after = compile_path(asked.get("OutputFilter", "$"))
    except PathError as error:
        raise JobFailure(f"ClientError: {error}") from error
    name = job["TransformInput"].get("ContentType", "").partition(";")[0].strip().lower()
    found = Association(
        before, after, join=asked.get("JoinSource", "None") == "Input", as_csv=name == "text/csv"
    )
    if found.idle or name == "text/csv":
        return found
    # "the input data and the output must be CSV or JSON" (batch-transform-data-processing).
    if name in ("application/json", "application/jsonlines"):
        return found
    raise JobFailure(
        f"ClientError: DataProcessing needs CSV or JSON, not {name or 'no content type'}"
    )

"""The records of an object, and the requests that a batch transform makes of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

from rehearsal.jobs.work import JobFailure

DEFAULT_PAYLOAD_MB = 6  # MaxPayloadInMB, API reference
# A record of MXNet's RecordIO: this word, then a length in the lower 29 bits, the content, and
# zeros up to a multiple of four (https://mxnet.apache.org/api/faq/recordio).
_MAGIC = 0xCED7230A
_LENGTH_BITS = 29


def requests_of(job: dict[str, Any], body: bytes) -> Iterator[list[bytes]]:
    """The requests of one object, each as its records: SplitType, BatchStrategy, MaxPayloadInMB.

    Raises JobFailure when a record is larger than a request may be.
    """
    limit = max_payload(job)
    single = job.get("BatchStrategy", "MultiRecord") == "SingleRecord"
    for request in _batches(_records(job, body, bare=single), limit, single=single):
        if limit and sum(map(len, request)) > limit:
            raise _too_large()
        yield request


def payloads_of(job: dict[str, Any], body: bytes) -> Iterator[bytes]:
    """The same requests whole, for when nobody looks at their records.

    Raises JobFailure as `requests_of` does.
    """
    limit = max_payload(job)
    if _is_plain_lines(job, body):
        yield from _cut_at_lines(body, limit)
        return
    for request in requests_of(job, body):
        yield b"".join(request)


def max_payload(job: dict[str, Any]) -> int:
    """The most bytes of a request; 0 is no limit."""
    return int(job.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)) * 1024 * 1024


def _records(job: dict[str, Any], body: bytes, *, bare: bool) -> Iterable[bytes]:
    kind = job["TransformInput"].get("SplitType", "None")
    if kind == "None":
        return [body]
    if kind == "Line":
        return (line for line in body.splitlines(keepends=True) if line.strip())
    if kind == "RecordIO":
        return _recordio(body, bare=bare)
    raise JobFailure(f"not executed locally: SplitType {kind}")


def _batches(records: Iterable[bytes], limit: int, *, single: bool) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for record in records:
        if batch and (single or (limit and size + len(record) > limit)):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record)
    if batch:
        yield batch


def _is_plain_lines(job: dict[str, Any], body: bytes) -> bool:
    """Whether all of an object goes into requests of many lines: there are no blank ones."""
    if job["TransformInput"].get("SplitType") != "Line" or b"\r" in body:
        return False
    if job.get("BatchStrategy") == "SingleRecord":
        return False
    bare = body.translate(None, b" \t\v\f")
    return bool(bare) and not bare.startswith(b"\n") and b"\n\n" not in bare


def _cut_at_lines(body: bytes, limit: int) -> Iterator[bytes]:
    """As many whole lines at once as the limit allows; 0 is no limit."""
    start = 0
    while start < len(body):
        end = len(body)
        if limit and end - start > limit:
            end = body.rfind(b"\n", start, start + limit) + 1
            if not end:
                raise _too_large()
        yield body[start:end]
        start = end


def _too_large() -> JobFailure:
    # The words that the job's data-log has for it.
    return JobFailure("ClientError: Too much data for max payload size")


def _recordio(body: bytes, *, bare: bool) -> Iterator[bytes]:
    """The records of RecordIO; `bare` leaves their padding out, as for single records."""
    place = 0
    while place < len(body):
        try:
            magic, word = struct.unpack_from("<II", body, place)
        except struct.error as error:
            raise JobFailure(f"ClientError: not RecordIO at byte {place}: {error}") from error
        length = word & ((1 << _LENGTH_BITS) - 1)
        end = place + 8 + length + -length % 4
        if magic != _MAGIC or word >> _LENGTH_BITS or end > len(body):
            raise JobFailure(f"ClientError: not a whole record of RecordIO at byte {place}")
        yield body[place + 8 : place + 8 + length] if bare else body[place:end]
        place = end

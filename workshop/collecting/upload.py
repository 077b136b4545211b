"""Write an S3 object piece by piece: it appears whole at the end, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

# "5 MiB to 5 GiB" each and "10,000" at most (S3 user guide, "Amazon S3 multipart upload
# limits"), so that an object of 156 GiB fits.
PART_BYTES = 16 * 1024 * 1024


class ObjectWriter:
    """A file-like writer of one object; a context manager.

    At the end of the block the object is complete; an exception leaves none, and an earlier
    object under the key stays as it was. No more than a part is held in memory.
    """

    def __init__(self, s3: Any, bucket: str, key: str, part_bytes: int = PART_BYTES) -> None:
        self._s3 = s3
        self._where = {"Bucket": bucket, "Key": key}
        self._part_bytes = part_bytes
        self._buffer = bytearray()
        self._upload = ""
        self._parts: list[dict[str, Any]] = []
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """The hash, in hexadecimal, of what was written so far."""
        return self._digest.hexdigest()

    def write(self, data: bytes, /) -> int:
        """Take some bytes. Raises ClientError when S3 refuses a part."""
        self._digest.update(data)
        self._buffer += data
        self.size += len(data)
        while len(self._buffer) >= self._part_bytes:
            self._send(bytes(self._buffer[: self._part_bytes]))
            del self._buffer[: self._part_bytes]
        return len(data)

    def flush(self) -> None:
        """Nothing: a part is sent when it is full."""

    def __enter__(self) -> ObjectWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._abort()
            return
        try:
            self._complete()
        except BaseException:
            self._abort()
            raise

    def _send(self, part: bytes) -> None:
        if not self._upload:
            self._upload = self._s3.create_multipart_upload(**self._where)["UploadId"]
        number = len(self._parts) + 1
        answer = self._s3.upload_part(
            **self._where, UploadId=self._upload, PartNumber=number, Body=part
        )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def _complete(self) -> None:
        if not self._upload:
            self._s3.put_object(**self._where, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._s3.complete_multipart_upload(
            **self._where, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )

    def _abort(self) -> None:
        # The bucket drops unfinished uploads after a day in any case.
        if self._upload:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._s3.abort_multipart_upload(**self._where, UploadId=self._upload)

"""An S3 in memory, whose calls can be made to fail."""

from __future__ import annotations

import io
from typing import Any

from botocore.exceptions import ClientError


class FakeS3:
    """The calls that collecting makes. `refuse` maps an operation to an error code."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, list[bytes]] = {}
        self.refuse: dict[str, str] = {}

    def _called(self, operation: str) -> None:
        if operation in self.refuse:
            code = self.refuse[operation]
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = body

    def put_object(self, **request: Any) -> None:
        self._called("put_object")
        self.put(request["Key"], request["Body"])

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._called("get_object")
        if request["Key"] not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[request["Key"]])}

    def delete_object(self, **request: Any) -> None:
        self._called("delete_object")
        self.objects.pop(request["Key"], None)

    def create_multipart_upload(self, **request: Any) -> dict[str, str]:
        self._called("create_multipart_upload")
        self.uploads[request["Key"]] = []
        return {"UploadId": request["Key"]}

    def upload_part(self, **request: Any) -> dict[str, str]:
        self._called("upload_part")
        parts = self.uploads[request["UploadId"]]
        assert request["PartNumber"] == len(parts) + 1
        parts.append(request["Body"])
        return {"ETag": str(len(parts))}

    def complete_multipart_upload(self, **request: Any) -> None:
        self._called("complete_multipart_upload")
        parts = self.uploads.pop(request["UploadId"])
        listed = [(p["PartNumber"], p["ETag"]) for p in request["MultipartUpload"]["Parts"]]
        assert listed == [(number, str(number)) for number in range(1, len(parts) + 1)]
        self.put(request["Key"], b"".join(parts))

    def abort_multipart_upload(self, **request: Any) -> None:
        self._called("abort_multipart_upload")
        del self.uploads[request["UploadId"]]

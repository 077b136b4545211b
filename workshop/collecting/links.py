"""Links to archives that open without signing in, for a limited time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from workshop.collecting.record import Record, folder


@dataclass(frozen=True, slots=True)
class Linker:
    """Signs links to archives in a region's bucket; no call is made.

    `temporary` is whether the credentials are: then a link ends with them at the latest
    (S3 user guide, "Sharing objects with presigned URLs").
    """

    region: str
    bucket: str
    hours: int

    @property
    def temporary(self) -> bool:
        """Whether the links are signed with temporary credentials."""
        return bool(self._credentials().token)

    def link(self, attendee: str, record: Record) -> str:
        """A URL that downloads an attendee's archive."""
        session = boto3.Session(region_name=self.region)
        # boto3 still signs links with Signature Version 2 in older regions, unless told;
        # buckets made since June 2020 refuse that (AWS News Blog, "Amazon S3 Update - SigV2
        # Deprecation Period Extended & Modified").
        s3 = session.client("s3", config=Config(signature_version="s3v4"))
        url: str = s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.bucket, "Key": folder(attendee) + record.archive},
            ExpiresIn=self.hours * 3600,
        )
        return url

    def _credentials(self) -> Any:
        found = boto3.Session().get_credentials()
        if found is None:
            raise NoCredentialsError
        return found.get_frozen_credentials()

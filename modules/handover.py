"""What a lab has handed over to later ones: a JSON object in the attendee's part of the bucket.

The notebooks write and read it by the helpers `hand_over` and `take_over` of
modules/cells/setup.py, which stand in every built notebook and import nothing of ours.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError


def handover_key(prefix: str, module: str) -> str:
    """The S3 key of a lab's handover; `prefix` is what the attendee's keys begin with."""
    return f"{prefix}.workshop/handover/{module}.json"


def is_handed_over(s3: Any, bucket: str, prefix: str, module: str) -> bool:
    """Whether a lab's handover is there, and every S3 URI that it names as well.

    A bucket or an object that may not be seen counts as not there: the lab is then run.
    """
    try:
        values = _read(s3, bucket, handover_key(prefix, module))
        uris = [str(value) for value in values.values() if str(value).startswith("s3://")]
        return all(_is_there(s3, uri) for uri in uris)
    except (ClientError, ValueError, AttributeError):
        return False


def _read(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return values


def _is_there(s3: Any, uri: str) -> bool:
    """Whether an object, or anything below a prefix, exists."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bool(s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)["KeyCount"])

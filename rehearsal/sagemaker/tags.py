"""Which tags a resource may have: one rule for creation, AddTags and the tagging API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.errors import invalid

# "Each resource can have up to 50 tags" (TagResources). AWS's own do not count, and only AWS
# sets and removes them (General Reference, "Tag naming limits and requirements").
MOST = 50
RESERVED = "aws:"


def checked_tags(
    params: Mapping[str, Any], present: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The `Tags` of a request as {key: value}.

    `present` are the tags that the resource has already. Raises ValidationException for keys
    given twice ("Tag keys must be unique per resource", Tag), for AWS's own keys (wording: that
    of many services, for example aws-quickstart/quickstart-amazon-eks#42), and for more than
    50 tags. The wording of the first and the last is ours.
    """
    given = params.get("Tags") or []
    twice = sorted(key for key, times in Counter(t["Key"] for t in given).items() if times > 1)
    if twice:
        raise invalid(f"Tag keys must be unique per resource: {', '.join(twice)}.")
    tags: dict[str, str] = {tag["Key"]: tag.get("Value") or "" for tag in given}
    refuse_reserved(tags)
    count = sum(not is_reserved(key) for key in {**(present or {}), **tags})
    if count > MOST:
        raise invalid(f"A resource can have up to {MOST} tags; this one would have {count}.")
    return tags


def refuse_reserved(keys: Iterable[str]) -> None:
    """Refuse AWS's own keys where a caller gives them."""
    if any(map(is_reserved, keys)):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")


def is_reserved(key: str) -> bool:
    """Whether a tag's key is AWS's own, in whatever case."""
    return key.lower().startswith(RESERVED)

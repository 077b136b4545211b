"""Rules for single values: each function returns the value or says what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from workshop import names
from workshop.config import tables

RULE = "workshop_rule"

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?")
# git check-ref-format: https://git-scm.com/docs/git-check-ref-format
_REF_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)")


def wrong(what: str, fix: str) -> PydanticCustomError:
    """An error whose message and fix are ours, for pydantic to collect with its own."""
    return PydanticCustomError(RULE, "{what}", {"what": what, "fix": fix})


def closest(word: str, choices: Sequence[str]) -> str:
    """Return the choice that looks most like `word`, or ""."""
    return next(iter(get_close_matches(word, choices, n=1, cutoff=0.6)), "")


def suggest(word: str, choices: Sequence[str]) -> str:
    """Say what could have been meant: the closest choice, or all if they are few."""
    near = closest(word, choices)
    if near:
        return f"did you mean {near}?"
    if len(choices) <= 12:
        return f"one of: {', '.join(choices)}"
    return f"for example {choices[0]}"


def workshop_name(text: str) -> str:
    """A workshop's name: lower-case letters and digits, a letter first."""
    if names.is_workshop_name(text):
        return text
    raise wrong(
        f"{text!r} cannot be a workshop name: only lower-case letters and digits, a letter first "
        "(a hyphen would let one attendee's names match another's)",
        f"name: {_lower_case_letters(text).lstrip('0123456789') or 'ml101'}",
    )


def attendee_id(text: str) -> str:
    """An attendee's id: lower-case letters and digits."""
    if names.is_attendee_id(text):
        return text
    if not text:
        raise wrong("an attendee id is empty", "give it lower-case letters and digits: ann")
    if text == names.SHARED:
        raise wrong(f"{text!r} is reserved: it names what all attendees share", "choose another id")
    if re.fullmatch("[0-9]{12}", text):
        raise wrong("twelve digits would read as an AWS account id", "choose a shorter id")
    raise wrong(
        f"{text!r} cannot be an attendee id: only lower-case letters and digits",
        f"write it as {_lower_case_letters(text) or 'ann'}",
    )


def account_id(value: object) -> str:
    """An account's id: twelve digits, as text, since a number loses its leading zeros."""
    if isinstance(value, str) and names.is_account_id(value):
        return value
    raise wrong(
        f"{value!r} cannot be an account id: twelve digits in quotes", 'write "123456789012"'
    )


def _lower_case_letters(text: str) -> str:
    return re.sub("[^a-z0-9]", "", text.lower())


def timestamp(text: str) -> str:
    """ISO 8601 with an offset or Z, left as text; `moment` converts it."""
    moment(text)
    return text


def moment(text: str) -> datetime:
    """Convert ISO 8601 with an offset or Z to an aware datetime."""
    if not _TIMESTAMP.match(text):
        raise wrong(f"{text!r} is no date and time", "write 2026-03-02T09:00:00+01:00")
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise wrong(
            f"{text!r} is no date and time: {error}", "write 2026-03-02T09:00:00+01:00"
        ) from None
    if found.tzinfo is None:
        raise wrong(
            f"{text!r} has no time zone, so nobody knows when it is",
            f"add the offset: {text}+01:00, or Z for UTC: {text}Z",
        )
    return found


def region(text: str) -> str:
    """A region in which SageMaker exists."""
    known = tuple(tables.environments_by_region())
    if text in known:
        return text
    raise wrong(f"SageMaker has no region {text!r}", suggest(text, known))


def instance_type_for(use: str) -> Callable[[str], str]:
    """Return the rule for an instance type of a use; see `tables.instance_types`."""

    def check(text: str) -> str:
        gone = tables.retired(text, use)
        if gone is not None:
            raise wrong(gone.reason, f"use {gone.instead}")
        allowed = tables.instance_types(use)
        if text not in allowed:
            raise wrong(
                f"SageMaker has no instance type {text!r} for {use}", suggest(text, allowed)
            )
        return text

    return check


def repository_url(text: str) -> str:
    """An https URL of a git repository that needs no sign-in."""
    example = "write https://HOST/OWNER/REPOSITORY.git"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise wrong(f"{text!r} is no URL: {error}", example) from None
    if parts.username is not None or parts.password is not None:
        raise wrong("the URL contains a user or a password, for everyone to read", "remove it")
    if parts.scheme != "https":
        raise wrong(
            f"{text!r} is not https: environments have no ssh keys and clone without signing in",
            example,
        )
    refused = re.search(r"[\s\x00-\x1f\"'\\]", text)
    if not parts.hostname or not parts.path.strip("/") or parts.query or parts.fragment or refused:
        raise wrong(f"{text!r} does not name a repository", example)
    return text


def git_ref(text: str) -> str:
    """A branch, a tag or a commit, as git check-ref-format allows it."""
    if (
        not text
        or text == "@"
        or text.startswith(("-", "/", "."))
        or text.endswith(("/", "."))
        or _REF_REFUSED.search(text)
    ):
        raise wrong(f"{text!r} is no branch, tag or commit that git accepts", "write main, or v1.0")
    return text


def module_name(text: str) -> str:
    """A module that exists."""
    known = tuple(tables.needs_by_module())
    if text in known:
        return text
    raise wrong(f"there is no module {text!r}", suggest(text, known))


def email(text: str) -> str:
    """An e-mail address, roughly: something, an @, something."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        return text
    raise wrong(f"{text!r} is no e-mail address", "write ann@example.com, or leave it out")


def webhook(text: str) -> str:
    """An https URL that takes a POST: something answers at its host."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise wrong(f"{text!r} is no URL: {error}", "write https://HOST/PATH") from None
    plain = text.isascii() and not re.search(r"[\s\x00-\x1f]", text)
    if parts.scheme != "https" or not parts.hostname or not plain:
        raise wrong(f"{text!r} is not an https URL", "write https://HOST/PATH")
    return text


def no_repeats(items: list[str]) -> list[str]:
    """A list in which nothing stands twice."""
    repeated = sorted({item for item in items if items.count(item) > 1})
    if repeated:
        raise wrong(f"{', '.join(repeated)} stands there more than once", "keep one")
    return items

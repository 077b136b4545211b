"""Presigned links: who opens what, until when."""

from __future__ import annotations

import secrets


class Links:
    """Tokens of presigned URLs. A token opens until it expires."""

    def __init__(self) -> None:
        self._links: dict[str, tuple[dict[str, str], float]] = {}

    def make(self, facts: dict[str, str], expires: float) -> str:
        """Return a new token for a link that shows `facts` until `expires` (epoch seconds)."""
        token = secrets.token_urlsafe(24)
        self._links[token] = (facts, expires)
        return token

    def facts(self, token: str, now: float) -> dict[str, str] | None:
        """What a token opens, or None when it is unknown or has expired."""
        facts, expires = self._links.get(token, ({}, 0.0))
        return facts if now < expires else None

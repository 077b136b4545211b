"""The local AWS as a rehearsal looks at it: its counts, its inventory, its machines."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from rehearsal import isolation
from rehearsal.needs import Peak

# kind, region, name, status
Row = tuple[str, str, str, str]
COLUMNS = ("kind", "region", "name", "status")


class View:
    """Reads what no AWS API tells. Every URL must be this machine's."""

    def __init__(self, url: str) -> None:
        self.url = url

    def statistics(self) -> dict[str, int]:
        """Counts since the start: api_calls, created, removed."""
        answer: dict[str, int] = json.loads(self.get(f"{self.url}/_local/statistics"))
        return answer

    def inventory(self) -> set[Row]:
        """Everything that exists, read from the local AWS's own state."""
        rows = json.loads(self.get(f"{self.url}/_local/inventory"))["resources"]
        return {(row["kind"], row["region"], row["name"], row["status"]) for row in rows}

    def peaks(self) -> list[Peak]:
        """What labs asked for at the same time, at the peak."""
        rows = json.loads(self.get(f"{self.url}/_local/needs"))["needs"]
        return [Peak(**row) for row in rows]

    def homes(self) -> dict[str, Path]:
        """The directories that stand for home volumes, by space or instance name."""
        homes = json.loads(self.get(f"{self.url}/_local/homes"))["homes"]
        return {name: Path(home) for name, home in homes.items()}

    def get(self, url: str) -> str:
        """The text at a URL, past any proxy."""
        isolation.require_loopback(url)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=30) as answer:
            text: str = answer.read().decode()
        return text


def names(rows: set[Row]) -> set[tuple[str, str, str]]:
    """What exists, whatever its status; logs grow by themselves."""
    return {row[:3] for row in rows if not row[0].startswith("log-")}

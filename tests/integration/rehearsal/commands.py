"""Other people's command lines on the local AWS: unmodified, told by AWS_ENDPOINT_URL only."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import isolation

ROOT = Path(__file__).parents[3]
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs commands against a local AWS, with a home directory of their own."""

    url: str
    home: Path
    region: str = "us-east-1"

    def run(
        self, *argv: str | Path, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever that is."""
        return subprocess.run(
            [str(part) for part in argv],
            cwd=cwd or self.home,
            env={
                **isolation.without_aws(os.environ),
                **isolation.exports(self.url, self.region),
                "HOME": str(self.home),
                "CI": "true",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )

    def step(self, seconds: float = 3600.0) -> None:
        """Move the clock of a local AWS that was started with `--clock stepped`."""
        body = json.dumps({"seconds": seconds}).encode()
        with urllib.request.urlopen(f"{self.url}/_local/clock", body):
            pass

    def inventory(self) -> set[tuple[str, str]]:
        """(kind, name) of everything there is."""
        with urllib.request.urlopen(f"{self.url}/_local/inventory") as answer:
            rows: list[dict[str, Any]] = json.load(answer)["resources"]
        return {(row["kind"], row["name"]) for row in rows}

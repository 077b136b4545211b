"""A local AWS in a process of its own, as `workshop local-aws` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def local_aws(*options: str) -> Iterator[dict[str, str]]:
    """The variables that lead to it; it ends with the block."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop.cli.main", "local-aws", "--json", *options],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    yield json.loads("".join(lines))["exports"]
    process.terminate()
    process.communicate()

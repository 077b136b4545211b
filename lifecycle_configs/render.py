"""Render the scripts that boot an attendee's environment. Pure: values in, text out."""

from __future__ import annotations

import ast
import base64
import gzip
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workshop import names
from workshop.errors import WorkshopError
from workshop.model import Environment

# CreateStudioLifecycleConfig and CreateNotebookInstanceLifecycleConfig (botocore's model):
# the content has at most 16,384 base64 characters, so 12,288 bytes.
MAX_ENCODED = 16_384

ACCOUNT = "{account}"

_HERE = Path(__file__).parent
_PLACEHOLDER = re.compile(r"@([a-z0-9_]+)@")
_COMMENT = re.compile(r"\s*#(?! shellcheck )")
_SHEBANG = "#!/usr/bin/env bash\n"
# What follows the eval is reached only if the script, which ends with an exit, did not run.
_PACKED = """#!/usr/bin/env bash
eval "$(base64 -d <<'PACKED' | gzip -dc
{packed}PACKED
)"
echo "workshop: the boot script could not be unpacked" >&2
exit 0
"""


@dataclass(frozen=True, slots=True)
class BootValues:
    """What a boot script must know; the same for all attendees of a region.

    `bucket` (the workshop's bucket) and `bundle` (an s3:// URL) may hold `{account}`, which
    the script fills in at run time: the account is not known when templates are written.
    `bundle_sha256` is the bundle's content hash in hexadecimal. `idle_minutes` is how long an
    environment may go unused before it stops.
    """

    workshop: str
    repository: str
    ref: str
    bucket: str
    bundle: str
    bundle_sha256: str
    idle_minutes: int


def labs_directory(repository: str) -> str:
    """The directory a repository is cloned into: the last part of its URL, without .git."""
    return repository.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")


def render(environment: Environment, values: BootValues) -> str:
    """The whole script for a Studio app or a notebook instance, readable, with LF line endings."""
    words = {
        "workshop": values.workshop,
        "repository": values.repository,
        "ref": values.ref,
        "labs_name": labs_directory(values.repository),
        "bucket": values.bucket,
        "bundle": values.bundle,
        "bundle_sha256": values.bundle_sha256,
        "idle_minutes": str(values.idle_minutes),
        "tag_workshop": names.TAG_WORKSHOP,
        "tag_attendee": names.TAG_ATTENDEE,
    }
    parts = ("boot.sh", "fetch.sh", "collect.sh", "idle.sh", f"{environment}.sh")
    text = _SHEBANG + "".join(map(_part, parts))
    filled = _PLACEHOLDER.sub(lambda match: _quoted(words[match[1]]), text)
    return filled.replace("@idle.py@\n", _program("idle.py"))


def pack(script: str) -> str:
    """A script that unpacks and runs `script`, which would be too long for SageMaker.

    What it starts in the background is readable on the machine (.workshop/boot.sh there).
    """
    # mtime: the same script must give the same bytes, or every synth would be an update.
    packed = base64.encodebytes(gzip.compress(script.encode(), mtime=0)).decode()
    return _PACKED.format(packed=packed)


def encode(script: str) -> str:
    """The packed script in base64, as SageMaker takes it.

    Raises WorkshopError if it has more than MAX_ENCODED characters.
    """
    encoded = base64.b64encode(pack(script).encode()).decode()
    if len(encoded) > MAX_ENCODED:
        raise WorkshopError(
            f"the lifecycle script has {len(encoded):,} base64 characters",
            f"SageMaker takes at most {MAX_ENCODED:,}",
            "shorten the scripts in lifecycle_configs, or the repository's URL",
        )
    return encoded


def _part(name: str) -> str:
    """A script file without its first line and, for size, without its comments.

    Directives to shellcheck stay, since it is the rendered script that is checked.
    """
    return _without_comments((_HERE / name).read_text(encoding="utf-8").splitlines())


def _without_comments(lines: Iterable[str]) -> str:
    kept = [line for line in lines if line.strip() and not _COMMENT.match(line)]
    return "\n".join(kept) + "\n"


def _program(name: str) -> str:
    """A Python file without its comments and, for size, without its documentation."""
    source = (_HERE / name).read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        # Where it is all that there is, it stays.
        if isinstance(node, (ast.Module, ast.FunctionDef)) and ast.get_docstring(node):
            text = node.body[0]
            first, last = text.lineno - 1, text.end_lineno or text.lineno
            lines[first:last] = [""] * (last - first)
    return _without_comments(lines)


def _quoted(value: str) -> str:
    # Always in quotes: a tag key with a colon must also be a YAML string.
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"

"""Say what a container has of what is asked for, and install nothing.

`pip install -r requirements.txt` succeeds: whether the script can do with what is here shows
when it imports it, and these lines are in its log.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# "name", "name[extra]==1.0 ; marker"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def main(arguments: Sequence[str]) -> int:
    """Answer a command line of pip's; 0 unless a requirements file cannot be read."""
    if arguments[:1] != ["install"]:
        return _say(f"pip {' '.join(arguments)}: only `pip install` is answered locally", 0)
    try:
        for asked in _asked(arguments[1:]):
            _say(f"{asked}: {_here(asked)}; nothing is installed locally", 0)
    except OSError as error:
        return _say(f"ERROR: Could not open requirements file: {error}", 1)
    return 0


def _asked(arguments: Sequence[str]) -> Iterator[str]:
    """The requirements on a command line and in the files that it names."""
    words = iter(arguments)
    for word in words:
        if word in ("-r", "--requirement"):
            yield from _lines(Path(next(words, "")))
        elif word in ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t"):
            next(words, None)
        elif not word.startswith("-"):
            yield word


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        requirement = line.partition("#")[0].strip()
        if requirement and not requirement.startswith("-"):
            yield requirement


def _here(requirement: str) -> str:
    name = _NAME.match(requirement)
    try:
        return f"{version(name[0])} is here" if name else "not a package's name"
    except PackageNotFoundError:
        return "NOT here"


def _say(text: str, code: int) -> int:
    sys.stdout.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

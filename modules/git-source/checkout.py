#!/usr/bin/env python3
"""Clone a git repository at one commit, and make sure that it is this commit.

    python checkout.py https://example.com/team/training.git 3f2a... --folder checkout

A branch moves and a tag can be moved; the 40 digits of a commit stand for one content, for ever.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}")


def git(folder: Path, *arguments: str) -> str:
    """What a git command prints.

    Raises:
        RuntimeError: it failed; the message is git's.
    """
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def checkout(repository: str, commit: str, folder: Path) -> str:
    """Clone `repository` into `folder`, which must not exist, at `commit`; returns the commit.

    Raises:
        ValueError: the commit is not given by its 40 digits.
        RuntimeError: git failed: no such repository, or no such commit in it.
    """
    if not _COMMIT.fullmatch(commit):
        raise ValueError(f"{commit!r} is no commit: a pin is 40 hexadecimal digits")
    folder.parent.mkdir(parents=True, exist_ok=True)
    git(folder.parent, "clone", "--quiet", "--no-checkout", repository, str(folder.resolve()))
    git(folder, "checkout", "--quiet", "--detach", commit)
    return git(folder, "rev-parse", "HEAD")


def main() -> None:
    """Clone what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", help="a URL or a folder")
    parser.add_argument("commit", help="its 40 hexadecimal digits")
    parser.add_argument("--folder", type=Path, default=Path("checkout"), help="(%(default)s)")
    options = parser.parse_args()
    try:
        found = checkout(options.repository, options.commit, options.folder)
    except (RuntimeError, ValueError) as error:
        parser.exit(1, f"error: {error}\n")
    print(f"{found} in {options.folder}")


if __name__ == "__main__":
    main()

"""Which files of a home are archived: no caches, no credentials, and no more than fits."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Directories that programs fill and can fill again, wherever they are.
_CACHES = frozenset(
    {".cache", ".ipynb_checkpoints", ".mypy_cache", ".npm", ".pytest_cache", ".ruff_cache"}
    | {"__pycache__", "node_modules"}
)
# The same, at the top of a home only. Studio keeps the home on the space's volume, so what
# `pip install --user` and conda install is found there too.
_TOP_CACHES = frozenset(
    {".conda", ".ipython", ".local", ".workshop", "anaconda3", "lost+found", "miniconda3"}
)
# A link to an archive may be passed on: keys do not travel in it.
_TOP_SECRETS = frozenset(
    {".aws", ".docker", ".git-credentials", ".gnupg", ".netrc", ".pypirc", ".ssh"}
)
# What a virtual environment (PEP 405) and a conda environment hold at their top.
_ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, directory or link to archive: its path below the home, and bytes of a file."""

    path: str
    size: int
    kind: str  # "file", "directory" or "link"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not, or not whole, in an archive, and why.

    `size` is bytes, and 0 for a directory, which nobody has looked into.
    """

    path: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What to archive, in the order of paths, and what not."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]


def select(home: Path, most_bytes: int) -> Selection:
    """Look through a home; nothing is opened, and no link is followed.

    Files beyond `most_bytes` in total are left out, the largest ones first.
    """
    entries: list[Entry] = []
    left_out: list[LeftOut] = []
    for found in _walk(home, home):
        (entries if isinstance(found, Entry) else left_out).append(found)  # type: ignore[arg-type]
    files = sorted((e for e in entries if e.kind == "file"), key=lambda e: (e.size, e.path))
    total = sum(entry.size for entry in files)
    too_much: set[str] = set()
    while total > most_bytes:
        largest = files.pop()
        total -= largest.size
        too_much.add(largest.path)
        reason = f"the files of an archive have {most_bytes:,} bytes at most"
        left_out.append(LeftOut(largest.path, largest.size, reason))
    kept = (entry for entry in entries if entry.path not in too_much)
    return Selection(
        tuple(sorted(kept, key=lambda entry: entry.path)),
        tuple(sorted(left_out, key=lambda left: (-left.size, left.path))),
    )


def _walk(home: Path, directory: Path) -> Iterator[Entry | LeftOut]:
    try:
        with os.scandir(directory) as scan:
            found = sorted(scan, key=lambda item: item.name)
    except OSError as error:
        yield LeftOut(_below(home, directory), 0, _words(error))
        return
    for item in found:
        path = Path(item.path)
        try:
            status = item.stat(follow_symlinks=False)
        except OSError as error:
            yield LeftOut(_below(home, path), 0, _words(error))
            continue
        yield from _entry(home, path, status)


def _entry(home: Path, path: Path, status: os.stat_result) -> Iterator[Entry | LeftOut]:
    """What becomes of one item; a directory is looked into."""
    below = _below(home, path)
    reason = _unwanted(home, path, status.st_mode)
    if reason:
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        yield LeftOut(below, size, reason)
    elif stat.S_ISDIR(status.st_mode):
        yield Entry(below, 0, "directory")
        yield from _walk(home, path)
    elif stat.S_ISLNK(status.st_mode):
        yield Entry(below, 0, "link")
    else:
        yield Entry(below, status.st_size, "file")


def _unwanted(home: Path, path: Path, mode: int) -> str:
    """Why something is left out for what it is, or ""."""
    at_top = path.parent == home
    if at_top and path.name in _TOP_SECRETS:
        return "may hold credentials"
    if stat.S_ISLNK(mode):
        return "" if _stays_inside(home, path) else "a link that leads out of the home"
    if stat.S_ISDIR(mode):
        if path.name in _CACHES or (at_top and path.name in _TOP_CACHES):
            return "a cache, or installed"
        if any((path / mark).exists() for mark in _ENVIRONMENT_MARKS):
            return "an environment of installed packages"
        return ""
    return "" if stat.S_ISREG(mode) else "neither a file nor a directory"


def _stays_inside(home: Path, link: Path) -> bool:
    """Whether a link means the same wherever the archive is unpacked."""
    try:
        target = link.readlink()
    except OSError:
        return False
    if target.is_absolute():
        return False
    meant = Path(os.path.normpath(link.parent / target))
    return meant.is_relative_to(home)


def _below(home: Path, path: Path) -> str:
    return str(path.relative_to(home))


def _words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()

"""Write a selection as a compressed tar stream, whatever happens to the files meanwhile."""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workshop.collecting.selection import Entry, LeftOut, Selection

# An archive that lacks something says so itself: it may be opened far from its record.
NOTE = "NOT-IN-THIS-ARCHIVE.txt"
_CHANGED = "changed while it was read: it may not be whole"
# Environments are stopped in a hurry, and most of what is large does not shrink anyway.
_LEVEL = 3


class Sink(Protocol):
    """Takes the archive's bytes."""

    def write(self, data: bytes, /) -> int:
        """Take some bytes; returns their number."""
        ...

    def flush(self) -> None:
        """What gzip calls when it has written everything."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """What an archive holds: files, their bytes before compression, and what it lacks,
    the largest first."""

    files: int
    size: int
    left_out: tuple[LeftOut, ...]


def write_archive(home: Path, selection: Selection, sink: Sink, *, folder: str) -> Written:
    """Write the archive; its paths begin with `folder`, so that unpacking litters nothing.

    A file that has vanished or cannot be read is left out and named. Raises what `sink`
    raises.
    """
    left_out = list(selection.left_out)
    files = size = 0
    with (
        gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=_LEVEL, filename="") as packed,
        # A stream never seeks, so it can go straight into an upload.
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry in selection.entries:
            member = tarfile.TarInfo(f"{folder}/{entry.path}")
            try:
                left = _add(archive, member, home / entry.path, entry)
            except _Unreadable as problem:
                left_out.append(LeftOut(entry.path, entry.size, str(problem)))
                continue
            if left:
                left_out.append(left)
            if entry.kind == "file":
                files += 1
                size += member.size
        if left_out:
            _add_note(archive, f"{folder}/{NOTE}", left_out)
    return Written(files, size, tuple(sorted(left_out, key=lambda x: (-x.size, x.path))))


class _Unreadable(Exception):
    """Nothing of this file is in the archive yet, and nothing can be."""


def _add(
    archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, entry: Entry
) -> LeftOut | None:
    """Add one entry; returns what is to be said about it.

    Raises _Unreadable before anything was written.
    """
    try:
        if entry.kind == "link":
            _describe(member, path.lstat())
            member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
        elif entry.kind == "directory":
            _describe(member, path.lstat())
            member.type = tarfile.DIRTYPE
        else:
            return _add_file(archive, member, path, entry)
    except OSError as error:
        raise _Unreadable((error.strerror or type(error).__name__).lower()) from error
    archive.addfile(member)
    return None


def _add_file(
    archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, entry: Entry
) -> LeftOut | None:
    # Not through a link that has taken the file's place, and never waiting for a pipe's writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise OSError(errno.EINVAL, "not a file any more")
        # The size that was counted against the limit, however the file has grown since.
        member.size = min(before.st_size, entry.size)
        _describe(member, before)
        content = _Exactly(file, member.size)
        archive.addfile(member, content)
        after = os.fstat(file.fileno())
    unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if unchanged and before.st_size == entry.size and not content.short:
        return None
    return LeftOut(entry.path, member.size, _CHANGED)


def _describe(member: tarfile.TarInfo, status: os.stat_result) -> None:
    member.mode = status.st_mode & 0o777
    member.mtime = int(status.st_mtime)


class _Exactly(io.RawIOBase):
    """Exactly the bytes that a tar header has announced: zeros where a file has none left."""

    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self._file = file
        self._left = size
        self.short = False

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        try:
            data = self._file.read(wanted)
        except OSError:  # a broken disk: the rest of the archive is still worth having
            data = b""
        self.short = self.short or len(data) < wanted
        self._left -= wanted
        return data.ljust(wanted, b"\0")


def _add_note(archive: tarfile.TarFile, name: str, left_out: Sequence[LeftOut]) -> None:
    lines = ["Not, or not whole, in this archive:", ""]
    lines += [f"{left.path}: {left.reason}" for left in left_out]
    text = ("\n".join(lines) + "\n").encode(errors="replace")
    member = tarfile.TarInfo(name)
    member.size = len(text)
    archive.addfile(member, io.BytesIO(text))

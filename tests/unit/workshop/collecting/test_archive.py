"""The archive of a home: what is unpacked equals what was there."""

from __future__ import annotations

import filecmp
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workshop.collecting.archive import NOTE, Written, write_archive
from workshop.collecting.selection import Selection, select

PLENTY = 10**9


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "labs" / "empty").mkdir(parents=True)
    (home / "labs" / "model.bin").write_bytes(os.urandom(300_000))
    (home / "labs" / "nothing").touch()
    (home / "labs" / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (home / "labs" / "run.sh").chmod(0o750)
    (home / "labs" / ("ä" * 120)).write_text("a long name", encoding="utf-8")
    (home / os.fsdecode(b"not-utf8-\xff")).write_text("an old name", encoding="utf-8")
    (home / "latest").symlink_to("labs/model.bin")
    os.link(home / "labs" / "run.sh", home / "labs" / "same.sh")
    return home


class Pieces(io.BytesIO):
    """Keeps what is written; calls `at` once, when it holds more than `after` bytes."""

    def __init__(self, at: Callable[[], object], after: int = 0) -> None:
        super().__init__()
        self._at: Callable[[], object] | None = at
        self._after = after

    def write(self, data: Any, /) -> int:
        count = super().write(data)
        if self._at is not None and self.tell() > self._after:
            at, self._at = self._at, None
            at()
        return count


def unpack(archive: io.BytesIO, directory: Path) -> Path:
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        tar.extractall(directory, filter="data")
    return directory / "ml101-ann"


def write(home: Path, selection: Selection, sink: io.BytesIO) -> Written:
    return write_archive(home, selection, sink, folder="ml101-ann")


def reasons(written: Written) -> dict[str, str]:
    return {left.path: left.reason for left in written.left_out}


def test_what_is_unpacked_equals_what_was_there(home: Path, tmp_path: Path) -> None:
    archive = io.BytesIO()

    written = write(home, select(home, PLENTY), archive)

    unpacked = unpack(archive, tmp_path / "unpacked")
    names = sorted(str(path.relative_to(home)) for path in home.rglob("*"))
    assert sorted(str(path.relative_to(unpacked)) for path in unpacked.rglob("*")) == names
    files = [name for name in names if (home / name).is_file()]
    assert filecmp.cmpfiles(home, unpacked, files, shallow=False) == (files, [], [])
    assert (unpacked / "latest").readlink() == Path("labs/model.bin")
    assert stat.S_IMODE((unpacked / "labs/run.sh").stat().st_mode) == 0o750
    assert int((unpacked / "labs/run.sh").stat().st_mtime) == int(
        (home / "labs/run.sh").stat().st_mtime
    )
    assert written == Written(
        files=6, size=sum((home / f).stat().st_size for f in files if f != "latest"), left_out=()
    )


def test_an_empty_home_gives_an_archive_of_nothing(tmp_path: Path) -> None:
    archive = io.BytesIO()

    assert write(tmp_path, select(tmp_path, PLENTY), archive) == Written(0, 0, ())
    archive.seek(0)
    with tarfile.open(fileobj=archive) as tar:
        assert tar.getnames() == []


def test_an_archive_that_lacks_something_says_so_itself(home: Path, tmp_path: Path) -> None:
    archive = io.BytesIO()

    write(home, select(home, 1000), archive)

    note = (unpack(archive, tmp_path / "unpacked") / NOTE).read_text(encoding="utf-8")
    assert "labs/model.bin: the files of an archive have 1,000 bytes at most" in note


def test_a_file_that_vanishes_is_named_and_the_rest_is_whole(home: Path, tmp_path: Path) -> None:
    selection = select(home, PLENTY)
    (home / "labs" / "model.bin").unlink()
    archive = io.BytesIO()

    written = write(home, selection, archive)

    unpacked = unpack(archive, tmp_path / "unpacked")
    assert reasons(written) == {"labs/model.bin": "no such file or directory"}
    assert (unpacked / "labs/run.sh").read_text(encoding="utf-8") == "#!/bin/sh\n"
    assert not (unpacked / "labs/model.bin").exists()


@pytest.mark.parametrize("size", [0, 10, 300_001, 900_000])
def test_a_file_that_has_shrunk_or_grown_is_named_and_the_rest_is_whole(
    home: Path, tmp_path: Path, size: int
) -> None:
    selection = select(home, PLENTY)
    (home / "labs" / "model.bin").write_bytes(b"y" * size)
    archive = io.BytesIO()

    written = write(home, selection, archive)

    unpacked = unpack(archive, tmp_path / "unpacked")
    assert reasons(written) == {"labs/model.bin": "changed while it was read: it may not be whole"}
    assert (unpacked / "labs/model.bin").stat().st_size == min(size, 300_000)
    assert (unpacked / "labs/run.sh").exists()


def test_a_file_that_shrinks_while_it_is_read_keeps_the_archive_readable(
    home: Path, tmp_path: Path
) -> None:
    big = home / "a-first.bin"
    big.write_bytes(os.urandom(4_000_000))
    # By then a part of the file has been read, and its size has been written.
    archive = Pieces(lambda: os.truncate(big, 100_000), after=1_000_000)

    written = write(home, select(home, PLENTY), archive)

    unpacked = unpack(archive, tmp_path / "unpacked")
    assert list(reasons(written)) == ["a-first.bin"]
    assert (unpacked / "a-first.bin").stat().st_size == 4_000_000
    assert (unpacked / "labs/run.sh").read_text(encoding="utf-8") == "#!/bin/sh\n"


def test_a_link_that_took_a_files_place_is_not_followed(home: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("theirs", encoding="utf-8")
    selection = select(home, PLENTY)
    (home / "labs" / "model.bin").unlink()
    (home / "labs" / "model.bin").symlink_to(tmp_path / "secret")
    archive = io.BytesIO()

    written = write(home, selection, archive)

    assert list(reasons(written)) == ["labs/model.bin"]
    assert not (unpack(archive, tmp_path / "unpacked") / "labs/model.bin").exists()


def test_a_pipe_that_took_a_files_place_is_not_waited_for(home: Path) -> None:
    selection = select(home, PLENTY)
    (home / "labs" / "model.bin").unlink()
    os.mkfifo(home / "labs" / "model.bin")

    written = write(home, selection, io.BytesIO())

    assert reasons(written) == {"labs/model.bin": "not a file any more"}


def test_a_sink_that_fails_ends_it(home: Path) -> None:
    def fail() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        write(home, select(home, PLENTY), Pieces(fail))

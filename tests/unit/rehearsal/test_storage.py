"""Archives and files of jobs on a disk that is full."""

from __future__ import annotations

import errno
import io
import os
import tarfile
from pathlib import Path

import pytest

from rehearsal.jobs import storage
from rehearsal.jobs.work import JobFailure

URI = "s3://bucket/model.tar.gz"


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("model.bin")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"1234"))
    return buffer.getvalue()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_full_disk_is_not_taken_for_a_bad_archive(tmp_path: Path) -> None:
    (tmp_path / "download.tar.gz").symlink_to("/dev/full")

    with pytest.raises(JobFailure, match="No space left on device"), storage.on_a_volume():
        storage.extract_archive(archive(), tmp_path / "model", URI)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobFailure, match=f"{URI} is not a .tar.gz archive"):
        storage.extract_archive(b"no archive", tmp_path / "model", URI)


def test_only_a_full_disk_is_a_failure_of_the_job() -> None:
    refused = OSError(errno.EACCES, os.strerror(errno.EACCES))
    with pytest.raises(PermissionError), storage.on_a_volume():
        raise refused

"""The copy of the labs that goes along in the bundle, from real git repositories on disk."""

from __future__ import annotations

import socket
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from lifecycle_configs.bundle import pack_bundle
from lifecycle_configs.labs import LabsUnavailable, copy_labs
from workshop.model import Repository


def git(*arguments: str, at: Path) -> str:
    identity = ["-c", "user.name=Bob", "-c", "user.email=bob@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=at, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository with one commit on main, a tag, and one more commit on main."""
    work = tmp_path / "work"
    git("init", "--quiet", "--initial-branch=main", str(work), at=tmp_path)
    (work / "lab.py").write_text("first", encoding="utf-8")
    (work / ".gitattributes").write_text("secret.txt export-ignore\n", encoding="utf-8")
    (work / "secret.txt").write_text("answers", encoding="utf-8")
    git("add", "--all", at=work)
    git("commit", "--quiet", "-m", "first", at=work)
    git("tag", "-a", "v1", "-m", "v1", at=work)
    (work / "lab.py").write_text("second", encoding="utf-8")
    git("commit", "--quiet", "-am", "second", at=work)
    return work


def place(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


def test_the_copy_holds_every_file_of_the_commit_and_names_it(tmp_path: Path, work: Path) -> None:
    labs = copy_labs(Repository(f"file://{work}", "main"), place(tmp_path, "out"))

    with tarfile.open(labs.archive) as archive:
        names = sorted(member.name for member in archive if member.isfile())
        lab = archive.extractfile("lab.py")
        assert lab is not None
        assert lab.read() == b"second"
    assert names == [".gitattributes", "lab.py", "secret.txt"]
    assert labs.commit == git("rev-parse", "main", at=work).strip()
    with labs.archive.open("rb") as archive_bytes:
        named = subprocess.run(
            ["git", "get-tar-commit-id"],
            stdin=archive_bytes,
            capture_output=True,
            text=True,
            check=True,
        )
    assert named.stdout.strip() == labs.commit


def test_the_same_commit_gives_the_same_bytes_by_branch_tag_and_id(
    tmp_path: Path, work: Path
) -> None:
    commit = git("rev-parse", "v1^{commit}", at=work).strip()
    git("branch", "old", "v1", at=work)

    copies = [
        copy_labs(Repository(f"file://{work}", ref), place(tmp_path, ref))
        for ref in ("v1", "old", commit)
    ]

    assert {copy.commit for copy in copies} == {commit}
    assert len({copy.archive.read_bytes() for copy in copies}) == 1


def test_nothing_but_the_copy_is_left_behind(tmp_path: Path, work: Path) -> None:
    out = place(tmp_path, "out")

    copy_labs(Repository(f"file://{work}", "main"), out)

    assert [path.name for path in out.iterdir()] == ["labs.tar"]


def test_a_reference_that_is_not_there_is_named(tmp_path: Path, work: Path) -> None:
    with pytest.raises(LabsUnavailable, match="no-such-branch"):
        copy_labs(Repository(f"file://{work}", "no-such-branch"), place(tmp_path, "out"))


def test_a_repository_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(LabsUnavailable) as caught:
        copy_labs(Repository(f"file://{tmp_path}/nowhere", "main"), place(tmp_path, "out"))

    assert "\n" not in str(caught.value)
    assert "nowhere" in str(caught.value)


def test_labs_that_are_too_large_do_not_go_along(tmp_path: Path, work: Path) -> None:
    out = place(tmp_path, "out")

    with pytest.raises(LabsUnavailable, match="bytes packed; the most is 100"):
        copy_labs(Repository(f"file://{work}", "main"), out, max_packed_bytes=100)

    assert list(out.iterdir()) == []


def test_a_host_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/labs.git"

        with pytest.raises(LabsUnavailable, match="did not answer within"):
            copy_labs(Repository(url, "main"), place(tmp_path, "out"), fetch_seconds=0.2)


def test_the_bundle_with_labs_differs_from_commit_to_commit_and_only_then(
    tmp_path: Path, work: Path
) -> None:
    wheel = tmp_path / "tool-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    hashes = []
    for name, ref in (("a", "main"), ("b", "main"), ("c", "v1")):
        out = place(tmp_path, name)
        labs = copy_labs(Repository(f"file://{work}", ref), out)
        bundle = pack_bundle(out, wheel=wheel, lock="", labs=labs)
        hashes.append(bundle.sha256)

    assert hashes[0] == hashes[1] != hashes[2]
    with zipfile.ZipFile(bundle.path) as archive:
        assert archive.read("labs.tar") == labs.archive.read_bytes()

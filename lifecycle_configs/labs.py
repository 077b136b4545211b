"""A copy of a workshop's labs, for environments that cannot reach the git repository."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workshop.model import Repository

# The labs travel to every attendee within one download, and lie in its volume twice meanwhile.
MAX_PACKED_BYTES = 100 * 1024 * 1024
FETCH_SECONDS = 60
_ARCHIVE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Labs:
    """The labs at one commit: a tar archive on disk, and the commit's id."""

    archive: Path
    commit: str


class LabsUnavailable(Exception):
    """The labs could not be copied; the message says why, in one line."""


def copy_labs(
    repository: Repository,
    directory: Path,
    *,
    max_packed_bytes: int = MAX_PACKED_BYTES,
    fetch_seconds: float = FETCH_SECONDS,
) -> Labs:
    """Write `labs.tar` into `directory`: the repository's files at its reference.

    Git is called as a stranger, as attendees are: without credentials and prompts. One commit
    is fetched, without history; submodules and Git LFS objects are not. The archive holds
    every file of the commit and, in its header, the commit's id (`git get-tar-commit-id`);
    the same commit gives the same bytes.

    Raises LabsUnavailable if git is missing, refuses, does not answer within `fetch_seconds`,
    or if the commit's pack has more than `max_packed_bytes`.
    """
    archive = directory / "labs.tar"
    # git would mend its repository in the background while we remove it.
    quiet = ("-c", "maintenance.auto=false", "-c", "fetch.unpackLimit=1")
    with tempfile.TemporaryDirectory(prefix="labs-", dir=directory) as bare:
        _run("init", "--quiet", "--bare", bare)
        fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--")
        _run("-C", bare, *quiet, *fetch, repository.url, repository.ref, seconds=fetch_seconds)
        packed = sum(pack.stat().st_size for pack in Path(bare).glob("objects/pack/*.pack"))
        if packed > max_packed_bytes:
            raise LabsUnavailable(f"{packed:,} bytes packed; the most is {max_packed_bytes:,}")
        # A tag may stand for a commit; attributes in the tree must not leave files out.
        commit = _run("-C", bare, "rev-parse", "--verify", "FETCH_HEAD^{commit}").strip()
        attributes = Path(bare, "info", "attributes")
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text("* -export-ignore -export-subst\n", encoding="utf-8")
        _run("-C", bare, "archive", "--format=tar", f"--output={archive}", commit)
    return Labs(archive, commit)


def git_as_stranger(*arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run git without credential helpers and prompts, in English; its output is captured.

    Whoever calls may have credentials that attendees lack. Raises TimeoutExpired after
    `seconds`, and FileNotFoundError where git is not installed.
    """
    command = ["git", "-c", "credential.helper=", "-c", "core.askPass=", *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "LC_ALL": "C"},
        start_new_session=True,
    ) as git:
        try:
            output, complaints = git.communicate(timeout=seconds)
        except BaseException:
            # With its helpers: the one for https would wait on by itself.
            os.killpg(git.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, git.returncode, output, complaints)


def _run(*arguments: str, seconds: float = _ARCHIVE_SECONDS) -> str:
    try:
        done = git_as_stranger(*arguments, seconds=seconds)
    except FileNotFoundError:
        raise LabsUnavailable("git is not installed here") from None
    except subprocess.TimeoutExpired:
        raise LabsUnavailable(f"git did not answer within {seconds:g} seconds") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        # git names the cause first, and gives advice after it.
        causes = [line for line in lines if line.startswith(("fatal: ", "error: "))]
        said = (causes + lines[-1:] + [f"git ended with exit code {done.returncode}"])[0]
        raise LabsUnavailable(said.removeprefix("fatal: "))
    return done.stdout

"""Can an environment clone the workshop's repository, without signing in?"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile

from lifecycle_configs.labs import git_as_stranger
from workshop.cli.findings import Finding
from workshop.model import Repository

TIMEOUT_SECONDS = 30
SUBJECT = "repository"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NO_SUCH_REF = 2  # git ls-remote --exit-code: no ref matches
# What git says when the host answered that there is nothing to read for a stranger.
_REFUSED = re.compile(
    r"not found|could not read Username|Authentication failed|access denied"
    r"|does not appear to be a git repository|returned error: 40[134]",
    re.IGNORECASE,
)


def check_repository(repository: Repository) -> Finding:
    """Ask the repository for its ref with git, as an attendee's environment would.

    Whoever runs the check may have credentials that attendees lack, so git is called as a
    stranger.
    """
    if shutil.which("git") is None:
        return Finding("", SUBJECT, "unknown", "git is not installed here", "", "install git")
    try:
        if _COMMIT.fullmatch(repository.ref):
            done = _fetch_commit(repository)
        else:
            done = _git("ls-remote", "--exit-code", "--", repository.url, repository.ref)
    except subprocess.TimeoutExpired:
        return Finding(
            "",
            SUBJECT,
            "unknown",
            f"{repository.url} did not answer",
            f"no answer in {TIMEOUT_SECONDS} seconds",
            "check the network and try again",
        )
    return _finding(repository, done)


def _finding(repository: Repository, done: subprocess.CompletedProcess[str]) -> Finding:
    if done.returncode == 0:
        return Finding("", SUBJECT, "ok", f"{repository.url} has {repository.ref}")
    said = (done.stderr.strip().splitlines() or ["git gave no reason"])[-1]
    missing = done.returncode == _NO_SUCH_REF or "not our ref" in done.stderr
    if missing:
        return Finding(
            "",
            SUBJECT,
            "problem",
            f"{repository.url} has no {repository.ref}",
            "no branch, tag or commit of that name is there",
            "push it, or correct repository.ref",
        )
    if _REFUSED.search(done.stderr):
        return Finding(
            "",
            SUBJECT,
            "problem",
            f"{repository.url} cannot be cloned without signing in",
            said,
            "correct repository.url, or make the repository public",
        )
    return Finding(
        "", SUBJECT, "unknown", f"{repository.url} was not reached", said, "check the network"
    )


def _fetch_commit(repository: Repository) -> subprocess.CompletedProcess[str]:
    """A commit is not listed by ls-remote; fetching it alone, without files, tells."""
    with tempfile.TemporaryDirectory(prefix="workshop-check-") as folder:
        _git("init", "--quiet", "--bare", folder)
        return _git(
            *("-C", folder, "fetch", "--quiet", "--depth=1", "--filter=blob:none", "--"),
            *(repository.url, repository.ref),
        )


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return git_as_stranger(*arguments, seconds=TIMEOUT_SECONDS)

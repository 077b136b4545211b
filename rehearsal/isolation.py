"""What keeps a rehearsal away from AWS: its environment, and a refusal."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

from workshop.errors import WorkshopError

# Everything that could lead a client elsewhere or with somebody's credentials.
_DROPPED_PREFIXES = ("AWS_", "BOTO_", "SAGEMAKER_", "WORKSHOP_")
_DROPPED = {"PYTHONPATH", "PYTHONHOME"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def require_loopback(url: str) -> None:
    """Raise WorkshopError unless the URL is this machine's."""
    if urlparse(url).hostname not in _LOOPBACK:
        raise WorkshopError(
            "a rehearsal talks to this machine only",
            f"{url} is not a loopback address",
            "unset what led there, and run the rehearsal again",
        )


def exports(url: str, region: str) -> dict[str, str]:
    """The environment variables with which any AWS client talks to the local AWS only."""
    require_loopback(url)
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": region,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without credentials, profiles, endpoints and settings of AWS clients."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(_DROPPED_PREFIXES) and name not in _DROPPED
    }


def offline_tools(wheelhouse: Path, cache: Path) -> dict[str, str]:
    """Let pip and uv install from a folder of wheels: it stands for the package index."""
    return {
        "PIP_FIND_LINKS": str(wheelhouse),
        "PIP_NO_INDEX": "1",
        "UV_CACHE_DIR": str(cache),
        "UV_FIND_LINKS": str(wheelhouse),
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def git_redirect(url: str, repository: Path) -> dict[str, str]:
    """Let git find a local bare repository where the workshop's URL is asked for."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": url,
        "GIT_TERMINAL_PROMPT": "0",
    }


def shell_exports(variables: Mapping[str, str]) -> str:
    """`export` lines for a POSIX shell, sorted, after dropping a profile that would win."""
    lines = ["unset AWS_PROFILE AWS_SESSION_TOKEN AWS_DEFAULT_PROFILE"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    return "\n".join(lines) + "\n"

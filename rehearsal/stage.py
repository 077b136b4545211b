"""What leads the commands, and the machines of a local AWS, to where a rehearsal plays."""

from __future__ import annotations

import os
from pathlib import Path

from rehearsal import isolation
from workshop.model import Workshop

ROOT = Path(__file__).parent.parent
_INHERITED = dict(os.environ)


def variables(url: str, workshop: Workshop, directory: Path) -> dict[str, str]:
    """What leads a command to the local AWS at `url`, and git to the labs in `directory`."""
    return {
        **isolation.exports(url, workshop.regions[0]),
        **isolation.git_redirect(workshop.repository.url, directory / "labs.git"),
    }


def command_environment(directory: Path) -> dict[str, str]:
    """The environment of the commands, without what leads them to the local AWS."""
    # A child that is ended early leaves its temporary files: they go with ours.
    # Names are short because kernels put Unix sockets there, whose paths may have about a
    # hundred characters (sun_path in unix(7): 108; 104 on macOS).
    temporary = directory / "t"
    temporary.mkdir(exist_ok=True)
    return {**isolation.without_aws(_INHERITED), "TMPDIR": str(temporary)}


def server_environment(workshop: Workshop, directory: Path) -> dict[str, str]:
    """The environment of the local AWS, and so of the machines it stands for."""
    return {
        **isolation.without_aws(_INHERITED),
        **isolation.git_redirect(workshop.repository.url, directory / "labs.git"),
        **isolation.offline_tools(ROOT / ".wheelhouse", directory / "uv-cache"),
    }

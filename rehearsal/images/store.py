"""Where built images are kept: a folder each, by repository and tag."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.account import ACCOUNT

# <account>.dkr.ecr.<region>.amazonaws.com/<repository>[:<tag>]; without a tag: latest.
_URI = re.compile(
    rf"{ACCOUNT}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)(?::(?P<tag>[\w][\w.-]*))?"
)
_SEPARATOR = "%"  # in no name of a repository, tag or region


@dataclass(frozen=True, slots=True)
class Name:
    """What an image's URI says."""

    region: str
    repository: str
    tag: str


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image: the files below `root`, and what its Dockerfile says of how it runs.

    `folders` are the image's absolute folders that the build put something into.
    """

    root: Path
    workdir: str
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    folders: tuple[str, ...]


def parse_uri(uri: str) -> Name | None:
    """The parts of the URI of an image in this account's registry, or None for another."""
    match = _URI.fullmatch(uri)
    if match is None:
        return None
    return Name(match["region"], match["repository"], match["tag"] or "latest")


def save(image: BuiltImage) -> Path:
    """Write an image's configuration beside its files; returns the folder of both."""
    folder = image.root.parent
    config = json.dumps({**asdict(image), "root": ""})
    (folder / "config.json").write_text(config, encoding="utf-8")
    return folder


def load(folder: Path) -> BuiltImage:
    """The image that a folder holds."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return BuiltImage(
        root=folder / "root",
        workdir=config["workdir"],
        entrypoint=tuple(config["entrypoint"]),
        environment=config["environment"],
        folders=tuple(config["folders"]),
    )


class Images:
    """The images below a directory; any number of these objects may share one."""

    _moving = threading.Lock()

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, uri: str) -> BuiltImage | None:
        """The image that was built under this URI, or None."""
        name = parse_uri(uri)
        folder = self._folder(name) if name else None
        if folder is None or not folder.is_dir():
            return None
        return load(folder)

    def put(self, name: Name, image: BuiltImage) -> None:
        """Keep an image, whose files are moved from where they are; an earlier one goes."""
        staged = save(image)
        target = self._folder(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._moving:
            if target.exists():
                shutil.rmtree(target)
            staged.replace(target)

    def _folder(self, name: Name) -> Path:
        parts = (name.region, name.repository.replace("/", _SEPARATOR), name.tag)
        return self._directory / _SEPARATOR.join(parts)

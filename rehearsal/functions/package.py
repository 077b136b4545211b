"""A function's files on disk: its code, its layers, and what Lambda's runtime brings."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import ApiError
from rehearsal.functions.records import Function
from rehearsal.machine import Machine

# Python runtimes bring the SDK and what it needs ("Runtime-included SDK versions", Lambda
# developer guide). Here they are this machine's.
_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")


@dataclass(frozen=True, slots=True)
class Package:
    """Where a function's code is, and the directories to import from beside it."""

    root: Path
    paths: tuple[Path, ...]


class Packages:
    """Unpacks every code once. Safe to use from several threads."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._lock = threading.Lock()

    def unpack(self, function: Function) -> Package:
        """The files of a function. Raises InvalidZipFileException."""
        with self._lock:
            base = self._machine.path("functions") / function.code_digest
            layers = base / "opt"
            if not base.exists():
                partial = base.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                _extract(function.code, partial / "task")
                for layer in function.layers:
                    _extract(layer, partial / "opt")
                partial.rename(base)
            return Package(base / "task", (layers / "python", self._runtime()))

    def _runtime(self) -> Path:
        folder = self._machine.path("functions", "runtime")
        for name in _SDK:
            source = _source_of(name)
            link = folder / source.name
            if not link.exists():
                link.symlink_to(source)
        return folder


def _source_of(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed: run `make setup`")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def _extract(archive: bytes, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            for entry in opened.infolist():
                made = Path(opened.extract(entry, target))
                mode = entry.external_attr >> 16
                if mode & 0o100 and made.is_file():
                    os.chmod(made, 0o755)  # noqa: PTH101
    except zipfile.BadZipFile as error:
        raise ApiError(
            "InvalidZipFileException", "Lambda could not unzip the deployment package.", 502
        ) from error

"""The one file attendees' environments download: the command, and a copy of the labs."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lifecycle_configs.labs import Labs
from lifecycle_configs.wheel import PROJECT, build_wheel

# A ZIP file cannot say less than 1980.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on disk and its SHA-256 in hexadecimal."""

    path: Path
    sha256: str


def build_bundle(directory: Path, labs: Labs | None = None) -> Bundle:
    """Write `bundle.zip` into `directory`: this project's wheel, requirements, and the labs.

    About 0.5 MB without the labs. The same tree and labs always give the same bytes.
    """
    lock = (PROJECT / "requirements" / "base.lock").read_text(encoding="utf-8")
    return pack_bundle(directory, wheel=build_wheel(directory), lock=lock, labs=labs)


def pack_bundle(directory: Path, *, wheel: Path, lock: str, labs: Labs | None) -> Bundle:
    """Write `bundle.zip` into `directory`.

    It holds the wheel; `requirements.txt`, which is `lock` and the wheel itself, so that one
    `pip install --require-hashes -r requirements.txt` beside them installs everything; and,
    with `labs`, `labs.tar`, which a boot script unpacks where git cannot be reached.
    """
    wheel_hash = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = f"{lock.rstrip()}\n./{wheel.name} --hash=sha256:{wheel_hash}\n"
    path = directory / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry("requirements.txt"), requirements)
        _add(archive, wheel.name, wheel)
        if labs is not None:
            _add(archive, "labs.tar", labs.archive)
    with path.open("rb") as written:
        return Bundle(path, hashlib.file_digest(written, "sha256").hexdigest())


def _add(archive: zipfile.ZipFile, name: str, source: Path) -> None:
    with source.open("rb") as file, archive.open(_entry(name), "w", force_zip64=True) as entry:
        shutil.copyfileobj(file, entry)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry

"""The one file attendees' environments download: the wheel, and what it depends on."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lifecycle_configs.wheel import PROJECT, build_wheel

# A ZIP file cannot say less than 1980.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on disk and its SHA-256 in hexadecimal."""

    path: Path
    sha256: str


def build_bundle(directory: Path) -> Bundle:
    """Write `bundle.zip` into `directory`: the wheel and a `requirements.txt` with hashes.

    `requirements.txt` is requirements/base.lock and the wheel itself, so that one
    `pip install --require-hashes -r requirements.txt` beside them installs everything.
    The same tree always gives the same bytes.
    """
    wheel = build_wheel(directory)
    lock = (PROJECT / "requirements" / "base.lock").read_text(encoding="utf-8")
    wheel_hash = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = f"{lock.rstrip()}\n./{wheel.name} --hash=sha256:{wheel_hash}\n"
    path = directory / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry("requirements.txt"), requirements)
        archive.writestr(_entry(wheel.name), wheel.read_bytes())
    return Bundle(path, hashlib.sha256(path.read_bytes()).hexdigest())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry

"""The code of all functions, as one archive of this checkout's files."""

from __future__ import annotations

import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What runs inside a function: nothing that needs more than the standard library and boto3.
FOLDERS = ("cleanup", "costs", "guard")
FILES = (
    "workshop/__init__.py",
    "workshop/aws.py",
    "workshop/errors.py",
    "workshop/machine.py",
    "workshop/names.py",
)
_SUFFIXES = (".py", ".csv", ".json")
# A ZIP file cannot say less than 1980.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build_code(directory: Path) -> Path:
    """Write `functions.zip` into `directory`: the same files always give the same bytes.

    No build step: there is nothing in it but files of the repository, as they are.
    """
    path = directory / "functions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in code_files():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (ROOT / name).read_bytes())
    return path


def code_files() -> list[str]:
    """The files of the archive, from the repository's root, sorted."""
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in _SUFFIXES
    }
    return sorted(found | set(FILES))

"""Paths of a container's file system, as they are on this machine.

A container's /opt/ml is a folder of its own for each job here, since jobs run side by side and
nothing of the machine is touched. Programs that ask SAGEMAKER_BASE_DIR or the SM_* variables
find it by themselves; in code, commands and variables that spell a path out, it is replaced.
What puts a path together from pieces is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ML = "/opt/ml"
# Larger files are data.
_MOST_BYTES = 1024 * 1024
_CODE = {
    *("", ".cfg", ".conf", ".ini", ".json", ".lua", ".py", ".sh"),
    *(".toml", ".txt", ".yaml", ".yml"),
}

# A folder of a container -> where it is here.
Places = Mapping[str, Path]


def relocate(text: str, places: Places) -> str:
    """The text with every path below one of the places replaced.

    /opt/ml/model is one of /opt/ml's, /opt/mlflow and /home/opt/ml are not.
    """
    if not places:
        return text
    # The longest first: /opt/ml/code may have a place of its own.
    names = sorted(map(re.escape, places), key=len, reverse=True)
    pattern = rf"(?<![\w.-])({'|'.join(names)})(?![\w.-])"
    return re.sub(pattern, lambda found: str(places[found[1]]), text)


def relocate_variables(variables: Mapping[str, str], places: Places) -> dict[str, str]:
    """Environment variables with the paths in their values replaced."""
    return {name: relocate(value, places) for name, value in variables.items()}


def relocate_files(folder: Path, places: Places) -> None:
    """Rewrite the code and configuration files below a folder; others stay as they are."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _CODE or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size > _MOST_BYTES:
            continue
        written = path.read_bytes()
        try:
            found = relocate(written.decode("utf-8"), places).encode()
        except UnicodeDecodeError:
            continue
        if found != written:
            path.write_bytes(found)

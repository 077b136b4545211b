"""The scripts of labs, which stand in folders that are no packages."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from modules.declarations import MODULES_FOLDER


def load_script(lab: str, file: str) -> ModuleType:
    """A lab's script as a module of its own, imported by path."""
    path = MODULES_FOLDER / lab / file
    spec = importlib.util.spec_from_file_location(f"{path.stem}_of_a_lab", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def run_script(lab: str, file: str, *arguments: str, folder: Path) -> str:
    """What a lab's script prints when it is run in `folder` to a good end."""
    path = MODULES_FOLDER / lab / file
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

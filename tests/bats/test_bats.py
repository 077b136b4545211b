"""Every test of the .bats files beside this one, as a test of pytest's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BATS = ROOT / "node_modules" / "bats" / "bin" / "bats"
TEST = re.compile(r'^@test "(.+)" \{$', re.MULTILINE)
FILES = sorted(HERE.glob("*.bats"))
TESTS = [
    pytest.param(file, name, id=name)
    for file in FILES
    for name in TEST.findall(file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_bats(file: Path, name: str, tmp_path: Path) -> None:
    assert BATS.exists(), "bats is not installed: make node_modules"

    done = subprocess.run(
        [BATS, "--tap", "--filter", f"^{re.escape(name)}$", file],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    first, result = done.stdout.splitlines()[:2]
    assert first == "1..1", "the filter must find exactly this test"
    if "# skip" in result:
        pytest.skip(result.partition("# skip ")[2])
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_finds_nothing_in_the_tests() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    scripts = [*FILES, *HERE.glob("*.bash")]

    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout

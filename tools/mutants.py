"""Mutation tests of the guard's rules: `make mutants`.

Every change that mutmut makes to them must fail one of their table tests. Those that live are
shown, but for what is known to change nothing that anybody could see.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
_MUTATED = ("guard/rule.py", "guard/budgets.py", "guard/warnings.py")
_NEEDED = ("guard", "cleanup", "costs", "workshop")
_TESTS = (
    *("__init__.py", "unit/__init__.py", "unit/guard/__init__.py"),
    *("unit/guard/samples.py", "unit/guard/rule_rows.py", "unit/guard/test_rule.py"),
    *("unit/guard/test_rule_findings.py", "unit/guard/test_budgets.py"),
    "unit/guard/test_warnings.py",
)
# What these lines take away or make is compared with itself alone: a key that tells warnings
# apart, a generator that follows an empty list, and a name that nobody has, as nobody's.
_EQUIVALENT = (
    '- return Limit("", "the workshop"',
    "- minutes = min(near).total_seconds() / 60",
    "- found += _deadline(now, policy, ledger)",
    "+ hold = ledger.hold(None, now)",
    '+ hold = ledger.hold("XXXX", now)',
)


def main() -> int:
    """Mutate a copy, and return 1 when a mutant lives that ought not to."""
    with TemporaryDirectory(prefix="mutants-") as name:
        copy = Path(name)
        for folder in _NEEDED:
            shutil.copytree(ROOT / folder, copy / folder)
        for test in _TESTS:
            (copy / "tests" / test).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "tests" / test, copy / "tests" / test)
        (copy / "setup.cfg").write_text(_settings(), encoding="utf-8")
        _mutmut(copy, "run")
        told = _mutmut(copy, "results", "--all", "true").splitlines()
        mutants = dict(line.strip().split(": ") for line in told if ": " in line)
        alive = {
            mutant: _mutmut(copy, "show", mutant)
            for mutant, state in mutants.items()
            if state != "killed"
        }
    unexpected = [diff for diff in alive.values() if not _is_equivalent(diff)]
    for diff in unexpected:
        sys.stdout.write(diff + "\n")
    sys.stdout.write(
        f"{len(mutants)} mutants, {len(mutants) - len(alive)} killed, "
        f"{len(alive) - len(unexpected)} equivalent, {len(unexpected)} alive\n"
    )
    return 1 if unexpected or not mutants else 0


def _is_equivalent(diff: str) -> bool:
    changed = [f"{line[:1]} {line[1:].strip()}" for line in diff.splitlines()]
    return any(line.startswith(known) for line in changed for known in _EQUIVALENT)


def _settings() -> str:
    lists = {
        "only_mutate": _MUTATED,
        "also_copy": (*(folder for folder in _NEEDED if folder != "guard"), "tests"),
        "pytest_add_cli_args_test_selection": ("tests",),
    }
    lines = ["[mutmut]", "paths_to_mutate=guard/"]
    for key, values in lists.items():
        lines += [f"{key}=", *(f"    {value}" for value in values)]
    return "\n".join(lines) + "\n"


def _mutmut(directory: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    finished = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if finished.returncode and arguments[0] != "run":
        raise SystemExit(finished.stderr[-2000:] or finished.stdout[-2000:])
    return finished.stdout


if __name__ == "__main__":
    sys.exit(main())

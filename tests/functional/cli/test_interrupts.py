"""An interrupt is never lost, wherever in Python it arrives."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PATIENCE_SECONDS = 60
_IN_A_DESTRUCTOR = """
class Dying:
    def __del__(self):
        raise KeyboardInterrupt
Dying()
"""
_IN_A_WEAK_REFERENCE = """
import weakref
def callback(_):
    raise KeyboardInterrupt
class Dying: pass
dying = Dying()
reference = weakref.ref(dying, callback)
del dying
"""


def _run(program: str) -> subprocess.CompletedProcess[str]:
    """Run it with lost interrupts delivered, and wait in a lock at its end."""
    text = f"""
import threading
from workshop.cli.interrupts import deliver_lost_interrupts
deliver_lost_interrupts()
try:
    {program.strip().replace(chr(10), chr(10) + "    ")}
    threading.Event().wait({_PATIENCE_SECONDS})
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
"""
    return subprocess.run(
        [sys.executable, "-c", text],
        check=False,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS * 2,
    )


@pytest.mark.parametrize("program", [_IN_A_DESTRUCTOR, _IN_A_WEAK_REFERENCE])
def test_an_interrupt_that_python_must_swallow_is_sent_again(program: str) -> None:
    done = _run(program)

    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def test_another_error_in_a_destructor_is_printed_as_python_does() -> None:
    done = _run(
        _IN_A_DESTRUCTOR.replace("KeyboardInterrupt", 'ValueError("x")') + "raise KeyboardInterrupt"
    )

    assert done.stdout == "interrupted\n"
    assert "Exception ignored in" in done.stderr
    assert "ValueError: x" in done.stderr

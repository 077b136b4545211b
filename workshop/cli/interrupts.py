"""Ctrl-C that arrives while Python runs a destructor or a weak reference's callback.

An exception cannot leave those: the interpreter hands it to `sys.unraisablehook` and goes on,
so the KeyboardInterrupt would be lost and the command would run to its end
(https://docs.python.org/3/library/sys.html#sys.unraisablehook).
"""

from __future__ import annotations

import signal
import sys
import threading

# Long enough for the destructor to be left; nobody notices it after a Ctrl-C.
_AGAIN_AFTER_SECONDS = 0.05


def deliver_lost_interrupts() -> None:
    """Send an interrupt again that Python had to swallow; other unraisable errors are printed."""
    print_it = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            print_it(unraisable)
            return
        again = threading.Timer(_AGAIN_AFTER_SECONDS, _interrupt_main)
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


def _interrupt_main() -> None:
    # To the main thread itself: what it waits in is then interrupted too.
    ident = threading.main_thread().ident
    if ident is not None:
        signal.pthread_kill(ident, signal.SIGINT)

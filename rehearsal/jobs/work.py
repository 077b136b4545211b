"""An activity that runs on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from rehearsal.sagemaker.resource import Outcome

_log = logging.getLogger(__name__)


class JobFailure(Exception):
    """The job ends Failed with this reason."""


class JobStopped(Exception):
    """The job was stopped from outside."""


class Work:
    """Runs `run(stopping)`; its outcome is answered by `poll` once it has returned.

    `stopped` is the status after JobStopped; a failure's is always Failed.
    `run` looks at `stopping` between its steps and raises JobStopped when it is set.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[threading.Event], Outcome],
        *,
        stopped: str = "Stopped",
    ) -> None:
        self._stopping = threading.Event()
        self._outcome: Outcome | None = None
        self._run = run
        self._stopped = stopped
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def poll(self) -> Outcome | None:
        """The outcome, or None while the work goes on."""
        return self._outcome

    def stop(self) -> None:
        """Ask the work to end."""
        self._stopping.set()

    def _work(self) -> None:
        try:
            self._outcome = self._run(self._stopping)
        except JobStopped:
            self._outcome = Outcome(self._stopped)
        except JobFailure as failure:
            self._outcome = Outcome("Failed", str(failure))
        except Exception as error:  # noqa: BLE001 - a defect of ours must not look like success
            _log.exception("the work of %s broke", self._thread.name)
            self._outcome = Outcome("Failed", f"InternalServerError: {error}")

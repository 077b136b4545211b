"""Functions with all that calls them over HTTP: Lambda's API, function URLs, HTTP APIs."""

from __future__ import annotations

from rehearsal.clock import Clock
from rehearsal.functions.background import Background
from rehearsal.functions.doors import Doors
from rehearsal.functions.http_apis import HttpApis
from rehearsal.functions.runner import Functions
from rehearsal.functions.service import LambdaService
from rehearsal.functions.urls import FunctionUrls
from rehearsal.http import Service
from rehearsal.machine import Machine


class FunctionsFront:
    """Puts them together. `services` are by the name in a signature's credential scope."""

    def __init__(self, machine: Machine, clock: Clock) -> None:
        self.runner = Functions(machine)
        self.background = Background(self.runner, machine, clock)
        self._doors = Doors()
        self._urls = FunctionUrls(self.runner, self._doors)
        self._apis = HttpApis(self.runner, self._doors)
        self.services: dict[str, Service] = {
            "lambda": LambdaService(self.runner, self.background, self._urls),
            "apigateway": self._apis,
        }
        self.enqueue = self.background.enqueue

    def tick(self) -> None:
        """Run what is due, and close the listeners whose URL or API was deleted."""
        self.runner.tick()
        self.background.tick()
        self._doors.keep([*self._urls.keys(), *self._apis.keys()])

    def close(self) -> None:
        """Close the listeners, and take no more work."""
        self._doors.close()
        self.background.close()

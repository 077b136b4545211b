"""The local AWS's own controls, below /_local/: faults on demand, and the clock.

- GET /_local/faults lists the rules with their counts, POST replaces them (a JSON list),
  DELETE clears them.
- GET /_local/clock tells the kind and the time (seconds since the epoch), POST
  {"seconds": n} moves a stepped clock forward and everything whose time has come with it.
"""

from __future__ import annotations

import json
from typing import Any

from rehearsal.clock import SteppedClock
from rehearsal.faults.reach import parse
from rehearsal.faults.rules import BadRule
from rehearsal.http import Request, Response, json_response
from rehearsal.world import World


def faults(world: World, request: Request) -> Response:
    """Answer a request for the faults."""
    if request.method == "POST":
        try:
            world.faults.set(parse(json.loads(request.body)))
        except BadRule as error:
            return _refused(str(error))
        except ValueError:
            return _refused("the request is not JSON")
    elif request.method == "DELETE":
        world.faults.set([])
    elif request.method != "GET":
        return _refused(f"{request.method} is none of GET, POST, DELETE")
    return json_response(world.faults.shown())


def clock(world: World, request: Request) -> Response:
    """Answer a request for the clock."""
    if request.method == "POST":
        problem = _step(world, request.body)
        if problem:
            return _refused(problem)
    elif request.method != "GET":
        return _refused(f"{request.method} is none of GET, POST")
    with world.lock:
        return json_response({"kind": world.clock.kind, "now": world.clock.now()})


def _step(world: World, body: bytes) -> str:
    """Move the clock; returns what is wrong with the request, "" when nothing is."""
    try:
        asked = json.loads(body)
    except ValueError:
        return "the request is not JSON"
    seconds: Any = asked.get("seconds") if isinstance(asked, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return 'the request is not {"seconds": n}'
    if not isinstance(world.clock, SteppedClock):
        return (
            f"the clock is {world.clock.kind} and cannot be stepped; "
            "start the local AWS with --clock stepped"
        )
    with world.lock:
        try:
            world.clock.step(float(seconds))
        except (OverflowError, ValueError) as error:
            return str(error)
    world.tick()  # which takes the locks it needs
    return ""


def _refused(message: str) -> Response:
    return json_response({"message": message}, 400)

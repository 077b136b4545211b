"""What the local AWS tells beyond AWS's APIs: counts, inventory, homes, links, controls."""

from __future__ import annotations

import html
from dataclasses import asdict

from rehearsal import controls, inventory
from rehearsal.cloudformation import custom
from rehearsal.http import Request, Response, json_response
from rehearsal.world import World

_HTML = "text/html; charset=utf-8"
_STYLE = (
    "body{font:16px system-ui,sans-serif;margin:4rem auto;max-width:36rem;color:#16191f}"
    "dt{color:#687078;margin-top:1rem}dd{margin:0;font-size:1.25rem}"
    "p{margin-top:2rem;color:#687078;font-size:.9rem}"
)


class Pages:
    """The paths below /_local/."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Response:
        """Answer a request below /_local/."""
        if request.path == "/_local/statistics":
            return json_response(self._world.statistics())
        if request.path == "/_local/inventory":
            return json_response({"resources": inventory.everything(self._world)})
        if request.path == "/_local/needs":
            return self._needs()
        if request.path == "/_local/calls":
            return json_response({"calls": self._world.calls_by_key()})
        if request.path == "/_local/homes":
            return json_response({"homes": inventory.homes(self._world)})
        if request.path == "/_local/faults":
            return controls.faults(self._world, request)
        if request.path == "/_local/clock":
            return controls.clock(self._world, request)
        if request.path.startswith(custom.PAGE):
            return self._custom_resource(request)
        if request.path == "/_local/open":
            return self._open(request)
        return Response(404, b"not found\n", [("Content-Type", "text/plain")])

    def _needs(self) -> Response:
        """What labs asked for at the same time, at the peak."""
        with self._world.lock:
            peaks = self._world.needs.peaks()
        return json_response({"needs": [asdict(peak) for peak in peaks]})

    def _custom_resource(self, request: Request) -> Response:
        """A function's answer about a custom resource; the address is its right to give it."""
        token = request.path.removeprefix(custom.PAGE)
        body = request.body
        with self._world.lock:
            awaited = request.method == "PUT" and self._world.custom_resources.answer(token, body)
        return Response(200 if awaited else 403, b"")

    def _open(self, request: Request) -> Response:
        with self._world.lock:
            facts = self._world.sagemaker.links.facts(
                request.query.get("token", ""), self._world.clock.now()
            )
        if facts is None:
            page = _page("This link has expired", {"what to do": "workshop open ATTENDEE"})
            return Response(403, page, [("Content-Type", _HTML)])
        page = _page(
            f"{facts['what']} (local AWS)", {k: v for k, v in facts.items() if k != "what"}
        )
        return Response(200, page, [("Content-Type", _HTML)])


def _page(title: str, facts: dict[str, str]) -> bytes:
    rows = "".join(
        f"<dt>{html.escape(name)}</dt><dd id='{html.escape(name.replace(' ', '-'))}'>"
        f"{html.escape(value)}</dd>"
        for name, value in facts.items()
    )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1><dl>{rows}</dl>"
        "<p>On AWS this link opens JupyterLab. Here it shows who would be signed in where.</p>"
    ).encode()

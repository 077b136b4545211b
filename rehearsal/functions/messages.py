"""HTTP requests as events, and results as HTTP answers: the payload format 2.0.

"Working with AWS Lambda proxy integrations for HTTP APIs" (API Gateway developer guide) and
"Invoking Lambda function URLs" (Lambda developer guide), whose format is the same.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

# Bodies of these types come as text, all others in base64.
_TEXT = ("application/json", "application/javascript", "application/xml")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request: the path as it was sent, header names in lower case."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source: str

    def header(self, name: str) -> str:
        """A header's value, or "" without."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def json(cls, status: int, content: Any) -> HttpAnswer:
        """An answer of AWS's own."""
        body = json.dumps(content).encode()
        return cls(status, (("Content-Type", "application/json"),), body)

    def plus(self, headers: list[tuple[str, str]]) -> HttpAnswer:
        """The answer with more headers."""
        return HttpAnswer(self.status, (*self.headers, *headers), self.body)


@dataclass(frozen=True, slots=True)
class Route:
    """Which route an event came by; `account` is "anonymous" before a public function URL."""

    key: str
    stage: str
    api: str
    account: str
    path: str
    parameters: dict[str, str] | None = None
    variables: dict[str, str] | None = None


def event_of(request: HttpRequest, route: Route) -> dict[str, Any]:
    """The event of a request, format 2.0."""
    now = time.time()
    domain = request.header("host")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": route.path,
        "rawQueryString": request.query,
        "headers": _headers(request),
        "requestContext": {
            "accountId": route.account,
            "apiId": route.api,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": request.method,
                "path": route.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source,
                "userAgent": request.header("user-agent"),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route.key,
            "stage": route.stage,
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    cookies = [value for name, value in request.headers if name == "cookie"]
    if cookies:
        event["cookies"] = [part.strip() for text in cookies for part in text.split(";")]
    query = _joined(parse_qsl(request.query, keep_blank_values=True))
    if query:
        event["queryStringParameters"] = query
    if route.parameters:
        event["pathParameters"] = route.parameters
    if route.variables:
        event["stageVariables"] = route.variables
    if request.body:
        event.update(_body(request))
    return event


def _headers(request: HttpRequest) -> dict[str, str]:
    """ "Format 2.0 ... Duplicate headers are combined with commas"; cookies are apart."""
    return _joined([(name, value) for name, value in request.headers if name != "cookie"])


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: HttpRequest) -> dict[str, Any]:
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT or kind.endswith(("+json", "+xml")):
        try:
            return {"body": request.body.decode()}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def answer_of(payload: bytes) -> HttpAnswer | None:
    """The answer that a function's result means, or None when it is malformed.

    A result without statusCode is the body of a 200 of type application/json ("API Gateway can
    infer the response format for you").
    """
    result = json.loads(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        text = result if isinstance(result, str) else json.dumps(result)
        return HttpAnswer(200, (("Content-Type", "application/json"),), text.encode())
    try:
        status = int(result["statusCode"])
        headers = [(str(k), _header(v)) for k, v in (result.get("headers") or {}).items()]
        body = _answer_body(result)
    except (TypeError, ValueError, AttributeError):
        return None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    headers = [(n, v) for n, v in headers if n.lower() not in ("content-length", "connection")]
    headers += [("Set-Cookie", str(cookie)) for cookie in result.get("cookies") or []]
    return HttpAnswer(status, tuple(headers), body)


def _header(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer_body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if result.get("isBase64Encoded"):
        return base64.b64decode(body)
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def cross_origin(request: HttpRequest, cors: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The CORS headers of an answer, for a configuration with keys in lower camel case."""
    origin = request.header("origin")
    if not cors or not origin:
        return []
    allowed = cors.get("allowOrigins") or []
    if "*" not in allowed and origin not in allowed:
        return []
    headers = [("Access-Control-Allow-Origin", "*" if "*" in allowed else origin)]
    if cors.get("allowCredentials"):
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if cors.get("exposeHeaders"):
        headers.append(("Access-Control-Expose-Headers", ",".join(cors["exposeHeaders"])))
    if is_preflight(request, cors):
        for member, name in (("allowMethods", "Methods"), ("allowHeaders", "Headers")):
            if cors.get(member):
                headers.append((f"Access-Control-Allow-{name}", ",".join(cors[member])))
        if cors.get("maxAge"):
            headers.append(("Access-Control-Max-Age", str(cors["maxAge"])))
    return headers


def is_preflight(request: HttpRequest, cors: dict[str, Any] | None) -> bool:
    """Whether AWS answers a request itself, before any function."""
    return (
        bool(cors)
        and request.method == "OPTIONS"
        and bool(request.header("access-control-request-method"))
    )


def decoded(path: str) -> str:
    """A path without its percent-encoding."""
    return unquote(path)

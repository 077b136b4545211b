"""Function URLs and HTTP APIs, asked by plain HTTP on loopback."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.account import ACCOUNT
from rehearsal.clock import SteppedClock
from rehearsal.inprocess import InProcess
from rehearsal.machine import Machine
from rehearsal.world import World
from tests.unit.rehearsal.account_of_functions import make_function, until
from tests.unit.rehearsal.bench import NOWHERE, REGION

ECHO = "def handler(event, context): return event"


class Account:
    """A world whose function URLs and APIs are asked over HTTP."""

    def __init__(self, directory: Path) -> None:
        self.machine = Machine(directory, NOWHERE)
        self.world = World(SteppedClock(), self.machine)
        self.clients = InProcess(self.world.services)
        self.functions = self.clients("lambda", REGION)
        self.gateway = self.clients("apigatewayv2", REGION)

    def public(self, code: str = ECHO, **more: Any) -> tuple[str, str]:
        """A function with a URL for everyone: its name and URL."""
        name = make_function(self.clients, code)
        made = self.functions.create_function_url_config(FunctionName=name, AuthType="NONE", **more)
        for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
            self.allow(name, "*", action)
        url: str = made["FunctionUrl"]
        return name, url

    def allow(self, name: str, principal: str, action: str = "lambda:InvokeFunction") -> None:
        self.functions.add_permission(
            FunctionName=name,
            StatementId=action.partition(":")[2] + principal.partition(".")[0].strip("*"),
            Principal=principal,
            Action=action,
        )

    def api(self, *routes: str, code: str = ECHO, stage: str = "$default", **more: Any) -> str:
        """An API of one function with some routes: its endpoint."""
        name = make_function(self.clients, code)
        self.allow(name, "apigateway.amazonaws.com")
        made = self.gateway.create_api(Name="api", ProtocolType="HTTP", **more)
        integration = self.gateway.create_integration(
            ApiId=made["ApiId"],
            IntegrationType="AWS_PROXY",
            IntegrationUri=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            PayloadFormatVersion="2.0",
        )
        target = f"integrations/{integration['IntegrationId']}"
        for key in routes:
            self.gateway.create_route(ApiId=made["ApiId"], RouteKey=key, Target=target)
        self.gateway.create_stage(ApiId=made["ApiId"], StageName=stage, AutoDeploy=True)
        endpoint: str = made["ApiEndpoint"]
        return endpoint


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    account = Account(tmp_path / "machine")
    yield account
    account.world.close()
    account.machine.close()


class Answer:
    def __init__(self, answer: Any) -> None:
        self.status: int = answer.status
        self.headers = answer.headers
        self.body: bytes = answer.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """Ask; underscores in the headers' names are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return Answer(answer)
    except urllib.error.HTTPError as error:
        return Answer(error)


def test_a_function_url_makes_an_event_of_format_2(account: Account) -> None:
    _, url = account.public()
    event = ask(
        f"{url}a/b?x=1&x=2&y=",
        "POST",
        b'{"k": 1}',
        Cookie="c=1; d=2",
        X="y",
        Content_Type="application/json",
    ).json
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a/b")
    assert event["rawQueryString"] == "x=1&x=2&y="
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["c=1", "d=2"]
    assert event["headers"]["x"] == "y"
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    context = event["requestContext"]
    assert context["http"]["method"] == "POST"
    assert context["http"]["path"] == "/a/b"
    assert context["accountId"] == "anonymous"
    assert context["stage"] == "$default"


def test_a_body_that_is_no_text_comes_in_base64(account: Account) -> None:
    _, url = account.public()
    event = ask(url, "POST", b"\x00\xff", Content_Type="application/octet-stream").json
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x00\xff"


def test_a_result_with_a_status_code_is_the_answer(account: Account) -> None:
    code = (
        "import base64\n"
        "def handler(event, context):\n"
        "    return {'statusCode': 418, 'headers': {'Content-Type': 'image/png', 'X-A': 'b'},\n"
        "            'cookies': ['a=1', 'b=2'], 'isBase64Encoded': True,\n"
        "            'body': base64.b64encode(b'\\x89PNG').decode()}"
    )
    answer = ask(account.public(code)[1])
    assert (answer.status, answer.body) == (418, b"\x89PNG")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-A"] == "b"
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("result", "body"), [("{'a': 1}", b'{"a": 1}'), ("'text'", b"text"), ("[1]", b"[1]")]
)
def test_any_other_result_is_the_body(account: Account, result: str, body: bytes) -> None:
    answer = ask(account.public(f"def handler(event, context): return {result}")[1])
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["Content-Type"] == "application/json"


def test_a_function_that_fails_is_a_bad_gateway(account: Account) -> None:
    answer = ask(account.public("def handler(event, context): raise ValueError('secret')")[1])
    assert answer.status == 502
    assert b"secret" not in answer.body


def test_a_url_for_everyone_needs_both_permissions(account: Account) -> None:
    name = make_function(account.clients, ECHO)
    url = account.functions.create_function_url_config(FunctionName=name, AuthType="NONE")[
        "FunctionUrl"
    ]
    refused = ask(url)
    assert (refused.status, refused.json) == (403, {"Message": "Forbidden"})
    account.allow(name, "*", "lambda:InvokeFunctionUrl")
    assert ask(url).status == 403
    account.allow(name, "*")
    assert ask(url).status == 200


def test_a_url_for_iam_wants_a_signature(account: Account) -> None:
    name = make_function(account.clients, ECHO)
    url = account.functions.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")[
        "FunctionUrl"
    ]
    assert (ask(url).status, ask(url).json) == (403, {"Message": "Forbidden"})
    assert ask(url, Authorization="AWS4-HMAC-SHA256 Credential=...").status == 200


def test_a_url_is_shown_everywhere_and_gone_when_deleted(account: Account) -> None:
    name, url = account.public()
    functions = account.functions
    assert functions.get_function_url_config(FunctionName=name)["FunctionUrl"] == url
    listed = functions.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    assert [row["FunctionUrl"] for row in listed] == [url]
    with pytest.raises(functions.exceptions.ResourceConflictException):
        functions.create_function_url_config(FunctionName=name, AuthType="NONE")
    functions.delete_function_url_config(FunctionName=name)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_url_config(FunctionName=name)
    account.world.tick()
    until(lambda: not answers(url))


def test_deleting_the_function_closes_its_url(account: Account) -> None:
    name, url = account.public()
    account.functions.delete_function(FunctionName=name)
    account.world.tick()
    until(lambda: not answers(url))


def test_the_end_of_the_local_aws_closes_what_listens(account: Account) -> None:
    _, url = account.public()
    account.world.close()
    assert not answers(url)


def answers(url: str) -> bool:
    try:
        ask(url)
    except OSError:
        return False
    return True


def test_cross_origin_requests_are_answered_as_configured(account: Account) -> None:
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["PUT"], "MaxAge": 5}
    _, url = account.public("def handler(e, c): return 'x'", Cors=cors)
    preflight = ask(url, "OPTIONS", Origin="https://a.example", Access_Control_Request_Method="PUT")
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert preflight.headers["Access-Control-Allow-Methods"] == "PUT"
    assert preflight.headers["Access-Control-Max-Age"] == "5"
    answer = ask(url, Origin="https://a.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert ask(url, Origin="https://b.example").headers["Access-Control-Allow-Origin"] is None


ROUTE = "def handler(event, context): return [event['routeKey'], event.get('pathParameters')]"


@pytest.mark.parametrize(
    ("request_line", "found"),
    [
        ("GET /pets/dog/1", ["GET /pets/dog/1", None]),
        ("GET /pets/dog/2", ["GET /pets/dog/{id}", {"id": "2"}]),
        ("GET /pets/cat/2", ["GET /pets/{proxy+}", {"proxy": "cat/2"}]),
        ("POST /pets/cat/2", ["ANY /{proxy+}", {"proxy": "pets/cat/2"}]),
        ("GET /else", ["ANY /{proxy+}", {"proxy": "else"}]),
        ("GET /", ["$default", None]),
    ],
)
def test_the_most_specific_route_is_taken(
    account: Account, request_line: str, found: list[Any]
) -> None:
    url = account.api(
        "$default",
        "ANY /{proxy+}",
        "GET /pets/{proxy+}",
        "GET /pets/dog/{id}",
        "GET /pets/dog/1",
        code=ROUTE,
    )
    method, path = request_line.split()
    assert ask(url + path, method, b"" if method == "POST" else None).json == found


def test_an_api_without_a_route_for_it_says_not_found(account: Account) -> None:
    url = account.api("GET /known", code=ROUTE)
    assert ask(f"{url}/known").status == 200
    for unknown in (ask(f"{url}/unknown"), ask(f"{url}/known", "POST", b"")):
        assert (unknown.status, unknown.json) == (404, {"message": "Not Found"})


def test_a_named_stage_is_the_first_part_of_the_path(account: Account) -> None:
    url = account.api("GET /known", stage="dev")
    event = ask(f"{url}/dev/known").json
    assert event["requestContext"]["stage"] == "dev"
    assert event["rawPath"] == "/dev/known"
    assert ask(f"{url}/known").status == 404


def test_an_api_needs_the_functions_permission(account: Account) -> None:
    url = account.api("GET /x")
    name = account.gateway.get_integrations(ApiId=account.gateway.get_apis()["Items"][-1]["ApiId"])[
        "Items"
    ][0]["IntegrationUri"]
    assert ask(f"{url}/x").status == 200
    account.functions.remove_permission(FunctionName=name, StatementId="InvokeFunctionapigateway")
    refused = ask(f"{url}/x")
    assert (refused.status, refused.json) == (500, {"message": "Internal Server Error"})


def test_an_apis_endpoint_is_real_wherever_it_is_told_and_closes_with_it(
    account: Account,
) -> None:
    url = account.api("$default")
    api = next(a for a in account.gateway.get_apis()["Items"] if a["ApiEndpoint"] == url)
    assert account.gateway.get_api(ApiId=api["ApiId"])["ApiEndpoint"] == url
    account.gateway.delete_api(ApiId=api["ApiId"])
    account.world.tick()
    until(lambda: not answers(url))


def test_an_apis_cross_origin_configuration_is_its_own_answer(account: Account) -> None:
    url = account.api("$default", CorsConfiguration={"AllowOrigins": ["*"]})
    preflight = ask(f"{url}/x", "OPTIONS", Origin="https://a", Access_Control_Request_Method="GET")
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"


def test_an_authorizer_is_not_supported_and_lets_nobody_in(account: Account) -> None:
    url = account.api("GET /open")
    api = next(a for a in account.gateway.get_apis()["Items"] if a["ApiEndpoint"] == url)
    [route] = account.gateway.get_routes(ApiId=api["ApiId"])["Items"]
    account.gateway.update_route(
        ApiId=api["ApiId"], RouteId=route["RouteId"], AuthorizationType="JWT", AuthorizerId="x"
    )
    refused = ask(f"{url}/open")
    assert refused.status == 500
    assert "authorizers of type JWT" in refused.json["message"]

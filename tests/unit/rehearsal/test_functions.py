"""Functions: real handlers in real processes."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from moto.logs.models import logs_backends

from rehearsal.account import ACCOUNT
from rehearsal.clock import SteppedClock
from rehearsal.errors import ApiError
from rehearsal.functions.background import Background
from rehearsal.inprocess import InProcess
from rehearsal.machine import Machine
from rehearsal.world import World
from tests.unit.rehearsal.account_of_functions import make_function, until, zipped
from tests.unit.rehearsal.bench import NOWHERE, REGION


class Account:
    """A world with functions; nothing listens, but processes are real."""

    def __init__(self, directory: Path) -> None:
        self.clock = SteppedClock()
        self.machine = Machine(directory, NOWHERE)
        self.world = World(self.clock, self.machine)
        self.clients = InProcess(self.world.services)

    @property
    def background(self) -> Background:
        return self.world.functions.background

    def function(self, code: str, **more: Any) -> str:
        return make_function(self.clients, code, **more)

    def invoke(self, name: str, event: Any = None, **more: Any) -> Any:
        """What the function answers; an error of it is answered like a result."""
        client = self.clients("lambda", REGION)
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
        return json.loads(answer["Payload"].read())

    def log(self, name: str) -> list[str]:
        group = logs_backends[ACCOUNT][REGION].groups[f"/aws/lambda/{name}"]
        streams = sorted(group.streams.values(), key=lambda stream: stream.creation_time)
        return [event.message for stream in streams for event in stream.events]

    def step(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.world.tick()
        until(lambda: not self.background.busy)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    account = Account(tmp_path / "machine")
    yield account
    account.world.close()
    account.machine.close()


def is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


ECHO = "def handler(event, context): return event"
COUNT = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n"
FAIL = "def handler(event, context):\n    print('trying')\n    raise ValueError('no such thing')"


def test_a_handler_gets_the_event_and_its_answer_is_the_callers(account: Account) -> None:
    event = {"text": "ä\n", "number": 1.5, "list": [None, True]}
    assert account.invoke(account.function(ECHO), event) == event


def test_a_process_is_used_again_and_keeps_its_modules_state(account: Account) -> None:
    name = account.function(COUNT)
    assert [account.invoke(name) for _ in range(3)] == [1, 2, 3]


def test_new_code_and_new_configuration_get_a_new_process(account: Account) -> None:
    name, client = account.function(COUNT), account.clients("lambda", REGION)
    account.invoke(name)
    client.update_function_code(
        FunctionName=name, ZipFile=zipped(app=COUNT.replace("n += 1", "n += 10"))
    )
    assert account.invoke(name) == 10
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"NEW": "1"}})
    assert account.invoke(name) == 10


def test_invocations_at_the_same_time_have_a_process_each(account: Account) -> None:
    meet = (
        "import os, time, pathlib\n"
        "def handler(folder, context):\n"
        "    (pathlib.Path(folder) / str(os.getpid())).touch()\n"
        "    while len(list(pathlib.Path(folder).iterdir())) < 2: time.sleep(0.01)\n"
        "    return os.getpid()"
    )
    name = account.function(meet)
    folder = account.machine.path("meeting")
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(account.invoke(name, str(folder))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2


def test_the_environment_is_the_functions_and_lambdas(account: Account) -> None:
    code = "import os\ndef handler(event, context): return dict(os.environ)"
    name = account.function(code, Environment={"Variables": {"OWN": "x"}}, MemorySize=256)
    found = account.invoke(name)
    assert found["OWN"] == "x"
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"
    assert found["AWS_REGION"] == REGION
    assert found["_HANDLER"] == "app.handler"
    assert found["AWS_ENDPOINT_URL"] == NOWHERE
    assert found["AWS_SESSION_TOKEN"], "the role's own credentials"


def test_the_context_object_tells_about_the_invocation(account: Account) -> None:
    code = (
        "def handler(event, c):\n"
        "    return [c.function_name, c.function_version, c.memory_limit_in_mb, c.log_group_name,"
        " c.invoked_function_arn, c.get_remaining_time_in_millis(), c.aws_request_id]"
    )
    name = account.function(code, Timeout=7)
    *facts, remaining, request_id = account.invoke(name)
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    assert facts == [name, "$LATEST", "128", f"/aws/lambda/{name}", arn]
    assert 0 < remaining <= 7000
    assert uuid.UUID(request_id)


def test_a_handler_finds_boto3_and_nothing_else_of_this_machine(account: Account) -> None:
    code = (
        "import importlib\n"
        "def handler(name, context): return importlib.import_module(name).__name__"
    )
    name = account.function(code)
    assert account.invoke(name, "boto3") == "boto3"
    for module in ("yaml", "moto", "cleanup", "rehearsal", "records"):
        assert account.invoke(name, module)["errorType"] == "ModuleNotFoundError", module


def test_a_handler_imports_from_its_own_package(account: Account) -> None:
    client = account.clients("lambda", REGION)
    name = account.function(ECHO)
    code = zipped(app="import helper\ndef handler(e, c): return helper.NAME", helper="NAME = 'h'")
    client.update_function_code(FunctionName=name, ZipFile=code)
    assert account.invoke(name) == "h"


def test_a_layer_brings_modules(account: Account) -> None:
    client = account.clients("lambda", REGION)
    layer = client.publish_layer_version(
        LayerName="l", Content={"ZipFile": zipped(**{"python/shared": "NAME = 'layer'"})}
    )
    code = "import shared\ndef handler(event, context): return shared.NAME"
    name = account.function(code, Layers=[layer["LayerVersionArn"]])
    assert account.invoke(name) == "layer"


def test_a_published_version_keeps_its_code(account: Account) -> None:
    name, client = (
        account.function("def handler(e, c): return 'old'"),
        account.clients("lambda", REGION),
    )
    version = client.publish_version(FunctionName=name)["Version"]
    client.update_function_code(
        FunctionName=name, ZipFile=zipped(app="def handler(e, c): return c.function_version")
    )
    assert account.invoke(name) == "$LATEST"
    assert account.invoke(name, Qualifier=version) == "old"


def test_an_exception_is_the_callers_with_its_type_and_the_handlers_frames(
    account: Account,
) -> None:
    name = account.function(FAIL)
    answer = account.clients("lambda", REGION).invoke(FunctionName=name, LogType="Tail")
    error = json.loads(answer["Payload"].read())
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such thing")
    assert len(error["stackTrace"]) == 1
    assert "in handler" in error["stackTrace"][0]
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "[ERROR] ValueError: no such thing\nTraceback" in tail
    assert f"START RequestId: {error['requestId']} Version: $LATEST\ntrying\n" in tail


@pytest.mark.parametrize(
    ("code", "handler", "kind"),
    [
        ("import nothing_like_it", "app.handler", "Runtime.ImportModuleError"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound"),
        ("x = 1", "nomodule.handler", "Runtime.ImportModuleError"),
        ("def (", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("1 / 0", "app.handler", "ZeroDivisionError"),
        ("def handler(e, c): return {1, 2}", "app.handler", "Runtime.MarshalError"),
        ("import os\ndef handler(e, c): os._exit(3)", "app.handler", "Runtime.ExitError"),
    ],
)
def test_what_cannot_run_says_so_in_lambdas_words(
    account: Account, code: str, handler: str, kind: str
) -> None:
    name = account.function(code, Handler=handler)
    for _ in range(2):
        assert account.invoke(name)["errorType"] == kind


def test_a_function_that_outlives_its_timeout_is_killed(account: Account) -> None:
    code = (
        "import subprocess, time\n"
        "def handler(event, context):\n"
        "    print('waiting', subprocess.Popen(['sleep', '600']).pid)\n"
        "    time.sleep(600)"
    )
    name = account.function(code, Timeout=1)
    error = account.invoke(name)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    lines = account.log(name)
    assert lines[-1].endswith("Status: timeout")
    [waiting] = [line for line in lines if line.startswith("waiting")]
    # A grandchild, which nobody here can wait for: SIGKILL is sent, its end comes a moment later.
    until(lambda: not is_running(int(waiting.split()[1])))


def test_the_next_invocation_after_a_timeout_gets_a_fresh_process(account: Account) -> None:
    code = (
        "import time\n"
        "n = 0\n"
        "def handler(seconds, context):\n"
        "    global n\n"
        "    n += 1\n"
        "    time.sleep(seconds)\n"
        "    return n"
    )
    name = account.function(code, Timeout=1)
    assert account.invoke(name, 0) == 1
    assert account.invoke(name, 60)["errorType"] == "Sandbox.Timedout"
    assert account.invoke(name, 0) == 1


def test_logs_have_lambdas_lines_around_the_handlers(account: Account) -> None:
    code = (
        "import logging\n"
        "def handler(event, context):\n"
        "    print('printed')\n"
        "    logging.getLogger().warning('logged')\n"
    )
    name = account.function(code)
    account.invoke(name)
    account.invoke(name)
    lines = account.log(name)
    assert [line.split()[0] for line in lines] == 2 * [
        "START",
        "printed",
        "[WARNING]",
        "END",
        "REPORT",
    ]
    assert "\tInit Duration: " in lines[4]
    assert "\tInit Duration: " not in lines[9], "a warm process has none"
    assert int(lines[4].split("Max Memory Used: ")[1].split()[0]) < 100


def test_logs_go_to_the_group_that_the_function_names(account: Account) -> None:
    group = f"/ours/{uuid.uuid4().hex}"
    name = account.function(ECHO, LoggingConfig={"LogGroup": group})
    account.invoke(name)
    assert group in logs_backends[ACCOUNT][REGION].groups


def test_what_is_not_python_in_a_zip_file_is_refused_and_does_not_pretend(
    account: Account,
) -> None:
    name = account.function(ECHO, Runtime="nodejs22.x")
    with pytest.raises(ApiError, match="does not have the runtime nodejs22") as caught:
        account.world.functions.runner.invoke(REGION, name, b"{}")
    assert caught.value.code == "InvalidRuntimeException"


def test_a_function_that_there_is_not_is_not_found(account: Account) -> None:
    client = account.clients("lambda", REGION)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="nobody")


def test_a_role_that_lambda_may_not_assume_is_refused(account: Account) -> None:
    client = account.clients("lambda", REGION)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="cannot be assumed"):
        account.function(ECHO, Role=f"arn:aws:iam::{ACCOUNT}:role/nobody")


def test_payloads_have_limits_and_are_json(account: Account) -> None:
    name, client = account.function(ECHO), account.clients("lambda", REGION)
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName=name, Payload=b"{")
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(FunctionName=name, Payload=b'"' + b"x" * 6_291_456 + b'"')
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(
            FunctionName=name, InvocationType="Event", Payload=b'"' + b"x" * 1_048_576 + b'"'
        )
    large = account.function("def handler(e, c): return 'x' * 6291557")
    assert account.invoke(large)["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_dry_run_runs_nothing(account: Account) -> None:
    name = account.function(ECHO)
    answer = account.clients("lambda", REGION).invoke(FunctionName=name, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert f"/aws/lambda/{name}" not in logs_backends[ACCOUNT][REGION].groups


def test_reserved_concurrency_of_zero_throttles_everything(account: Account) -> None:
    name, client = account.function(ECHO), account.clients("lambda", REGION)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException, match="Rate Exceeded"):
        client.invoke(FunctionName=name)


def send(account: Account, name: str) -> None:
    """Invoke in the background and wait for the first attempt."""
    client = account.clients("lambda", REGION)
    answer = client.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert answer["StatusCode"] == 202
    until(lambda: not account.background.busy)


def test_an_event_that_fails_is_tried_again_after_one_and_two_minutes(account: Account) -> None:
    name = account.function(FAIL)

    def attempts() -> int:
        return account.log(name).count("trying")

    send(account, name)
    assert attempts() == 1
    account.step(59)
    assert attempts() == 1
    account.step(1)
    assert attempts() == 2
    account.step(119)
    assert attempts() == 2
    account.step(1)
    assert attempts() == 3
    account.step(24 * 3600)
    assert attempts() == 3
    ids = {line.split()[2] for line in account.log(name) if line.startswith("START")}
    assert len(ids) == 1, "a retry has the event's request id"


def test_an_event_that_succeeds_runs_once(account: Account) -> None:
    name = account.function("def handler(e, c): print('once')")
    send(account, name)
    account.step(3600)
    assert account.log(name).count("once") == 1
    assert account.background.waiting == 0


def test_the_number_of_retries_is_the_functions_to_choose(account: Account) -> None:
    name = account.function(FAIL)
    client = account.clients("lambda", REGION)
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    send(account, name)
    account.step(3600)
    assert account.log(name).count("trying") == 1


def test_a_throttled_event_waits_for_its_turn(account: Account) -> None:
    name = account.function("def handler(e, c): print('at last')")
    client = account.clients("lambda", REGION)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    send(account, name)
    account.step(1)
    client.delete_function_concurrency(FunctionName=name)
    account.step(2)
    assert account.log(name).count("at last") == 1


def test_no_process_outlives_the_machine(account: Account) -> None:
    code = (
        "import subprocess\n"
        "def handler(e, c): return subprocess.Popen(['sleep', '600'], start_new_session=True).pid"
    )
    detached = account.invoke(account.function(code))
    assert is_running(detached)
    account.machine.close()
    assert not is_running(detached)

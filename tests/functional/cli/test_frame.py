"""The command line's frame: help, exit codes, and the one place where errors are printed."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import click
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from tests.unit.quotas.fakes import refusal
from workshop.cli.boundary import denied_action, explain
from workshop.cli.main import COMMANDS, render_error, run
from workshop.errors import ConfigError, Problem, UnverifiedError, UsageError, WorkshopError


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_help_imports_nothing_heavy() -> None:
    done = python(
        "import sys; from workshop.cli.main import run; run(['--help']);"
        "heavy = {'pydantic', 'boto3', 'botocore', 'rich', 'yaml', 'workshop.config'};"
        "sys.exit(str(heavy & sys.modules.keys() or ''))"
    )

    assert done.stderr.strip() == ""
    assert "Usage: workshop" in done.stdout


def test_help_names_every_command_and_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert "Example: workshop init" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = f"workshop.cli.{COMMANDS[name].module}"

    assert isinstance(import_module(module).command, click.Command)
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"workshop {name}" in text
    assert "--debug" in text


@pytest.mark.parametrize("arguments", [["nonsense"], ["init", "--nonsense"], ["--nonsense"]])
def test_a_misspelt_command_line_leaves_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert "Error: No such" in capsys.readouterr().err


def test_an_error_is_three_parts_on_stderr(
    tmp_path: os.PathLike[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["check", "--config", os.path.join(tmp_path, "none.yaml")])  # noqa: PTH118

    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    first, why, fix = shown.err.splitlines()
    assert first.startswith("error: there is no file")
    assert why.startswith("  why: ")
    assert fix.startswith("  fix: workshop init")


@pytest.mark.parametrize("before", [True, False])
def test_debug_shows_the_traceback_before_or_after_the_command(
    before: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = ["check", "--config", "/nowhere/workshop.yaml"]

    assert run(["--debug", *rest] if before else [*rest, "--debug"]) == 2

    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "error: there is no file" in shown


def test_debug_may_be_set_in_the_environment() -> None:
    done = python(
        "from workshop.cli.main import run; run(['check', '--config', '/nowhere/x.yaml'])",
        WORKSHOP_DEBUG="1",
    )

    assert "Traceback" in done.stderr


def test_problems_of_a_configuration_are_indented_below_their_places() -> None:
    error = ConfigError([Problem("w.yaml:1: name", "is wrong", "right it")])

    assert render_error(error) == (
        "error: 1 problem in the configuration\nw.yaml:1: name\n  why: is wrong\n  fix: right it"
    )


def test_our_own_errors_pass_unchanged() -> None:
    error = UsageError("what", "why", "fix")

    assert explain(error) is error


@pytest.mark.parametrize(
    ("message", "operation", "action"),
    [
        (
            "User: arn:aws:iam::1:user/x is not authorized to perform: sagemaker:CreateDomain "
            "on resource: arn:aws:sagemaker:::domain/* because no identity-based policy allows",
            "CreateDomain",
            "sagemaker:CreateDomain",
        ),
        ("You are not authorized to perform this operation.", "CreateVpc", "CreateVpc"),
        ("Access Denied", "ListObjectsV2", "s3:ListBucket"),
    ],
)
def test_a_denial_names_the_missing_action(message: str, operation: str, action: str) -> None:
    error = refusal("AccessDenied", operation, message)

    explained = explain(error)
    assert denied_action(error) == action
    assert explained.what == f"AWS denies {action}"
    assert action in explained.fix
    assert isinstance(explained, UnverifiedError)


@pytest.mark.parametrize(
    ("error", "what", "kind"),
    [
        (NoCredentialsError(), "no AWS credentials", UnverifiedError),
        (EndpointConnectionError(endpoint_url="x"), "cannot be reached", UnverifiedError),
        (refusal("ExpiredToken", "ListApps"), "does not accept the cred", UnverifiedError),
        (refusal("ThrottlingException", "ListApps"), "throttles ListApps", UnverifiedError),
        (refusal("500", "ListApps", status=500), "failed to answer ListApps", UnverifiedError),
        (refusal("ValidationException", "ListApps"), "refused ListApps", WorkshopError),
        (ModuleNotFoundError("x", name="nbclient"), "the extra `labs`", UsageError),
        (ModuleNotFoundError("x", name="moto.server"), "the extra `rehearsal`", UsageError),
        (ModuleNotFoundError("x", name="rehearsal.server"), "in a checkout only", UsageError),
        (FileNotFoundError(2, "No such file", "x.csv"), "cannot use x.csv", UsageError),
        (ZeroDivisionError("1/0"), "unexpected ZeroDivisionError", WorkshopError),
    ],
)
def test_every_exception_becomes_what_why_and_fix(
    error: Exception, what: str, kind: type[WorkshopError]
) -> None:
    explained = explain(error)

    assert type(explained) is kind
    assert what in explained.what
    assert explained.why
    assert explained.fix


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = (
        "import sys; from workshop.cli import main, output\n"
        "import click\n"
        "@click.command()\n"
        "def flood():\n"
        "    for _ in range(100000): click.echo('x' * 100)\n"
        "main.cli.add_command(flood, 'flood')\n"
        "main.LazyGroup.get_command = lambda self, ctx, name: flood\n"
        "sys.exit(main.run(['flood']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()

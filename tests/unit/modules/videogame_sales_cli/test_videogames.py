"""The script that works with the AWS CLI, on a stand-in that writes down how it is called."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from modules.declarations import MODULES_FOLDER, load_module

SCRIPT = MODULES_FOLDER / "videogame-sales-cli" / "videogames.sh"
NAME = "ml101-ann-games"
TRAIN = (
    *("train", "--name", NAME, "--role", "arn:role", "--image", "image:1"),
    *("--train", "s3://b/train", "--validation", "s3://b/validation", "--output", "s3://b/model"),
)
# Says what the file with the operation's name says, line after line, and the last one again.
AWS = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$ANSWERS/calls"
for word in "$@"; do
  answers="$ANSWERS/$word"
  [ -f "$answers" ] || continue
  line=$(head -n 1 "$answers")
  [ "$(grep -c '' "$answers")" = 1 ] || sed -i.old 1d "$answers"
  case $line in
    refuse:*) echo "${line#refuse:}" >&2; exit 255 ;;
    answers:*) printf '%s' "${line#answers:}" | tr ';' '\\n' >"${!#}" ;;
    *) echo "$line" ;;
  esac
done
"""


@dataclass(frozen=True, slots=True)
class Said:
    """How the script ended, what it said, and the calls of the CLI that it made."""

    code: int
    out: str
    err: str
    calls: list[str]

    def call(self, operation: str) -> str:
        (found,) = [call for call in self.calls if operation in call.split()]
        return found


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs the script in a folder of its own."""

    folder: Path

    def __call__(self, *arguments: str, answers: Mapping[str, str] | None = None) -> Said:
        programs, kept = self.folder / "bin", self.folder / "answers"
        programs.mkdir(exist_ok=True)
        kept.mkdir(exist_ok=True)
        (programs / "aws").write_text(AWS)
        (programs / "aws").chmod(0o755)
        for operation, lines in (answers or {}).items():
            (kept / operation).write_text(lines + "\n")
        done = subprocess.run(
            ["bash", str(SCRIPT), *arguments, "--poll", "0"],
            cwd=self.folder,
            env={"PATH": f"{programs}:{os.environ['PATH']}", "ANSWERS": str(kept)},
            capture_output=True,
            text=True,
            check=False,
        )
        calls = kept / "calls"
        made = calls.read_text().splitlines() if calls.exists() else []
        return Said(done.returncode, done.stdout, done.stderr, made)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, SCRIPT], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_help_names_every_step_and_needs_no_cli(shell: Shell) -> None:
    said = shell("--help")

    assert said.code == 0
    assert said.calls == []
    assert all(f"\n  {step} " in said.out for step in ("train", "deploy", "ask", "delete"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say what to do"),
        (("train",), "train needs --name"),
        (("train", "--name", NAME), "train needs --role"),
        (("ask", "--name", NAME, "--questions", "q"), "ask needs --answers"),
        (("train", "deploy"), "one step at a time"),
        (("deploy", "--nmae", NAME), "unknown: --nmae"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_made(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    said = shell(*arguments)

    assert (said.code, said.calls) == (2, [])
    assert words in said.err


def test_training_waits_for_the_model_and_shows_its_metrics(shell: Shell) -> None:
    looks = "InProgress\nInProgress\nCompleted\nvalidation:auc\t0.9"
    said = shell(*TRAIN, "--tag", "workshop:name=ml101", answers={"describe-training-job": looks})

    assert said.code == 0, said.err
    created = said.call("create-training-job")
    assert f"--training-job-name {NAME} " in created
    assert "scale_pos_weight=2" in created
    assert "--tags Key=workshop:name,Value=ml101" in created
    assert said.out.count("InProgress") == 1, "a status is shown when it changes"
    assert said.out.rstrip().endswith("validation:auc\t0.9")


def test_a_training_job_that_fails_is_told_with_its_reason(shell: Shell) -> None:
    looks = "InProgress\nFailed\nno such bucket"
    said = shell(*TRAIN, answers={"describe-training-job": looks})

    assert said.code == 1
    assert f"error: the training job {NAME} ended badly: no such bucket" in said.err


def test_a_refused_call_ends_the_script(shell: Shell) -> None:
    said = shell(*TRAIN, answers={"create-training-job": "refuse:ResourceLimitExceeded"})

    assert said.code != 0
    assert "ResourceLimitExceeded" in said.err
    assert len(said.calls) == 1


def test_a_status_that_cannot_be_read_ends_the_wait(shell: Shell) -> None:
    said = shell(*TRAIN, answers={"describe-training-job": "refuse:AccessDenied"})

    assert said.code == 1
    assert "AccessDenied" in said.err


def test_deploying_takes_artifact_image_and_role_from_the_training_job(shell: Shell) -> None:
    answers = {
        "describe-training-job": "s3://b/model.tar.gz\timage:1\tarn:role",
        "describe-endpoint": "Creating\nInService",
    }
    said = shell("deploy", "--name", NAME, "--region", "eu-west-1", answers=answers)

    assert said.code == 0, said.err
    model = said.call("create-model")
    assert "ModelDataUrl=s3://b/model.tar.gz,Image=image:1" in model
    assert "--execution-role-arn arn:role" in model
    assert all("--region eu-west-1" in call for call in said.calls)
    assert "--tags" not in model


def test_an_endpoint_that_does_not_start_is_told_with_its_reason(shell: Shell) -> None:
    answers = {
        "describe-training-job": "s3://b/m\timage:1\tarn:role",
        "describe-endpoint": "Creating\nFailed\nno ping",
    }
    said = shell("deploy", "--name", NAME, answers=answers)

    assert said.code == 1
    assert "does not start: no ping" in said.err


@pytest.mark.parametrize("first", ["answers:0.1,0.2", "answers:0.1;0.2;"])
def test_answers_have_a_line_each_whatever_the_image_puts_between_them(
    shell: Shell, first: str
) -> None:
    (shell.folder / "questions").write_text("0 1:1\n0 2:1\n0 3:1\n")
    said = shell(
        *("ask", "--name", NAME, "--questions", "questions", "--answers", "answers.txt"),
        *("--batch", "2"),
        answers={"invoke-endpoint": f"{first}\nanswers:0.3"},
    )

    assert said.code == 0, said.err
    assert (shell.folder / "answers.txt").read_text().split() == ["0.1", "0.2", "0.3"]
    assert [call for call in said.calls if "invoke-endpoint" in call] == said.calls
    assert len(said.calls) == 2


def test_what_is_gone_already_does_not_stop_the_deletion(shell: Shell) -> None:
    answers = {
        "delete-endpoint": 'refuse:Could not find endpoint "x".',
        "list-endpoints": "Deleting\nGone",
        "delete-endpoint-config": 'refuse:Could not find endpoint configuration "x".',
        "delete-model": 'refuse:Could not find model "x".',
    }
    said = shell("delete", "--name", NAME, answers=answers)

    assert said.code == 0, said.err
    assert said.call("delete-model")


def test_a_configuration_is_deleted_after_its_endpoint_is_gone(shell: Shell) -> None:
    said = shell("delete", "--name", NAME, answers={"list-endpoints": "Deleting\nGone"})

    operations = [call.split("sagemaker ")[1].split()[0] for call in said.calls]
    assert operations == [
        "delete-endpoint",
        "list-endpoints",
        "list-endpoints",
        "delete-endpoint-config",
        "delete-model",
    ]


def test_a_deletion_that_is_refused_is_told(shell: Shell) -> None:
    said = shell("delete", "--name", NAME, answers={"delete-endpoint": "refuse:AccessDenied"})

    assert said.code == 1
    assert "AccessDenied" in said.err


def test_the_script_asks_for_the_instances_that_the_lab_declares() -> None:
    text = SCRIPT.read_text(encoding="utf-8")

    for need in load_module("videogame-sales-cli").needs:
        assert f"InstanceType={need.instance_type},InstanceCount={need.count}" in text or (
            f"InstanceType={need.instance_type},InitialInstanceCount={need.count}" in text
        )

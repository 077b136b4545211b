"""Run a training script as AWS's framework images do.

The script is the hyperparameter sagemaker_program, its folder code/ below the base folder,
where the archive of sagemaker_submit_directory has been unpacked. On failure output/failure
says what the script wrote last, and this leaves with the script's own code.
"""

from __future__ import annotations

import collections
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from rehearsal.containers.contract.files import base_folder, log, read_config
from rehearsal.containers.script import environment, packages

# output/failure is shown up to 1,024 characters, the command included.
_LAST_LINES = 20
_MESSAGE = 700
_LAST_WORDS_SECONDS = 1.0


def main() -> int:
    """Train; the exit code says what SageMaker makes of the job."""
    base = base_folder()
    hyperparameters = environment.decoded(read_config("hyperparameters"))
    program = hyperparameters.get("sagemaker_program") or os.environ.get("SAGEMAKER_PROGRAM", "")
    if not program:
        return fail(base, "no hyperparameter sagemaker_program names the training script", 1)
    code = base / "code"
    script = code / program
    if not script.is_file():
        return fail(base, f"{program} is not in the submitted folder: {listed(code)}", 1)
    packages.tell()
    if (code / "requirements.txt").exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-r", "requirements.txt"],
            cwd=code,
            check=False,
        )
    own = environment.for_the_script(hyperparameters)
    return run(base, program, environment.arguments(own), own)


def run(base: Path, program: str, arguments: list[str], own: dict[str, object]) -> int:
    """Run the script; its exit code. What it says goes to the log as it says it."""
    interpreter = [sys.executable, "-u"] if program.endswith(".py") else ["/bin/sh"]
    command = [*interpreter, program, *arguments]
    log("INFO", f"Invoking script with the following command: {' '.join(command)}")
    variables = {**os.environ, **environment.script_environment(base, program, own)}
    said: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
    script = subprocess.Popen(
        command,
        cwd=base / "code",
        env=variables,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    reader = threading.Thread(target=_carry, args=(script.stderr, said), daemon=True)
    reader.start()
    script.wait()
    # What the script leaves running holds its output open; the job does not wait for that.
    reader.join(_LAST_WORDS_SECONDS)
    code = script.returncode
    if code == 0:
        return 0
    # A signal's number is no exit code: shells say 128 and the number.
    exit_code = code if code > 0 else 128 - code
    message = "".join(said).strip()[-_MESSAGE:]
    return fail(
        base,
        f'ExecuteUserScriptError:\nExitCode {exit_code}\nErrorMessage "{message}"\n'
        f'Command "{" ".join(command)}"',
        exit_code,
    )


def _carry(errors: IO[str], said: collections.deque[str]) -> None:
    """Pass on what a script writes to stderr, and keep its last lines."""
    for line in errors:
        said.append(line)
        sys.stdout.write(line)
        sys.stdout.flush()


def fail(base: Path, reason: str, code: int) -> int:
    """Report a failure in the log and in output/failure, unless the script already has."""
    log("ERROR", reason)
    path = base / "output" / "failure"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reason, encoding="utf-8")
    return code


def listed(folder: Path) -> str:
    """The names in a folder, for a message."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return ", ".join(names[:20]) or "it is empty"

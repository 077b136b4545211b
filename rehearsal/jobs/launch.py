"""Which command runs for a container, where, and with which variables.

Three sorts of images: AWS's own that a program stands in for, those of them that run a script,
and images that the workshop built itself (rehearsal/images).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.containers.registry import PYTHON, Program, resolve
from rehearsal.containers.registry import __file__ as _registry
from rehearsal.forks import Process
from rehearsal.images.store import BuiltImage, Images, parse_uri
from rehearsal.jobs import storage
from rehearsal.jobs.relocation import ML, Places, relocate, relocate_files, relocate_variables
from rehearsal.jobs.work import JobFailure
from rehearsal.machine import Machine

_SCRIPT = Path(_registry).parent / "script"
# What the SDK's ModelTrainer uploads a training script in, and what starts it, as channels
# (sagemaker.train.constants: SM_CODE, SM_DRIVERS).
_CODE_CHANNELS = ("code", "sm_drivers")


# Variables that decide how a process starts or what a library does when it is loaded: for a fork
# they come too late.
_READ_AT_START = ("LD_", "PYTHON", "OMP_", "GOMP_", "OPENBLAS_", "MALLOC_", "GLIBC_", "LC_", "LANG")


@dataclass(frozen=True, slots=True)
class Launch:
    """A command as subprocess.Popen takes it, and what the fork server knows it by, if it does."""

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    warm: tuple[str, str] | None = None

    def start(self, environment: Mapping[str, str], log: Path, machine: Machine) -> Process:
        """Start it with an environment that holds its own; its output goes to `log`."""
        if self.warm:
            process = machine.fork(self.warm, cwd=self.cwd, environment=environment, log=log)
            if process is not None:
                return process
        return machine.spawn(self.argv, cwd=self.cwd, environment=environment, log=log)


def training(job: dict[str, Any], base: Path, region: str, machine: Machine) -> Launch:
    """What runs for a training job whose inputs lie below `base`.

    Raises JobFailure for an image that cannot run here, or a script that cannot be had.
    """
    algorithm = job["AlgorithmSpecification"]
    image = algorithm.get("TrainingImage", "")
    variables = job.get("Environment", {})
    hyperparameters = job.get("HyperParameters", {})
    built = _find_built(image, machine)
    if built is not None:
        return _built(built, "train", algorithm, base, variables)
    program = _program(image, script="sagemaker_program" in hyperparameters)
    if algorithm.get("ContainerEntrypoint"):
        return _command(_entrypoint(algorithm), program, base, variables)
    submitted = _decoded(hyperparameters.get("sagemaker_submit_directory", ""))
    _fetch_code(submitted, base, machine.client("s3", region))
    return _aws_own(program, "train", base, variables)


def serving(container: dict[str, Any], base: Path, region: str, machine: Machine) -> Launch:
    """What runs for a model's container; its model lies in `base`/model already."""
    image = container.get("Image", "")
    variables = container.get("Environment", {})
    built = _find_built(image, machine)
    if built is not None:
        return _built(built, "serve", {}, base, variables)
    program = _program(image, script="SAGEMAKER_PROGRAM" in variables)
    submitted = variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    if submitted.startswith("s3://"):
        _fetch_code(submitted, base, machine.client("s3", region))
        variables = {**variables, "SAGEMAKER_SUBMIT_DIRECTORY": str(base / "code")}
    relocate_files(base / "model" / "code", {ML: base})
    return _aws_own(program, "serve", base, variables)


def _aws_own(program: Program, role: str, base: Path, variables: Mapping[str, str]) -> Launch:
    """One of AWS's images in one of its roles."""
    return Launch(
        program.train if role == "train" else program.serve,
        base,
        _variables(program.environment, variables, {ML: base}),
        None if any(name.startswith(_READ_AT_START) for name in variables) else program.warm(role),
    )


def _find_built(uri: str, machine: Machine) -> BuiltImage | None:
    """The image that was built here under a URI, while the registry has it: repositories are
    swept, and their images with them."""
    found, name = Images(machine.path("images")).find(uri), parse_uri(uri)
    if found is None or name is None:
        return None
    try:
        machine.client("ecr", name.region).describe_images(
            repositoryName=name.repository, imageIds=[{"imageTag": name.tag}]
        )
    except ClientError:
        return None
    return found


def _program(image: str, *, script: bool) -> Program:
    program = resolve(image, script=script)
    if program is None:
        raise JobFailure(
            f"not executed locally: no program stands in for the image {image or '(none)'}"
        )
    return program


def _command(
    argv: Sequence[str], program: Program, base: Path, variables: Mapping[str, str]
) -> Launch:
    """A command of the job's own in one of AWS's images."""
    places = {ML: base}
    for channel in _CODE_CHANNELS:
        relocate_files(base / "input" / "data" / channel, places)
    return Launch(
        tuple(relocate(word, places) for word in argv),
        base,
        _variables(program.environment, variables, places),
    )


def _entrypoint(algorithm: dict[str, Any]) -> list[str]:
    return [*algorithm.get("ContainerEntrypoint", []), *algorithm.get("ContainerArguments", [])]


def _built(
    image: BuiltImage,
    role: str,
    algorithm: dict[str, Any],
    base: Path,
    variables: Mapping[str, str],
) -> Launch:
    """A container of an image that was built here: files of its own, so that none are shared."""
    root = base / "image"
    shutil.copytree(image.root, root, symlinks=True)
    places = {ML: base, **{folder: root / folder.lstrip("/") for folder in image.folders}}
    relocate_files(root, places)
    environment = _variables(image.environment, variables, places)
    # "docker run IMAGE train" (your-algorithms-training-algo-dockerfile): an argument of the
    # entry point, or without one a command on the image's PATH.
    own = _entrypoint(algorithm)
    words = tuple(own) if own else (*image.entrypoint, role)
    argv = [relocate(word, places) for word in words]
    cwd = places.get(image.workdir, root)
    argv[:1] = _executable(argv[0], cwd, environment["PATH"])
    return Launch(tuple(argv), cwd, environment)


def _executable(name: str, cwd: Path, path: str) -> list[str]:
    """The words that start a command. Raises JobFailure in the container runtime's words."""
    found = str(cwd / name) if "/" in name else shutil.which(name, mode=os.F_OK, path=path)
    if found is None or not Path(found).exists():
        raise JobFailure(
            "AlgorithmError: the container could not start: "
            f'exec: "{name}": executable file not found in $PATH'
        )
    if not os.access(found, os.X_OK):
        raise JobFailure(
            f'AlgorithmError: the container could not start: exec: "{name}": permission denied '
            "(the image needs chmod +x)"
        )
    with Path(found).open("rb") as file:
        first = file.readline(200)
    # Whichever Python an image has its programs name, here there is one.
    return [str(PYTHON), "-u", found] if first.startswith(b"#!") and b"python" in first else [found]


def _variables(
    image: Mapping[str, str], given: Mapping[str, str], places: Places
) -> dict[str, str]:
    """The image's variables and the request's, with this machine's paths."""
    ours = os.pathsep.join((str(_SCRIPT / "bin"), str(PYTHON.parent), os.environ.get("PATH", "")))
    merged = {**image, **given}
    path = merged.pop("PATH", "")
    return {
        # A training job's log is read while it runs.
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(_SCRIPT / "shims"),
        **relocate_variables(merged, places),
        "PATH": os.pathsep.join(part for part in (relocate(path, places), ours) if part),
    }


def _fetch_code(uri: str, base: Path, s3: Any) -> None:
    """Unpack a submitted archive into code/; the framework images do it before a script runs."""
    if not uri:
        return
    if uri.startswith("s3://"):
        archive = storage.read(s3, uri)
    else:
        path = Path(relocate(uri.removeprefix("file://"), {ML: base}))
        if not path.is_file():
            raise JobFailure(f"ClientError: sagemaker_submit_directory {uri} is not there")
        archive = path.read_bytes()
    (base / "code").mkdir(exist_ok=True)
    storage.extract_archive(archive, base / "code", uri)
    relocate_files(base / "code", {ML: base})


def _decoded(value: str) -> str:
    """A hyperparameter's text: the SDK sends JSON, people send text."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, str) else value

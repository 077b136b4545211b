"""The `docker` of a build: login, build, tag and push, of images that are folders.

No container runs and nothing is fetched: COPY and ENV of a Dockerfile are done, RUN is not, and
what FROM names is the local AWS's own environment. The registry is this AWS's ECR.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.images.build import build
from rehearsal.images.dockerfile import DockerfileError
from rehearsal.images.store import Images, load, parse_uri, save

_WITHOUT_EFFECT = {"login", "logout", "version", "info", "images", "ps", "pull"}
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class DockerError(Exception):
    """What docker would end with."""


def main(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    words = [word for word in arguments if word != "buildx"]
    if os.environ.get("LOCAL_DOCKER_PRIVILEGED") != "true" and words[:1] != ["--version"]:
        return _fail(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker "
            "daemon running? (a project that builds images needs privilegedMode)"
        )
    try:
        return _run(words)
    except (DockerError, DockerfileError) as error:
        return _fail(f"ERROR: {error}")
    except (BotoCoreError, ClientError) as error:
        return _fail(f"denied: {error}")


def _run(words: Sequence[str]) -> int:
    command = words[0] if words else ""
    if command == "build":
        _build(words[1:])
    elif command == "tag" and len(words) == 3:
        _copy(words[1], words[2])
    elif command == "push":
        for name in (word for word in words[1:] if not word.startswith("-")):
            _push(name)
    elif command in _WITHOUT_EFFECT or command.startswith("--"):
        if "--password-stdin" in words:
            sys.stdin.read()  # whoever writes it would find a broken pipe
        _say("Login Succeeded" if command == "login" else f"docker {command}: nothing to do here")
    else:
        raise DockerError(f"docker {command} does not run locally")
    return 0


def _build(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="docker build")
    parser.add_argument("-t", "--tag", action="append", default=[])
    parser.add_argument("-f", "--file", default="")
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("--platform", "--network", "--progress", "--provenance", "--target")
    for flag in ("--no-cache", "--pull", "-q", "--quiet", "--push", "--load"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("context")
    given = parser.parse_args(words)
    context = Path(given.context)
    if not context.is_dir():
        raise DockerError(f'path "{given.context}" not found')
    file = os.path.relpath(given.file, context) if given.file else "Dockerfile"
    pairs = (pair.partition("=") for pair in given.build_arg)
    arguments = {
        name: value if is_set else os.environ.get(name, "") for name, is_set, value in pairs
    }
    with tempfile.TemporaryDirectory(dir=_local().parent) as staged:
        image = build(context, file, arguments, Path(staged) / "image", _say)
        save(image)
        for name in given.tag or ["untagged"]:
            _replace(Path(staged) / "image", _folder(name))
            _say(f"naming to {name} done")
    for name in given.tag if given.push else ():
        _push(name)


def _copy(name: str, to: str) -> None:
    _replace(_built(name), _folder(to))


def _push(name: str) -> None:
    """Put an image into the registry's list, and its files where jobs find them."""
    folder = _built(name)
    parsed = parse_uri(name)
    if parsed is None:
        raise DockerError(f"{name} is not in this account's registry")
    manifest = _manifest(folder)
    ecr = boto3.client("ecr", region_name=parsed.region)
    ecr.describe_repositories(repositoryNames=[parsed.repository])
    put = ecr.put_image(
        repositoryName=parsed.repository,
        imageTag=parsed.tag,
        imageManifest=manifest,
        imageManifestMediaType=_MANIFEST,
    )
    with tempfile.TemporaryDirectory(dir=_local().parent) as staged:
        copy = Path(staged) / "image"
        shutil.copytree(folder, copy, symlinks=True)
        Images(Path(os.environ["LOCAL_DOCKER_IMAGES"])).put(parsed, load(copy))
    _say(f"{parsed.tag}: digest: {put['image']['imageId']['imageDigest']}")


def _manifest(folder: Path) -> str:
    """A manifest whose one layer is the content of the files, so that its digest is theirs too."""
    digest, size = hashlib.sha256(), 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
        size += path.stat().st_size
    layer: dict[str, Any] = {"digest": f"sha256:{digest.hexdigest()}", "size": size}
    kind = "application/vnd.docker"
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": f"{kind}.container.image.v1+json", **layer},
            "layers": [{"mediaType": f"{kind}.image.rootfs.diff.tar.gzip", **layer}],
        }
    )


def _built(name: str) -> Path:
    folder = _folder(name)
    if not folder.is_dir():
        raise DockerError(f"An image does not exist locally with the tag: {name}")
    return folder


def _folder(name: str) -> Path:
    last = name.rpartition("/")[2]
    full = name if ":" in last else f"{name}:latest"
    return _local() / full.replace("/", "%")


def _local() -> Path:
    folder = Path(os.environ["LOCAL_DOCKER_BUILT"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _replace(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _fail(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

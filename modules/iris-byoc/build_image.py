#!/usr/bin/env python3
"""Build a folder's container image in CodeBuild and push it to ECR, without Docker at hand.

The folder goes to S3 as a .zip, and the build project takes it from there; what it does is in the
folder's buildspec.yml. The project is your workshop's, you can only start it.

    python build_image.py image --project ml101-ann-build --bucket BUCKET \\
        --key attendees/ann/build/source.zip --repository ml101-ann-iris-byoc
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a .zip can hold: the same files, the same archive
_LEFT_OUT = "__pycache__"


class BuildFailed(Exception):
    """A build that ended otherwise than by success; the message has its phase and its log."""


def pack(folder: Path) -> bytes:
    """A folder as a .zip, with its files' permissions; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or _LEFT_OUT in path.parts:
                continue
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (path.stat().st_mode & 0o777) << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def tag_of(source: bytes) -> str:
    """A tag that stands for the content: another source, another tag."""
    return hashlib.sha256(source).hexdigest()[:12]


def build(
    session: Any,
    *,
    source: bytes,
    project: str,
    bucket: str,
    key: str,
    image: str,
    poll_seconds: float,
    say: Callable[[str], None] = print,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Build `source` into `image`, its full name with a tag; returns the build when it is done.

    `session` is boto3's. Raises BuildFailed with the end of the build's log.
    """
    session.client("s3").put_object(Bucket=bucket, Key=key, Body=source)
    codebuild = session.client("codebuild")
    variables = [{"name": "IMAGE", "value": image, "type": "PLAINTEXT"}]
    started = codebuild.start_build(projectName=project, environmentVariablesOverride=variables)
    number, phase = started["build"]["id"], ""
    while True:
        [found] = codebuild.batch_get_builds(ids=[number])["builds"]
        if found.get("currentPhase", phase) != phase:
            phase = found["currentPhase"]
            say(f"{number}: {phase}")
        if found["buildComplete"]:
            break
        sleep(poll_seconds)
    if found["buildStatus"] != "SUCCEEDED":
        failed = [
            each["phaseType"] for each in found["phases"] if each.get("phaseStatus") == "FAILED"
        ]
        lines = "\n".join(read_log(session, found)[-20:])
        raise BuildFailed(f"{found['buildStatus']} in {', '.join(failed) or 'no phase'}\n{lines}")
    return found


def read_log(session: Any, found: dict[str, Any]) -> list[str]:
    """The lines of a build's log, as far as one answer of CloudWatch Logs goes."""
    place = found.get("logs", {})
    if not place.get("streamName"):
        return []
    events = session.client("logs").get_log_events(
        logGroupName=place["groupName"], logStreamName=place["streamName"], startFromHead=False
    )["events"]
    return [event["message"].rstrip() for event in events]


def main() -> None:
    """Build what the command line says, into a repository that is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with Dockerfile and buildspec.yml")
    parser.add_argument("--project", required=True, help="the CodeBuild project")
    parser.add_argument("--bucket", required=True, help="where the source goes")
    parser.add_argument("--key", required=True, help="the source's key, as the project has it")
    parser.add_argument("--repository", required=True, help="an ECR repository")
    parser.add_argument("--region", help="(the one of your environment)")
    parser.add_argument("--poll-seconds", type=float, default=5, help="(%(default)s)")
    options = parser.parse_args()
    session, source = boto3.Session(region_name=options.region), pack(options.folder)
    [repository] = session.client("ecr").describe_repositories(
        repositoryNames=[options.repository]
    )["repositories"]
    image = f"{repository['repositoryUri']}:{tag_of(source)}"
    try:
        build(
            session,
            source=source,
            project=options.project,
            bucket=options.bucket,
            key=options.key,
            image=image,
            poll_seconds=options.poll_seconds,
            say=lambda line: print(line, file=sys.stderr),
        )
    except BuildFailed as error:
        parser.exit(1, f"error: {error}\n")
    print(image)


if __name__ == "__main__":
    main()

"""Which program stands in for a container image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
# A lean environment of their own: beside pandas an xgboost import takes 3.1 s, alone 0.6 s.
PYTHON = _HERE.parents[1] / ".venv-containers" / "bin" / "python"

# The versions the SDK's image_uris offers for algorithm mode and AWS has not retired. One
# xgboost serves them all, so figures may differ from the named version's in the last digits.
XGBOOST_VERSIONS = ("1.5-1", "1.7-1", "3.0-5", "3.2-0")

# <account>.dkr.ecr.<region>.<suffix>/<repository>:<tag>; the account differs in each region
# (https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html).
_ECR_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(?P<repository>[^:@]+):(?P<tag>[^:@]+)"
)


@dataclass(frozen=True, slots=True)
class Program:
    """The command lines for an image's two roles, for `subprocess.Popen`.

    Both follow the container contract below the folder in SAGEMAKER_BASE_DIR (default
    /opt/ml). `serve` listens on 127.0.0.1 at the port in SAGEMAKER_BIND_TO_PORT.
    """

    name: str
    train: tuple[str, ...]
    serve: tuple[str, ...]


def resolve(image: str) -> Program | None:
    """The program that stands in for an image URI, or None if nothing here can run it."""
    match = _ECR_IMAGE.fullmatch(image)
    if match is None or match["repository"] != "sagemaker-xgboost":
        return None
    # image_uris of older SDKs append the processor: sagemaker-xgboost:1.5-1-cpu-py3.
    if match["tag"].removesuffix("-cpu-py3") not in XGBOOST_VERSIONS:
        return None
    return _program("xgboost")


def _program(name: str) -> Program:
    folder = _HERE / name
    # -u: a log line is in CloudWatch Logs when it is written, not when a buffer fills.
    python = (str(PYTHON), "-u")
    return Program(
        name=name,
        train=(*python, str(folder / "train.py")),
        serve=(*python, str(folder / "serve.py")),
    )

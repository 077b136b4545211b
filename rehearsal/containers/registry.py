"""Which program stands in for a container image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
# A lean environment of their own: beside pandas an xgboost import takes 3.1 s, alone 0.6 s.
PYTHON = _HERE.parents[1] / ".venv-containers" / "bin" / "python"

# -u: a log line is in CloudWatch Logs when it is written, not when a buffer fills.
_RUN = (str(PYTHON), "-u", str(_HERE / "run.py"))
# What forks the programs that start warm (fork_server.py).
FORK_SERVER = (*_RUN, "fork")

# What runs scripts, whichever of the images that take them is named.
SCRIPT = "script"

# The versions the SDK's image_uris offers for algorithm mode and AWS has not retired. One
# xgboost serves them all, so figures may differ from the named version's in the last digits.
XGBOOST_VERSIONS = ("1.5-1", "1.7-1", "3.0-5", "3.2-0")
# One scikit-learn serves all of these; the log names the version that runs.
SCIKIT_LEARN_VERSIONS = ("1.2-1", "1.4-2", "1.4-2-py312", "1.9-0")

# <account>.dkr.ecr.<region>.<suffix>/<repository>:<tag>; the account differs in each region
# (https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html).
_ECR_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(?P<repository>[^:@]+):(?P<tag>[^:@]+)"
)


@dataclass(frozen=True, slots=True)
class Image:
    """One of AWS's images that a program stands in for.

    `repository` and `tags` are those of the SDK's image_uris; `folder` is the program's, beside
    this file, with a train.py and a serve.py, which run.py runs. An image that `takes_scripts`
    runs the script that a job or a model names instead. `metrics` is what finds the algorithm's
    own metrics in its log, by the groups data, metric and value.
    """

    repository: str
    folder: str
    tags: tuple[str, ...]
    takes_scripts: bool = False
    metrics: str = ""


# "#quality_metric: host=algo-1, test msd <loss>=0.5": "test:msd" (km-tuning, metrics computed).
_QUALITY = (
    r"#quality_metric: host=\S+, (?P<data>train|validation|test) (?P<metric>\S+) <\w+>="
    r"(?P<value>\S+)"
)

IMAGES = {
    image.repository: image
    for image in (
        Image(
            "sagemaker-xgboost",
            "xgboost",
            XGBOOST_VERSIONS,
            takes_scripts=True,
            # "[9]\ttrain-mlogloss:0.2": "train:mlogloss" (xgboost-tuning, metrics computed).
            metrics=r"\t(?P<data>train|validation)-(?P<metric>[\w@.]+):(?P<value>[-+\w.]+)",
        ),
        # The folder's __init__.py says how each differs from AWS's algorithm.
        Image("linear-learner", "linear_learner", ("1", "latest"), metrics=_QUALITY),
        Image("kmeans", "kmeans", ("1", "latest"), metrics=_QUALITY),
        Image(
            "image-classification",
            "image_classification",
            ("1", "latest"),
            # "Epoch[0] Validation-accuracy=0.5": "validation:accuracy" (IC-tuning).
            metrics=r"Epoch\[\d+\] (?P<data>Train|Validation)-(?P<metric>accuracy)=(?P<value>\S+)",
        ),
        Image("sagemaker-scikit-learn", SCRIPT, SCIKIT_LEARN_VERSIONS, takes_scripts=True),
    )
}


@dataclass(frozen=True, slots=True)
class Program:
    """The command lines for an image's two roles, for `subprocess.Popen`.

    Both follow the container contract below the folder in SAGEMAKER_BASE_DIR (default
    /opt/ml). `serve` listens on 127.0.0.1 at the port in SAGEMAKER_BIND_TO_PORT.
    `environment` are the image's own variables.
    """

    name: str
    train: tuple[str, ...]
    serve: tuple[str, ...]
    environment: Mapping[str, str]

    def warm(self, role: str) -> tuple[str, str] | None:
        """What the fork server knows a role by; None for one that needs a clean interpreter."""
        words = (self.name, role)
        return words if words in warm_programs() else None


def resolve(image: str, *, script: bool = False) -> Program | None:
    """The program that stands in for an image URI, or None if nothing here can run it.

    `script` says that the job or the model brings a script of its own.
    """
    match = _ECR_IMAGE.fullmatch(image)
    known = IMAGES.get(match["repository"]) if match else None
    if match is None or known is None:
        return None
    # image_uris append the processor to some: sagemaker-scikit-learn:1.2-1-cpu-py3.
    tag = match["tag"].removesuffix("-cpu-py3")
    if tag not in known.tags:
        return None
    return _program(SCRIPT if script and known.takes_scripts else known.folder, tag)


@lru_cache(maxsize=1)
def warm_programs() -> tuple[tuple[str, str], ...]:
    """The (program, role) pairs that may be forked from a process with their imports.

    All but serving by a script, which is imported where it serves and may expect modules that
    nobody has imported before. A training script runs in an interpreter of its own anyway.
    """
    names = sorted({image.folder for image in IMAGES.values()})
    pairs = ((name, role) for name in names for role in ("train", "serve"))
    return tuple(pair for pair in pairs if pair != (SCRIPT, "serve"))


def built_in_metrics(image: str) -> str:
    """What finds an algorithm's own metrics in its log; "" for an image that has none."""
    match = _ECR_IMAGE.fullmatch(image)
    known = IMAGES.get(match["repository"]) if match else None
    return known.metrics if known else ""


def _program(name: str, tag: str) -> Program:
    return Program(
        name=name,
        train=(*_RUN, name, "train"),
        serve=(*_RUN, name, "serve"),
        environment={"SAGEMAKER_IMAGE_TAG": tag},
    )

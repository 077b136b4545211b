#!/usr/bin/env python3
"""Which of SageMaker's XGBoost containers reads a model that some version of XGBoost wrote.

XGBoost reads what the same or an older version wrote, and gives no promise for newer ones
(https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html). So the container must not
be older than the library, and the nearest one is the best.

    python containers.py 3.1.2
"""

from __future__ import annotations

import argparse
import re

# What SageMaker offers today: the first two numbers are XGBoost's
# (https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html).
CONTAINERS = ("1.7-1", "3.0-5", "3.2-0")


def container_for(version: str, containers: tuple[str, ...] = CONTAINERS) -> str:
    """The oldest container that is not older than the XGBoost `version`.

    Raises:
        ValueError: all containers are older, or the version is none.
    """
    wanted = _release(version)
    fitting = [name for name in containers if _release(name) >= wanted]
    if not fitting:
        newest = max(containers, key=_release)
        raise ValueError(
            f"no container reads a model of XGBoost {version}, the newest is {newest}: "
            f"train with xgboost=={newest.partition('-')[0]}.*"
        )
    return min(fitting, key=_release)


def _release(version: str) -> tuple[int, int]:
    """(3, 2) of "3.2.0" and of "3.2-0"."""
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None:
        raise ValueError(f"{version!r} is no version")
    return int(match[1]), int(match[2])


def main() -> None:
    """Print the container for the version on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", help="of the XGBoost that wrote the model, such as 3.1.2")
    print(container_for(parser.parse_args().version))


if __name__ == "__main__":
    main()

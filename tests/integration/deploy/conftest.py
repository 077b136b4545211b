"""A local AWS of their own for the tests of a file, and a workshop to deploy there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from rehearsal import isolation
from rehearsal.processes import LocalAws
from tests.integration.cleanup.terminal import Terminal
from tests.integration.deploy.killing import Site, make_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("deployments")
    aws = LocalAws(directory / "aws", isolation.without_aws(os.environ))
    try:
        yield make_site(Terminal(aws.url, directory), directory)
    finally:
        aws.close()

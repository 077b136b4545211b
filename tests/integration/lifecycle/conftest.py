"""An S3 with the bundle, a repository of labs, and machines that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from lifecycle_configs.bundle import build_bundle
from tests.integration.lifecycle.machines import BUCKET, BUNDLES, Machine, Store, commit, git
from workshop.model import Environment

MakeMachine = Callable[..., Machine]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    bundle = build_bundle(tmp_path_factory.mktemp("bundle"))
    url = "s3://cdk-hnb659fds-assets-{account}-us-east-1/workshops/ml101/bundle.zip"
    store = Store(endpoint, url, bundle.sha256, tmp_path_factory.mktemp("uv-cache"))
    s3 = store.s3()
    s3.create_bucket(Bucket=BUNDLES)
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(bundle.path), BUNDLES, "workshops/ml101/bundle.zip")
    yield store
    server.stop()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with a branch, a tag and two commits."""
    bare, work = tmp_path / "remote" / "ml-labs.git", tmp_path / "work"
    git("init", "--quiet", "--bare", "--initial-branch=main", str(bare), at=tmp_path)
    git("clone", "--quiet", str(bare), str(work), at=tmp_path)
    commit(work, "lab.py", "first")
    git("tag", "v1", at=work)
    commit(work, "lab.py", "second")
    git("push", "--quiet", "--tags", "origin", "HEAD:main", at=work)
    return bare


@pytest.fixture
def make_machine(tmp_path: Path, store: Store) -> Iterator[MakeMachine]:
    made: list[Machine] = []

    def make(environment: Environment, remote: Path | None) -> Machine:
        made.append(Machine(tmp_path, environment, store, remote))
        return made[-1]

    yield make
    for machine in made:
        machine.delete()


@pytest.fixture
def studio(make_machine: MakeMachine, remote: Path) -> Machine:
    return make_machine("studio", remote)

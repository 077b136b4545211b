"""A rehearsal can never reach AWS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal import isolation
from workshop.errors import WorkshopError

POISON = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL_S3": "https://example.com",
    "AWS_CONFIG_FILE": "/etc/aws",
    "AWS_SESSION_TOKEN": "secret",
    "BOTO_CONFIG": "/etc/boto",
    "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": "/etc/sagemaker",
    "WORKSHOP_CONFIG": "other.yaml",
    "PYTHONPATH": "/elsewhere",
}


def test_nothing_of_an_aws_client_is_inherited() -> None:
    kept = isolation.without_aws({**POISON, "PATH": "/bin", "HOME": "/home/ann"})
    assert kept == {"PATH": "/bin", "HOME": "/home/ann"}


def test_the_exports_lead_to_this_machine_with_dummy_credentials_and_no_files() -> None:
    found = isolation.exports("http://127.0.0.1:4599", "eu-west-1")
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4599"
    assert found["AWS_ACCESS_KEY_ID"] == found["AWS_SECRET_ACCESS_KEY"] == "local"
    assert found["AWS_CONFIG_FILE"] == found["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"


@pytest.mark.parametrize(
    "url",
    [
        "https://sagemaker.eu-west-1.amazonaws.com",
        "http://127.0.0.1.example.com:80",
        "http://127.0.0.1@example.com/",
        "http://10.0.0.1",
        "",
    ],
)
def test_an_address_that_is_not_this_machines_is_refused(url: str) -> None:
    with pytest.raises(WorkshopError, match="this machine only"):
        isolation.exports(url, "eu-west-1")


def test_a_profile_of_the_shell_is_dropped_before_the_exports() -> None:
    first, *rest = isolation.shell_exports({"B": "it's", "A": "1"}).splitlines()
    assert first.startswith("unset ")
    assert "AWS_PROFILE" in first
    assert rest == ["export A=1", "export B='it'\"'\"'s'"]


def test_git_finds_the_local_repository_where_the_workshops_is_asked_for(tmp_path: Path) -> None:
    found = isolation.git_redirect("https://example.com/labs.git", tmp_path)
    assert found["GIT_CONFIG_KEY_0"] == f"url.file://{tmp_path}.insteadOf"
    assert found["GIT_CONFIG_VALUE_0"] == "https://example.com/labs.git"

"""A cloud assembly is read without CDK; what cannot be deployed is refused, never skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.assembly import INLINE_LIMIT, StackArtifact, read_assembly
from tests.unit.deploy.assemblies import ACCOUNT, asset_manifest, file_asset, stack, write_assembly
from workshop.errors import WorkshopError


def read(folder: Path, artifacts: dict[str, Any], **options: Any) -> list[StackArtifact]:
    return read_assembly(write_assembly(folder, artifacts), ACCOUNT, **options)


def names(stacks: list[StackArtifact]) -> list[str]:
    return [f"{s.name} {s.region}" for s in stacks]


def test_stacks_come_after_what_they_need_and_know_it_by_its_stack_name(tmp_path: Path) -> None:
    artifacts = {
        "ml101-ann-us-east-1": stack("ml101-ann", "ml101-shared-us-east-1"),
        "ml101-bob-eu-west-1": stack("ml101-bob", "ml101-shared-eu-west-1", region="eu-west-1"),
        "ml101-shared-us-east-1": stack("ml101-shared"),
        "ml101-shared-eu-west-1": stack("ml101-shared", region="eu-west-1"),
    }

    stacks = read(tmp_path, artifacts)

    order = names(stacks)
    assert sorted(order) == sorted(f"{k.rsplit('-', 3)[0]} {k[-9:]}" for k in artifacts)
    assert order.index("ml101-shared us-east-1") < order.index("ml101-ann us-east-1")
    assert order.index("ml101-shared eu-west-1") < order.index("ml101-bob eu-west-1")
    assert {s.name: s.needs for s in stacks if s.needs} == {
        "ml101-ann": ("ml101-shared",),
        "ml101-bob": ("ml101-shared",),
    }


def test_the_same_assembly_always_gives_the_same_order(tmp_path: Path) -> None:
    artifacts = {f"s-{n}": stack(f"ml101-a{n}", "s-shared") for n in (3, 1, 2)}
    artifacts["s-shared"] = stack("ml101-shared")
    turned = dict(reversed(artifacts.items()))
    assert names(read(tmp_path, artifacts)) == names(read(tmp_path, turned))


def test_placeholders_are_filled_with_the_account_the_region_and_the_partition(
    tmp_path: Path,
) -> None:
    asset = file_asset("bundle.zip", "${AWS::Partition}/${AWS::Region}/x")
    (tmp_path / "files.json").write_text(json.dumps({"files": {"a": asset}}))

    (found,) = read(
        tmp_path, {"files": asset_manifest("files"), "s": stack("ml101-shared", "files")}
    )

    (asset_found,) = found.assets
    assert asset_found.bucket == f"cdk-hnb659fds-assets-{ACCOUNT}-us-east-1"
    assert asset_found.key == "aws/us-east-1/x"
    assert asset_found.path == tmp_path / "bundle.zip"


def test_tags_parameters_and_protection_are_read(tmp_path: Path) -> None:
    artifact = stack("ml101-ann", parameters={"Size": 5}, terminationProtection=True)
    (found,) = read(tmp_path, {"s": artifact})
    assert found.tags == {"workshop:name": "ml101", "workshop:attendee": "ann"}
    assert found.parameters == {"Size": "5"}
    assert found.protected


@pytest.mark.parametrize(("size", "inline"), [(INLINE_LIMIT, True), (INLINE_LIMIT + 1, False)])
def test_a_template_is_uploaded_only_when_it_is_too_large_to_send(
    tmp_path: Path, size: int, inline: bool
) -> None:
    template = file_asset("ml101-ann-us-east-1.template.json")
    files = {"files": {"t": template, "b": file_asset("bundle.zip", "b")}}
    (tmp_path / "files.json").write_text(json.dumps(files))
    # Bytes count, not characters: "é" has two.
    body = "é" * 2 + "x" * (size - 4)
    (tmp_path / "ml101-ann-us-east-1.template.json").write_text(body, encoding="utf-8")

    (found,) = read(tmp_path, {"files": asset_manifest("files"), "s": stack("ml101-ann", "files")})

    assert found.inline is inline
    assert [a.key for a in found.uploads] == (["b"] if inline else ["b", "key"])


def test_artifacts_that_only_describe_the_app_are_passed_over(tmp_path: Path) -> None:
    artifacts = {
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
        "flags": {"type": "cdk:feature-flag-report", "properties": {}},
        "s": stack("ml101-ann"),
    }
    assert names(read(tmp_path, artifacts)) == ["ml101-ann us-east-1"]


NESTED = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Stage"}}
NO_REGION = {**stack("ml101-ann"), "environment": "aws://unknown-account/unknown-region"}
ELSEWHERE = {**stack("ml101-ann"), "environment": "aws://999999999999/us-east-1"}


@pytest.mark.parametrize(
    ("artifacts", "message"),
    [
        ({"Stage": NESTED}, "artifact that cannot be deployed: Stage"),
        ({"s": NO_REGION}, "has no region"),
        ({"s": ELSEWHERE}, "for another account"),
        ({"a": stack("ml101-a", "b"), "b": stack("ml101-b", "a")}, "need each other"),
        (
            {"a": stack("ml101-a", "b"), "b": stack("ml101-shared", region="eu-west-1")},
            "needs ml101-shared in eu-west-1",
        ),
    ],
)
def test_an_assembly_that_cannot_be_deployed_is_refused(
    tmp_path: Path, artifacts: dict[str, Any], message: str
) -> None:
    with pytest.raises(WorkshopError, match=message):
        read(tmp_path, artifacts)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"dockerImages": {"x": {}}}, "container image"),
        ({"files": {"x": file_asset("folder", packaging="zip")}}, "not a plain file"),
        ({"files": {"x": {"source": {"executable": ["make"]}, "destinations": {}}}}, "plain file"),
    ],
)
def test_an_asset_that_would_have_to_be_built_is_refused(
    tmp_path: Path, files: dict[str, Any], message: str
) -> None:
    (tmp_path / "files.json").write_text(json.dumps(files))
    with pytest.raises(WorkshopError, match=message):
        read(tmp_path, {"files": asset_manifest("files"), "s": stack("ml101-ann", "files")})


def test_a_folder_without_a_manifest_is_no_assembly(tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match="not a cloud assembly") as caught:
        read_assembly(tmp_path, ACCOUNT)
    assert caught.value.fix

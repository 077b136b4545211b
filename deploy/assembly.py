"""A CDK cloud assembly, read without CDK: stacks, their order, templates and assets.

The format is the cloud assembly schema's (`manifest.json`, `*.assets.json`); only what our
synthesizer writes is understood, and anything else is refused rather than skipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from workshop.errors import WorkshopError

# Template bodies above this many bytes go through S3 (CloudFormation user guide, quotas).
INLINE_LIMIT = 51_200

_STACK = "aws:cloudformation:stack"
_ASSETS = "cdk:asset-manifest"
# Artifacts that describe the app and deploy nothing (cloud assembly schema, "ArtifactType").
_REPORTS = frozenset({"none", "cdk:tree", "cdk:feature-flag-report"})
# Placeholders of account-agnostic assemblies (cloud assembly schema, "EnvironmentPlaceholders").
_ACCOUNT = "${AWS::AccountId}"
_REGION = "${AWS::Region}"
_PARTITION = "${AWS::Partition}"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file to upload: `path` on this machine to `bucket`/`key`."""

    path: Path
    bucket: str
    key: str
    region: str


@dataclass(frozen=True, slots=True)
class StackArtifact:
    """One stack of the assembly. `needs` are the names of stacks that come first."""

    name: str
    region: str
    template: Path
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    needs: tuple[str, ...]
    assets: tuple[Asset, ...]
    template_asset: Asset | None
    protected: bool

    def body(self) -> str:
        """The template's text."""
        return self.template.read_text(encoding="utf-8")

    @property
    def inline(self) -> bool:
        """Whether the template is small enough to be sent with the request."""
        return self.template.stat().st_size <= INLINE_LIMIT

    @property
    def uploads(self) -> tuple[Asset, ...]:
        """What must be in the bootstrap bucket before the stack is created or updated."""
        if self.inline or self.template_asset is None:
            return self.assets
        return (*self.assets, self.template_asset)


def read_assembly(directory: Path, account: str, partition: str = "aws") -> list[StackArtifact]:
    """Return the assembly's stacks, each after those it needs.

    `account` (12 digits) fills the placeholders of an account-agnostic assembly.
    Raises WorkshopError when the directory is not a cloud assembly, was made for another
    account, or holds an artifact or an asset that this engine cannot deploy.
    """
    path = directory / "manifest.json"
    if not path.exists():
        raise WorkshopError(
            f"{directory} is not a cloud assembly",
            "it has no manifest.json",
            "run cdk synth, or workshop deploy",
        )
    artifacts = json.loads(path.read_text(encoding="utf-8"))["artifacts"]
    for name, artifact in artifacts.items():
        if artifact["type"] not in {_STACK, _ASSETS, *_REPORTS}:
            raise WorkshopError(
                f"the assembly has an artifact that cannot be deployed: {name}",
                f"its type is {artifact['type']}; stacks and their assets are understood",
            )
    stacks = {
        name: _read_stack(directory, name, artifact, artifacts, (account, partition))
        for name, artifact in artifacts.items()
        if artifact["type"] == _STACK
    }
    return _in_order(stacks)


def _read_stack(
    directory: Path,
    artifact_id: str,
    artifact: dict[str, Any],
    artifacts: dict[str, Any],
    target: tuple[str, str],
) -> StackArtifact:
    properties = artifact["properties"]
    # aws://ACCOUNT/REGION, either of which may be unknown.
    made_for, region = artifact["environment"].removeprefix("aws://").split("/")
    account, partition = target
    if made_for not in (account, "unknown-account"):
        raise WorkshopError(
            f"stack {artifact_id} is for another account",
            f"it was made for {made_for}, the credentials are of {account}",
            "set AWS_PROFILE to the account that holds the workshop",
        )
    if region.startswith("unknown"):
        raise WorkshopError(
            f"stack {artifact_id} has no region", "the assembly was made without one"
        )

    def fill(text: str) -> str:
        filled = text.replace(_ACCOUNT, account).replace(_REGION, region)
        return filled.replace(_PARTITION, partition)

    needed = artifact.get("dependencies", [])
    assets = [
        asset
        for name in needed
        if artifacts[name]["type"] == _ASSETS
        for asset in _read_assets(directory, artifacts[name], region, fill)
    ]
    template = directory / properties["templateFile"]
    template_asset = next((a for a in assets if a.path == template), None)
    return StackArtifact(
        name=properties.get("stackName", artifact_id),
        region=region,
        template=template,
        tags=properties.get("tags", {}),
        parameters={k: str(v) for k, v in properties.get("parameters", {}).items()},
        needs=tuple(name for name in needed if artifacts[name]["type"] == _STACK),
        assets=tuple(a for a in assets if a is not template_asset),
        template_asset=template_asset,
        protected=bool(properties.get("terminationProtection")),
    )


def _read_assets(
    directory: Path, artifact: dict[str, Any], region: str, fill: Callable[[str], str]
) -> list[Asset]:
    path = directory / artifact["properties"]["file"]
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("dockerImages"):
        raise WorkshopError("the assembly has container image assets", f"in {path.name}")
    found = []
    for asset in manifest.get("files", {}).values():
        source = asset["source"]
        if source.get("packaging", "file") != "file" or "path" not in source:
            raise WorkshopError(
                f"the assembly has an asset that is not a plain file: {source}", f"in {path.name}"
            )
        for destination in asset["destinations"].values():
            found.append(
                Asset(
                    path=directory / source["path"],
                    bucket=fill(destination["bucketName"]),
                    key=fill(destination["objectKey"]),
                    region=destination.get("region", region),
                )
            )
    return found


def _in_order(stacks: dict[str, StackArtifact]) -> list[StackArtifact]:
    """The stacks after what they need, with `needs` turned from artifact ids into names."""
    graph = {artifact_id: stacks[artifact_id].needs for artifact_id in sorted(stacks)}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise WorkshopError("stacks need each other", " needs ".join(error.args[1])) from error
    return [_with_names(stacks[artifact_id], stacks) for artifact_id in order]


def _with_names(stack: StackArtifact, stacks: dict[str, StackArtifact]) -> StackArtifact:
    needed = [stacks[artifact_id] for artifact_id in stack.needs]
    for other in needed:
        if other.region != stack.region:
            raise WorkshopError(
                f"stack {stack.name} in {stack.region} needs {other.name} in {other.region}",
                "stacks are deployed region by region",
            )
    return replace(stack, needs=tuple(other.name for other in needed))

"""Synthesise workshops in this process and hand out their templates."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from costs.prices import Prices
from lifecycle_configs.bundle import Bundle
from stacks.node import use_supported_node
from workshop.model import Workshop

# Both are read when Node starts, which is when aws_cdk is first imported.
os.environ.setdefault("CDK_VALIDATION", "false")
use_supported_node()


@dataclass(frozen=True, slots=True)
class Assembly:
    """A synthesised workshop: the templates' texts by artifact id, and the manifests."""

    directory: Path
    texts: dict[str, str]
    artifacts: dict[str, Any]

    def template(self, artifact: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.texts[artifact])
        return found

    def resources(self, artifact: str, kind: str) -> list[dict[str, Any]]:
        """The properties of a template's resources of a type."""
        everything = self.template(artifact)["Resources"].values()
        return [r.get("Properties", {}) for r in everything if r["Type"] == kind]

    def one(self, artifact: str, kind: str, **properties: str) -> dict[str, Any]:
        """The properties of a template's only resource of a type that has some of them."""
        (found,) = [
            resource
            for resource in self.resources(artifact, kind)
            if properties.items() <= resource.items()
        ]
        return found


Synthesise = Callable[..., Assembly]


@pytest.fixture
def synthesise(tmp_path: Path) -> Synthesise:
    def run(
        workshop: Workshop, content: bytes = b"bundle", prices: Prices | None = None
    ) -> Assembly:
        from stacks.compose import add_stacks, new_app

        directory = tmp_path / f"assembly-{len(list(tmp_path.iterdir()))}"
        path = tmp_path / "bundle.zip"
        path.write_bytes(content)
        app = new_app(directory)
        add_stacks(app, workshop, Bundle(path, sha256=f"{len(content):064x}"), prices or Prices())
        app.synth()
        artifacts = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))[
            "artifacts"
        ]
        texts = {
            name: (directory / artifact["properties"]["templateFile"]).read_text(encoding="utf-8")
            for name, artifact in artifacts.items()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        return Assembly(directory, texts, artifacts)

    return run

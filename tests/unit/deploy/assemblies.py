"""Small cloud assemblies, written as CDK writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.assembly import StackArtifact

ACCOUNT = "123456789012"
BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-us-east-1"


def stack(name: str, *needs: str, region: str = "us-east-1", **changes: Any) -> dict[str, Any]:
    """A stack artifact of ml101; `needs` are artifact ids. `changes` are properties."""
    tags = {"workshop:name": "ml101"}
    if not name.endswith("-shared"):
        tags["workshop:attendee"] = name.split("-")[1]
    return {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://unknown-account/{region}",
        "properties": {
            "templateFile": f"{name}-{region}.template.json",
            "stackName": name,
            "tags": tags,
            **changes,
        },
        "dependencies": list(needs),
    }


def asset_manifest(name: str) -> dict[str, Any]:
    return {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.json"}}


def file_asset(path: str, key: str = "key", **source: Any) -> dict[str, Any]:
    return {
        "source": {"path": path, "packaging": "file", **source},
        "destinations": {"here": {"bucketName": BUCKET, "objectKey": key, "region": "us-east-1"}},
    }


def write_assembly(folder: Path, artifacts: dict[str, Any], template: str = "{}") -> Path:
    """Write a manifest, and a template for each of its stacks that has none yet."""
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    for artifact in artifacts.values():
        path = folder / artifact.get("properties", {}).get("templateFile", "none")
        if path.name != "none" and not path.exists():
            path.write_text(template, encoding="utf-8")
    return folder


def make_artifact(folder: Path, name: str, *needs: str, **changes: Any) -> StackArtifact:
    """A stack of ml101 in us-east-1 whose template is `{"made": name}`."""
    template = folder / f"{name}.json"
    template.write_text(json.dumps({"made": name}), encoding="utf-8")
    tags = {"workshop:name": "ml101"}
    if not name.endswith("-shared"):
        tags["workshop:attendee"] = name.split("-")[1]
    values: dict[str, Any] = {
        "name": name,
        "region": "us-east-1",
        "template": template,
        "tags": tags,
        "parameters": {},
        "needs": needs,
        "assets": (),
        "template_asset": None,
        "protected": False,
    }
    return StackArtifact(**{**values, **changes})

"""The bare thread pool that deployments are measured against: `python -m benchmarks.bare_pool`.

What a script would do that deploys a cloud assembly in one region and is never interrupted:
upload the files, create the shared stack, then give each attendee's stack to one of as many
threads as `workshop deploy` has operations open (20), where it is created and asked for twice
a second until it is complete. Clients, and so the retries, are `workshop deploy`'s own. It
plans nothing, takes over nothing, says nothing, and stops at the first failure.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from workshop.aws import make_clients

PARALLEL = 20
_POLL_SECONDS = 0.5
_INLINE_LIMIT = 51_200


class Pool:
    """Deploys the stacks of an assembly in a region."""

    def __init__(self, assembly: Path, account: str, region: str) -> None:
        clients = make_clients()
        self._assembly = assembly
        self._account = account
        self._cloudformation = clients("cloudformation", region)
        self._s3 = clients("s3", region)
        self._artifacts: dict[str, Any] = json.loads((assembly / "manifest.json").read_text())[
            "artifacts"
        ]

    def run(self) -> int:
        """Create all stacks; returns how many."""
        stacks = [a for a in self._artifacts.values() if a["type"] == "aws:cloudformation:stack"]
        first = [stack for stack in stacks if not self._needs(stack)]
        rest = [stack for stack in stacks if self._needs(stack)]
        for stack in first:
            self._upload(stack)
            self._create(stack)
        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(self._create, rest))
        return len(stacks)

    def _needs(self, stack: dict[str, Any]) -> bool:
        kinds = {self._artifacts[name]["type"] for name in stack["dependencies"]}
        return "aws:cloudformation:stack" in kinds

    def _upload(self, stack: dict[str, Any]) -> None:
        for name in stack["dependencies"]:
            manifest = self._assembly / self._artifacts[name]["properties"]["file"]
            for asset in json.loads(manifest.read_text())["files"].values():
                body = (self._assembly / asset["source"]["path"]).read_bytes()
                for place in asset["destinations"].values():
                    bucket = place["bucketName"].replace("${AWS::AccountId}", self._account)
                    self._s3.put_object(Bucket=bucket, Key=place["objectKey"], Body=body)

    def _create(self, stack: dict[str, Any]) -> None:
        properties = stack["properties"]
        name = properties["stackName"]
        body = (self._assembly / properties["templateFile"]).read_text()
        template = {"TemplateBody": body}
        if len(body.encode()) > _INLINE_LIMIT:
            url = properties["stackTemplateAssetObjectUrl"].removeprefix("s3://")
            bucket, _, key = url.replace("${AWS::AccountId}", self._account).partition("/")
            template = {"TemplateURL": f"https://{bucket}.s3.amazonaws.com/{key}"}
        self._cloudformation.create_stack(
            StackName=name,
            **template,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": k, "Value": v} for k, v in sorted(properties["tags"].items())],
        )
        status = "CREATE_IN_PROGRESS"
        while status == "CREATE_IN_PROGRESS":
            time.sleep(_POLL_SECONDS)
            (row,) = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
            status = row["StackStatus"]
        if status != "CREATE_COMPLETE":
            raise RuntimeError(f"{name} is {status}")


if __name__ == "__main__":
    print(Pool(Path(sys.argv[1]), sys.argv[2], sys.argv[3]).run())

"""Private workforces, their teams, and worker templates."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource, new_id
from rehearsal.sagemaker.rules import Rules


class WorkforceRules(Rules):
    """One private workforce per account and region."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if any(plane.living("workforce", region)):
            raise invalid("You can only create one workforce per AWS account and region.")
        return {"SubDomain": f"{new_id()}.labeling.{region}.sagemaker.aws"}


class WorkteamRules(Rules):
    """A work team belongs to the private workforce."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        workforce = next(iter(plane.living("workforce", region)), None)
        if workforce is None:
            raise invalid("There is no private workforce in this account and region.")
        return {
            "WorkforceArn": workforce.arn,
            "SubDomain": workforce.fields["SubDomain"],
            # DescribeWorkteam shows what CreateWorkteam took.
            "MemberDefinitions": params["MemberDefinitions"],
            "Description": params["Description"],
        }


def delete_workteam(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteWorkteam: answers whether it succeeded."""
    plane.forget(plane.need("workteam", region, params["WorkteamName"]))
    return {"Success": True}


class HumanTaskUiRules(Rules):
    """A worker template: describe shows where it is, not what it says."""

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        return {"UiTemplate": {"Url": f"https://s3.example.com/{resource.name}"}}


RULES: dict[str, Rules] = {
    "human-task-ui": HumanTaskUiRules(),
    "workforce": WorkforceRules(),
    "workteam": WorkteamRules(),
}

OPERATIONS: dict[str, Handler] = {"DeleteWorkteam": delete_workteam}

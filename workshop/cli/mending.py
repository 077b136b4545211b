"""What can be done about stacks that CloudFormation could not delete, so that it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cleanup.leftovers import empty_bucket
from cleanup.roles import strip_role
from cleanup.steps import Policy
from cleanup.sweep import Sweep
from workshop import names
from workshop.cli.boundary import explain
from workshop.cli.output import note
from workshop.cli.sweep_views import note_progress
from workshop.errors import WorkshopError

if TYPE_CHECKING:
    from cleanup.audit import Audit
    from cleanup.resources import Scope
    from deploy.destroy import Destroyed
    from workshop.aws import Clients

_FAILED = "DELETE_FAILED"


class Mender:
    """Removes what keeps stacks from being deleted: what came back or was left over, policies
    that somebody added to a role, objects that came late into the workshop's bucket."""

    def __init__(self, scope: Scope, clients: Clients, audit: Audit) -> None:
        self._scope = scope
        self._clients = clients
        self._audit = audit

    def __call__(self, failed: list[Destroyed]) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The stacks worth another try, each with the resources to leave out (`deploy.destroy`)."""
        regions = tuple(sorted({result.region for result in failed}))
        note(f"{len(failed)} stacks could not be deleted; sweeping once more, then trying again")
        swept = Sweep(
            replace(self._scope, regions=regions),
            self._clients,
            policy=Policy(claim=True),
            progress=note_progress,
            audit=self._audit,
        ).run()
        again = {}
        for result in failed:
            try:
                stuck = self._stuck(result)
                left_out = tuple(self._mended(stuck, result.region, is_swept=swept.clean))
            except (ClientError, BotoCoreError, WorkshopError) as error:
                note(f"{result.stack} ({result.region}): {explain(error).why or error}")
                continue
            if stuck:
                again[result.key] = left_out
        return again

    def _stuck(self, result: Destroyed) -> list[dict[str, Any]]:
        """The resources of a stack that failed to be deleted; none where something else did."""
        cloudformation = self._clients("cloudformation", result.region)
        found = cloudformation.describe_stack_resources(StackName=result.stack)["StackResources"]
        return [resource for resource in found if resource["ResourceStatus"] == _FAILED]

    def _mended(self, stuck: list[dict[str, Any]], region: str, *, is_swept: bool) -> list[str]:
        """Do what can be done about resources; returns the ids of those to leave out."""
        left_out = []
        for resource in stuck:
            name = resource.get("PhysicalResourceId", "")
            kind = resource["ResourceType"]
            if kind == "AWS::IAM::Role" and name:
                count = strip_role(name, region, self._clients)
                note(f"took {count} policies off role {name}")
            elif kind == "AWS::S3::Bucket" and name == self._bucket(region):
                count = empty_bucket(name, region, self._clients)
                note(f"emptied {name} once more: {count} objects")
            elif kind == names.SWEEP_TYPE and is_swept:
                # It stands for a sweep, which has just been made from here.
                left_out.append(resource["LogicalResourceId"])
        return left_out

    def _bucket(self, region: str) -> str:
        return names.bucket_name(self._scope.workshop, self._scope.account, region)

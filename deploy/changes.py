"""The calls that begin an operation on one stack."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from deploy.assembly import StackArtifact
from deploy.plan import Action, Step
from workshop.aws import Clients, error_code, error_message

# "Stack:arn:... is in UPDATE_IN_PROGRESS state and can not be updated."
_MOVING = re.compile(r"is in \w+_IN_PROGRESS state and can ?not be updated")


def begin(step: Step, clients: Clients) -> Action | None:
    """Call CloudFormation for one stack; returns what to wait for, None when there is nothing.

    A call that was answered by nobody is sent again, and then meets its own effect: that is no
    failure, but something to wait for and to look at again. Raises what botocore raises.
    """
    artifact = step.artifact
    cloudformation = clients("cloudformation", artifact.region)
    if step.action == Action.RECREATE:
        cloudformation.delete_stack(StackName=artifact.name)
    elif step.action == Action.ROLL_BACK:
        cloudformation.continue_update_rollback(StackName=artifact.name)
    elif step.action == Action.CREATE:
        return _create(artifact, cloudformation)
    elif step.action == Action.UPDATE:
        return _update(artifact, cloudformation)
    return step.action


def _create(artifact: StackArtifact, cloudformation: Any) -> Action:
    try:
        cloudformation.create_stack(
            **_request(artifact),
            OnFailure="ROLLBACK",
            EnableTerminationProtection=artifact.protected,
        )
    except ClientError as error:
        if error_code(error) == "AlreadyExistsException":
            return Action.WAIT
        raise
    return Action.CREATE


def _update(artifact: StackArtifact, cloudformation: Any) -> Action | None:
    try:
        cloudformation.update_stack(**_request(artifact))
    except ClientError as error:
        if "No updates are to be performed" in error_message(error):
            return None
        if _MOVING.search(error_message(error)):
            return Action.WAIT
        raise
    return Action.UPDATE


def _request(artifact: StackArtifact) -> dict[str, Any]:
    asset = artifact.template_asset
    if artifact.inline or asset is None:
        template = {"TemplateBody": artifact.body()}
    else:
        url = f"https://{asset.bucket}.s3.{asset.region}.amazonaws.com/{asset.key}"
        template = {"TemplateURL": url}
    return {
        "StackName": artifact.name,
        **template,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        "Tags": [{"Key": k, "Value": v} for k, v in sorted(artifact.tags.items())],
        "Parameters": [
            {"ParameterKey": k, "ParameterValue": v} for k, v in sorted(artifact.parameters.items())
        ],
    }

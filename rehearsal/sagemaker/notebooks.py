"""Notebook instances and their lifecycle configurations."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker import surroundings
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Outcome, Resource
from rehearsal.sagemaker.rules import Rules
from rehearsal.sandbox import check_script, end_machine, run_script

# Streams NAME/jupyter.log and NAME/LifecycleConfigOnStart (developer guide, "Log groups and
# streams that Amazon SageMaker AI sends to Amazon CloudWatch Logs").
LOG_GROUP = "/aws/sagemaker/NotebookInstances"
HOME = "/home/ec2-user/SageMaker"
_BOOT_SECONDS = 120.0
_STOP_SECONDS = 60.0


class NotebookInstanceRules(Rules):
    """Stopped only from InService, deleted only from Stopped or Failed."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        config = params.get("LifecycleConfigName")
        if config:
            plane.need("notebook-lifecycle-config", region, config)
        _check_network(region, params)
        _check_repositories(plane, region, params)
        name = params["NotebookInstanceName"]
        return {
            "NotebookInstanceLifecycleConfigName": config,
            "Url": f"{name}.notebook.{region}.sagemaker.aws",
            "VolumeSizeInGB": params.get("VolumeSizeInGB", 5),
            "DirectInternetAccess": params.get("DirectInternetAccess", "Enabled"),
            "RootAccess": params.get("RootAccess", "Enabled"),
        }

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        # OnCreate runs once, then OnStart, as at every start.
        _boot(plane, resource, ("OnCreate", "OnStart"))

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        if resource.status == "Stopping":
            plane.later(resource, "Stopped", _STOP_SECONDS)
            return
        if outcome.status != "InService":
            plane.set_status(resource, outcome.status, outcome.reason)
            return
        remaining = resource.private.get("scripts", [])
        if remaining:
            _run_next(plane, resource)
            return
        _log(plane, resource, "jupyter.log", "The local AWS starts no Jupyter server here.")
        plane.later(resource, "InService", _BOOT_SECONDS)

    def stop(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        if resource.status != "InService":
            raise invalid(
                f"Status ({resource.status}) not in ([InService]). Unable to transition to "
                f"(Stopping) for Notebook Instance ({resource.arn})."
            )
        plane.set_status(resource, "Stopping")
        resource.activity = end_machine(plane.machine, instance_root(plane, resource))
        if resource.activity is None:
            plane.later(resource, "Stopped", _STOP_SECONDS)
        else:
            plane.watch(resource)

    def start(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        if resource.status not in ("Stopped", "Failed"):
            raise invalid(
                f"Status ({resource.status}) not in ([Stopped, Failed]). Unable to transition to "
                f"(Pending) for Notebook Instance ({resource.arn})."
            )
        plane.admit("notebook-instance", resource.region, {**resource.fields, **params})
        _require_config(plane, resource.region, resource.fields)
        plane.set_status(resource, "Pending")
        _boot(plane, resource, ("OnStart",))

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        if resource.status not in ("Stopped", "Failed"):
            raise invalid(
                f"Status ({resource.status}) not in ([Stopped, Failed]). Unable to transition to "
                f"(Updating) for Notebook Instance ({resource.arn})."
            )
        if params.get("LifecycleConfigName"):
            plane.need("notebook-lifecycle-config", resource.region, params["LifecycleConfigName"])
        _check_repositories(plane, resource.region, params)

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        if "LifecycleConfigName" in params:
            resource.fields["NotebookInstanceLifecycleConfigName"] = params["LifecycleConfigName"]
        plane.set_status(resource, "Updating")
        plane.later(resource, "Stopped", _STOP_SECONDS)

    def deleted(self, plane: ControlPlane, resource: Resource) -> None:
        shutil.rmtree(instance_root(plane, resource), ignore_errors=True)


def instance_root(plane: ControlPlane, instance: Resource) -> Path:
    """The directory that stands for a notebook instance's machine."""
    return plane.machine.directory / "notebooks" / instance.region / instance.name


def _check_network(region: str, params: dict[str, Any]) -> None:
    subnet = params.get("SubnetId")
    vpc = surroundings.vpc_of_subnet(region, subnet) if subnet else ""
    groups = list(values_at(params, "SecurityGroupIds"))
    surroundings.check_security_groups(region, groups, vpc)


def _check_repositories(plane: ControlPlane, region: str, params: dict[str, Any]) -> None:
    """Refuse a repository that is neither a URL nor "the name of a Git repository stored as a
    resource in your account" (DefaultCodeRepository, CreateNotebookInstance)."""
    for member in ("DefaultCodeRepository", "AdditionalCodeRepositories"):
        for repository in values_at(params, member):
            if not repository.startswith("https://"):
                plane.need("code-repository", region, repository)


def _require_config(plane: ControlPlane, region: str, fields: dict[str, Any]) -> None:
    name = fields.get("NotebookInstanceLifecycleConfigName")
    if name:
        plane.need("notebook-lifecycle-config", region, name)


def _boot(plane: ControlPlane, instance: Resource, moments: tuple[str, ...]) -> None:
    name = instance.fields.get("NotebookInstanceLifecycleConfigName")
    scripts: list[str] = []
    if name:
        config = plane.need("notebook-lifecycle-config", instance.region, name)
        scripts = [s["Content"] for m in moments for s in config.fields.get(m, [])]
    instance.private["scripts"] = scripts
    if scripts:
        _run_next(plane, instance)
    else:
        _log(plane, instance, "jupyter.log", "The local AWS starts no Jupyter server here.")
        plane.later(instance, "InService", _BOOT_SECONDS)


def _log(plane: ControlPlane, instance: Resource, stream: str, line: str) -> None:
    """Write to the instance's own stream of the group that all instances share."""
    surroundings.write_log(
        instance.region, LOG_GROUP, f"{instance.name}/{stream}", plane.clock.now(), line
    )


def _run_next(plane: ControlPlane, instance: Resource) -> None:
    instance.activity = run_script(
        plane.machine,
        instance.region,
        root=instance_root(plane, instance),
        home=HOME,
        content=instance.private["scripts"].pop(0),
        metadata={"ResourceArn": instance.arn, "ResourceName": instance.name},
    )
    plane.watch(instance)


def _check_scripts(params: dict[str, Any]) -> None:
    for moment in ("OnCreate", "OnStart"):
        for content in values_at(params, f"{moment}.Content"):
            check_script(f"{moment} Content", content)


class NotebookLifecycleConfigRules(Rules):
    """A lifecycle configuration's scripts are base64; it stays while an instance uses it."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        _check_scripts(params)
        return {}

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        _check_scripts(params)

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        for instance in plane.all("notebook-instance", resource.region):
            if instance.fields.get("NotebookInstanceLifecycleConfigName") == resource.name:
                raise invalid(
                    f"Unable to delete Notebook Instance Lifecycle Config '{resource.arn}'. "
                    f"(Details: it is in use by notebook instance {instance.name}.)"
                )


def create_presigned_notebook_instance_url(
    plane: ControlPlane, region: str, params: dict[str, Any]
) -> dict[str, Any]:
    """CreatePresignedNotebookInstanceUrl: a link that opens for five minutes."""
    instance = plane.need("notebook-instance", region, params["NotebookInstanceName"])
    if instance.status != "InService":
        raise invalid(
            f"Status ({instance.status}) not in ([InService]). Unable to create a presigned URL "
            f"for Notebook Instance ({instance.arn})."
        )
    token = plane.links.make(
        {
            "what": "SageMaker notebook instance",
            "region": region,
            "notebook instance": instance.name,
        },
        plane.clock.now() + 300,
    )
    return {"AuthorizedUrl": f"{plane.machine.endpoint_url}/_local/open?token={token}"}


RULES: dict[str, Rules] = {
    "notebook-instance": NotebookInstanceRules(),
    "notebook-lifecycle-config": NotebookLifecycleConfigRules(),
}

OPERATIONS: dict[str, Handler] = {
    "CreatePresignedNotebookInstanceUrl": create_presigned_notebook_instance_url
}

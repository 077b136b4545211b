"""What exists in the local AWS, read from its own state and not through its API.

The rehearsal's last word: a sweep that forgot to look cannot make this list shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing as moto_parsing
from moto.codebuild.models import codebuild_backends
from moto.dynamodb.models import dynamodb_backends
from moto.ecr.models import ecr_backends
from moto.efs.models import efs_backends
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends
from moto.ssm.models import ssm_backends

from rehearsal.account import ACCOUNT
from rehearsal.sagemaker import notebooks, studio
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.warm_pools import is_available
from rehearsal.world import World

Row = dict[str, Any]


def bills(resource: Resource) -> bool:
    """Whether a SageMaker resource bills by the hour as it is: not by what it stores."""
    kind = resource.kind.name
    if kind == "training-job" and is_available(resource):
        return True
    if kind == "space":
        return False
    if kind == "feature-group":
        store = resource.fields.get("OnlineStoreConfig", {}).get("StorageType")
        return store == "InMemory" and resource.status in resource.kind.bills_in
    return resource.status in resource.kind.bills_in


# A job's record stays for ever, as on AWS; what bills is the job while it runs.
def _is_record(resource: Resource) -> bool:
    return resource.kind.name.endswith(("-job", "-execution")) and not bills(resource)


def everything(world: World) -> list[Row]:
    """Every resource that exists: {"kind", "name", "region", "status", "bills"}, sorted.

    `bills` says whether it bills by the hour. Jobs are listed while they run; deleted apps,
    which stay listed for a day, are not.
    """
    with world.lock:
        world.sagemaker.tick()
        rows = [
            *_sagemaker(world),
            *_stacks(world),
            *_moto(),
            *_settings(),
            *_networks(),
            *_storage(),
            *_functions(),
            *_tables_and_topics(),
            *_builds(),
        ]
    return sorted(rows, key=lambda row: (row["kind"], row["region"], row["name"]))


def _row(kind: str, name: str, region: str, status: str = "", bills: bool = False) -> Row:
    return {"kind": kind, "name": name, "region": region, "status": status, "bills": bills}


def _sagemaker(world: World) -> Iterator[Row]:
    for resource in world.sagemaker.every():
        if _is_record(resource) or (resource.status and resource.status == resource.kind.deleted):
            continue
        name = "/".join(part for part in resource.key if part)
        region, status = resource.region, resource.status
        yield _row(resource.kind.name, name, region, status, bills(resource))


def _stacks(world: World) -> Iterator[Row]:
    for stack in world.cloudformation.stacks:
        if not stack.deleted:
            yield _row("stack", stack.name, stack.region, stack.status)


# Copies everywhere: moto has no lock, and a job's last log lines may arrive while we read.
def _moto() -> Iterator[Row]:
    for name, bucket in list(moto_parsing.s3_backends[ACCOUNT]["aws"].buckets.items()):
        yield _row("bucket", name, bucket.region_name)
    iam = moto_parsing.iam_models.iam_backends[ACCOUNT]["aws"]
    for role in list(iam.roles.values()):
        yield _row("role", role.name, "global")
    for policy in list(iam.managed_policies.values()):
        if not policy.arn.startswith("arn:aws:iam::aws:"):
            yield _row("policy", policy.name, "global")
    for region, logs in list(logs_backends[ACCOUNT].items()):
        for name, group in list(logs.groups.items()):
            streams = list(group.streams)
            for stream in streams:
                yield _row("log-stream", f"{name}/{stream}", region)
            if not streams and name not in _SHARED_GROUPS:
                yield _row("log-group", name, region)


def _settings() -> Iterator[Row]:
    for region, scaling in list(applicationautoscaling_backends[ACCOUNT].items()):
        for dimension, targets in list(scaling.targets.items()):
            for resource in list(targets):
                yield _row("scalable-target", f"{resource} {dimension}", region)
    for region, ssm in list(ssm_backends[ACCOUNT].items()):
        for name in list(ssm._parameters):
            if not name.startswith("/aws/"):
                yield _row("parameter", name, region)
    for region, kms in list(kms_backends[ACCOUNT].items()):
        for key in list(kms.keys.values()):
            aws_owns_it = any(alias.startswith("alias/aws/") for alias in key.aliases)
            # A key that is to be deleted stays for a week at least, and costs nothing.
            if not aws_owns_it and key.key_state != "PendingDeletion":
                yield _row("key", key.id, region, key.key_state)


def _networks() -> Iterator[Row]:
    """Networks, but for those that every account has."""
    for region, ec2 in list(moto_parsing.ec2_models.ec2_backends[ACCOUNT].items()):
        for vpc in list(ec2.vpcs.values()):
            if str(vpc.is_default).lower() != "true":
                yield _row("vpc", vpc.id, region)
        for groups in list(ec2.groups.values()):
            for group in list(groups.values()):
                if group.name != "default":
                    yield _row("security-group", f"{group.name}/{group.id}", region)
        for interface in list(ec2.enis.values()):
            if interface.status == "available":
                yield _row("network-interface", interface.id, region, interface.status)


def _storage() -> Iterator[Row]:
    """File systems and images, which bill by what they hold."""
    for region, efs in list(efs_backends[ACCOUNT].items()):
        for system in list(efs.file_systems_by_id.values()):
            yield _row("file-system", system.file_system_id, region, system.life_cycle_state)
            for target in list(system.iter_mount_targets()):
                name = f"{system.file_system_id}/{target.mount_target_id}"
                yield _row("mount-target", name, region, target.life_cycle_state)
    for region, ecr in list(ecr_backends[ACCOUNT].items()):
        for repository in list(ecr.repositories.values()):
            yield _row("repository", repository.name, region)


def _functions() -> Iterator[Row]:
    """Functions, and what invokes them."""
    for region, functions in list(lambda_backends[ACCOUNT].items()):
        for function in list(functions.list_functions()):
            yield _row("function", function.function_name, region, function.state)
    for region, schedules in list(scheduler_backends[ACCOUNT].items()):
        for group in list(schedules.schedule_groups.values()):
            if group.name != "default":
                yield _row("schedule-group", group.name, region)
            for schedule in list(group.schedules.values()):
                yield _row("schedule", f"{group.name}/{schedule.name}", region, schedule.state)
    for region, gateway in list(apigatewayv2_backends[ACCOUNT].items()):
        for api in list(gateway.apis.values()):
            yield _row("http-api", f"{api.name}/{api.api_id}", region)


def _builds() -> Iterator[Row]:
    """What builds images. It bills by the minute of a build, and not as it is."""
    for region, codebuild in list(codebuild_backends[ACCOUNT].items()):
        for name in list(codebuild.codebuild_projects):
            yield _row("build-project", name, region)


def _tables_and_topics() -> Iterator[Row]:
    """Tables and topics on demand, which bill by use; and who is subscribed."""
    for region, dynamodb in list(dynamodb_backends[ACCOUNT].items()):
        for table in list(dynamodb.tables.values()):
            yield _row("table", table.name, region, "ACTIVE")
    for region, sns in list(sns_backends[ACCOUNT].items()):
        for topic in list(sns.topics.values()):
            yield _row("topic", topic.name, region)
        for subscription in list(sns.subscriptions.values()):
            name = f"{subscription.topic.name} {subscription.protocol} {subscription.endpoint}"
            yield _row("subscription", name, region)


def homes(world: World) -> dict[str, str]:
    """The directories that stand for attendees' home volumes, by space or instance name."""
    with world.lock:
        plane = world.sagemaker
        found = {
            r.name: str(studio.space_root(plane, r) / studio.HOME.lstrip("/"))
            for r in plane.every()
            if r.kind.name == "space"
        }
        found |= {
            r.name: str(notebooks.instance_root(plane, r) / notebooks.HOME.lstrip("/"))
            for r in plane.every()
            if r.kind.name == "notebook-instance"
        }
    return found


# Groups that all jobs of an account share: an empty one is nobody's leftover.
_SHARED_GROUPS = frozenset(
    f"/aws/sagemaker/{name}"
    for name in ("TrainingJobs", "TransformJobs", "ProcessingJobs", "NotebookInstances", "studio")
)

"""What exists in the local AWS, read from its own state and not through its API.

The rehearsal's last word: a sweep that forgot to look cannot make this list shorter.
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing as moto_parsing
from moto.logs.models import logs_backends
from moto.scheduler.models import scheduler_backends

from rehearsal.account import ACCOUNT
from rehearsal.sagemaker import notebooks, studio
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.warm_pools import is_available
from rehearsal.world import World


# A job's record stays for ever, as on AWS; what bills is the job while it runs.
def _is_record(resource: Resource) -> bool:
    if not resource.kind.name.endswith(("-job", "-execution")) or is_available(resource):
        return False
    return resource.status not in resource.kind.bills_in


def everything(world: World) -> list[dict[str, str]]:
    """Every resource that exists: {"kind", "name", "region", "status"}, sorted.

    Jobs are listed while they run; deleted apps, which stay listed for a day, are not.
    """
    with world.lock:
        world.sagemaker.tick()
        rows = [*_sagemaker(world), *_stacks(world), *_moto(), *_functions()]
    return sorted(rows, key=lambda row: (row["kind"], row["region"], row["name"]))


def _row(kind: str, name: str, region: str, status: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "region": region, "status": status}


def _sagemaker(world: World) -> Iterator[dict[str, str]]:
    for resource in world.sagemaker.every():
        if _is_record(resource) or (resource.status and resource.status == resource.kind.deleted):
            continue
        name = "/".join(part for part in resource.key if part)
        yield _row(resource.kind.name, name, resource.region, resource.status)


def _stacks(world: World) -> Iterator[dict[str, str]]:
    for stack in world.cloudformation.stacks:
        if not stack.deleted:
            yield _row("stack", stack.name, stack.region, stack.status)


def _moto() -> Iterator[dict[str, str]]:
    # Copies: moto has no lock, and a job's last log lines may arrive while we read.
    for name, bucket in list(moto_parsing.s3_backends[ACCOUNT]["aws"].buckets.items()):
        yield _row("bucket", name, bucket.region_name)
    iam = moto_parsing.iam_models.iam_backends[ACCOUNT]["aws"]
    for role in list(iam.roles.values()):
        yield _row("role", role.name, "global")
    for policy in list(iam.managed_policies.values()):
        if not policy.arn.startswith("arn:aws:iam::aws:"):
            yield _row("policy", policy.name, "global")
    for region, ec2 in list(moto_parsing.ec2_models.ec2_backends[ACCOUNT].items()):
        for vpc in list(ec2.vpcs.values()):
            if str(vpc.is_default).lower() != "true":
                yield _row("vpc", vpc.id, region)
    for region, logs in list(logs_backends[ACCOUNT].items()):
        for name, group in list(logs.groups.items()):
            streams = list(group.streams)
            for stream in streams:
                yield _row("log-stream", f"{name}/{stream}", region)
            if not streams and name not in _SHARED_GROUPS:
                yield _row("log-group", name, region)


def _functions() -> Iterator[dict[str, str]]:
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

"""Names the stacks agree on, so that they need not refer to each other."""

from __future__ import annotations

import hashlib
import json

from workshop import names

# `cdk bootstrap`'s default; another one comes from the context key below.
DEFAULT_QUALIFIER = "hnb659fds"
QUALIFIER_CONTEXT = "@aws-cdk/core:bootstrapQualifier"

ACCOUNT = "${AWS::AccountId}"


def domain_export(workshop: str) -> str:
    """The CloudFormation export with the Studio domain's id."""
    return names.shared_name(workshop, "domain")


def domain_role_name(workshop: str, region: str) -> str:
    """The domain's default role; IAM is global, so the name carries the region."""
    return names.shared_name(workshop, f"domain-{region}")


def sweep_role_name(workshop: str, region: str) -> str:
    """The role of the function that sweeps; its name carries the region."""
    return names.shared_name(workshop, f"sweep-{region}")


def guard_role_name(workshop: str, region: str) -> str:
    """The guard's role; its name carries the region."""
    return names.shared_name(workshop, f"guard-{region}")


def guard_schedule_role_name(workshop: str, region: str) -> str:
    """The role under which the guard is invoked; its name carries the region."""
    return names.shared_name(workshop, f"guard-schedule-{region}")


def boundary_arn(workshop: str, region: str) -> str:
    """The permissions boundary's ARN, with words to fill in."""
    return f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:policy/{names.boundary_name(workshop, region)}"


def common_policy_name(workshop: str, region: str) -> str:
    """The managed policy all attendees of a region have; its name carries the region."""
    return names.shared_name(workshop, f"attendee-{region}")


def common_policy_arn(workshop: str, region: str) -> str:
    """That managed policy's ARN, with words to fill in."""
    name = common_policy_name(workshop, region)
    return f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:policy/{name}"


def studio_lifecycle_name(workshop: str, encoded: str) -> str:
    """A Studio lifecycle configuration's name, new for every content and tag.

    All its properties are create-only (CloudFormation schema), and a replacement under the
    same name would collide with its predecessor.
    """
    tags = json.dumps(names.tags(workshop), sort_keys=True)
    digest = hashlib.sha256(f"{tags}\n{encoded}".encode()).hexdigest()
    return names.shared_name(workshop, f"studio-{digest[:12]}")


def studio_lifecycle_arn(workshop: str, region: str, encoded: str) -> str:
    """A Studio lifecycle configuration's ARN, with words to fill in."""
    name = studio_lifecycle_name(workshop, encoded)
    return f"arn:${{AWS::Partition}}:sagemaker:{region}:{ACCOUNT}:studio-lifecycle-config/{name}"


def notebook_lifecycle_name(workshop: str) -> str:
    """The notebook lifecycle configuration's name; its content is updated in place."""
    return names.shared_name(workshop, "notebook")

"""Names and tags: how a resource says which workshop and which attendee it belongs to.

Workshop names and attendee ids hold lower-case letters and digits only, so that the
prefix `ml101-ann-` can never match a neighbour's resource, and `<workshop>-<attendee>-`
has at most 20 characters, so that SageMaker's 32-character tuning job names still fit.
"""

from __future__ import annotations

import re

TAG_WORKSHOP = "workshop:name"
TAG_ATTENDEE = "workshop:attendee"
# The lab that something was made in.
TAG_MODULE = "workshop:module"
# Whoever sets it, with whatever value, keeps a resource from every sweep.
TAG_KEEP = "workshop:keep"

# On an attendee's role: its boundary then lets nothing be started any more.
TAG_STOPPED = "workshop:stopped"

# On an attendee's role that may build container images: their sweep then looks for them.
TAG_BUILDS_IMAGES = "workshop:builds-images"

# The word between hyphens in the names of what all attendees share.
SHARED = "shared"

# CloudFormation wants a stack name to begin with a letter; what follows may be anything.
WORKSHOP_NAME_PATTERN = re.compile(r"[a-z][a-z0-9]*")
ATTENDEE_ID_PATTERN = re.compile(r"[a-z0-9]+")
PREFIX_MAX_LENGTH = 20

# The shared template's mapping whose one value says whether attendees may come in and make
# something: `Mappings: {Doors: {Attendees: {State: open}}}`. A destruction closes them.
DOORS, DOORS_OF_ATTENDEES, DOORS_STATE = "Doors", "Attendees", "State"
DOORS_OPEN, DOORS_CLOSED = "open", "closed"

# The type of the custom resource by which a stack's own deletion sweeps first.
SWEEP_TYPE = "Custom::WorkshopSweep"

_END_OF_ID = re.compile("[-/:]")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def is_workshop_name(text: str) -> bool:
    """Whether `text` can be a workshop name."""
    return WORKSHOP_NAME_PATTERN.fullmatch(text) is not None


def is_attendee_id(text: str) -> bool:
    """Whether `text` can be an attendee id.

    The word for what all share is none, nor are twelve digits: the workshop's bucket,
    `ml101-123456789012-us-east-1`, must not read as an attendee's.
    """
    if text == SHARED or _ACCOUNT_ID.fullmatch(text):
        return False
    return ATTENDEE_ID_PATTERN.fullmatch(text) is not None


def is_account_id(text: str) -> bool:
    """Whether `text` can be an AWS account's id."""
    return _ACCOUNT_ID.fullmatch(text) is not None


def environment_name(workshop: str, attendee: str) -> str:
    """The attendee's stack, role, user profile, space or notebook instance: `ml101-ann`."""
    return f"{workshop}-{attendee}"


def build_name(workshop: str, attendee: str) -> str:
    """The CodeBuild project in which an attendee builds container images, and the role that its
    builds run as: `ml101-ann-build`."""
    return attendee_prefix(workshop, attendee) + "build"


def attendee_prefix(workshop: str, attendee: str) -> str:
    """What the names of everything an attendee makes begin with: `ml101-ann-`."""
    return f"{workshop}-{attendee}-"


def shared_name(workshop: str, what: str = "") -> str:
    """A thing all attendees of a region share: `ml101-shared`, `ml101-shared-WHAT`."""
    return f"{workshop}-{SHARED}-{what}" if what else f"{workshop}-{SHARED}"


def shared_stack_name(workshop: str) -> str:
    """The stack with what all attendees of a region share (one per region)."""
    return shared_name(workshop)


def attendee_stack_name(workshop: str, attendee: str) -> str:
    """The stack with one attendee's environment."""
    return environment_name(workshop, attendee)


def attendee_stack_description(workshop: str, attendee: str) -> str:
    """What an attendee's stack is described as: also read, since a list of deleted stacks
    has it and no tags (ListStacks, API reference)."""
    return f"Workshop {workshop}: the environment of {attendee}"


def sweep_function_name(workshop: str) -> str:
    """The function that sweeps what a stack is about to delete (one per region)."""
    return shared_name(workshop, "sweep")


def guard_name(workshop: str) -> str:
    """The function that shuts down what nobody uses, and its schedule (one per region)."""
    return shared_name(workshop, "guard")


def ledger_name(workshop: str) -> str:
    """The guard's table: what ran and cost, holds, extensions, warnings (one per region)."""
    return shared_name(workshop, "ledger")


def notices_name(workshop: str) -> str:
    """The topic that the guard's notices go to (one per region)."""
    return shared_name(workshop, "notices")


def domain_name(workshop: str) -> str:
    """The Studio domain's name (its id, `d-...`, is AWS's)."""
    return shared_name(workshop)


def boundary_name(workshop: str, region: str) -> str:
    """The permissions boundary; IAM is global, so the name carries the region."""
    return shared_name(workshop, f"boundary-{region}")


def bucket_name(workshop: str, account: str, region: str) -> str:
    """The workshop's bucket in a region. `account` and `region` may be CDK tokens."""
    return f"{workshop}-{account}-{region}"


def bucket_prefix(attendee: str) -> str:
    """The attendee's key prefix in the workshop's bucket, with its closing slash."""
    return f"attendees/{attendee}/"


def boot_key(attendee: str) -> str:
    """Where in the workshop's bucket an environment says how its last boot went: READY or
    FAILED and why."""
    return f"{bucket_prefix(attendee)}boot"


def activity_key(attendee: str) -> str:
    """Where in the workshop's bucket an environment says when it was last used."""
    return f"{bucket_prefix(attendee)}activity"


def build_prefix(attendee: str) -> str:
    """Where in the workshop's bucket the sources of an attendee's builds are."""
    return f"{bucket_prefix(attendee)}build/"


def build_source_key(attendee: str) -> str:
    """The archive that an attendee's builds take if they are told of no other."""
    return f"{build_prefix(attendee)}source.zip"


def assets_prefix(workshop: str) -> str:
    """The key prefix of the workshop's assets in the CDK bootstrap bucket.

    A prefix of our own lets every attendee read the bundle and nothing else that other
    projects keep there, and lets `destroy` remove it.
    """
    return f"workshops/{workshop}/"


def bootstrap_bucket(account: str, region: str, qualifier: str = "hnb659fds") -> str:
    """The bucket `cdk bootstrap` makes for assets (CDK guide, "Bootstrapping").

    `account` may be a CDK token; the default qualifier is `cdk bootstrap`'s own.
    """
    return f"cdk-{qualifier}-assets-{account}-{region}"


def sagemaker_arn(region: str, account: str, path: str) -> str:
    """The ARN of something of SageMaker's; "" without an account. Partitions by region: IAM
    guide, "IAM ARNs"."""
    if not account:
        return ""
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:sagemaker:{region}:{account}:{path}"


def sdk_bucket(account: str, region: str) -> str:
    """The SageMaker SDK's default bucket, which everybody in the account shares (SageMaker SDK,
    `Session.default_bucket`)."""
    return f"sagemaker-{region}-{account}"


def tags(workshop: str, attendee: str | None = None) -> dict[str, str]:
    """The tags of a resource of the workshop, or of one attendee's."""
    found = {TAG_WORKSHOP: workshop}
    if attendee is not None:
        found[TAG_ATTENDEE] = attendee
    return found


def owner_by_name(workshop: str, name: str) -> str | None:
    """The attendee id that `name` says it belongs to, or None.

    `ml101-ann`, `ml101-ann-anything`, `ml101-ann/anything` and `ml101-ann:1` belong to ann of
    ml101; `ml101ann-x`, `xml101-ann-` and `ml101-shared-...` belong to no attendee.
    """
    start = f"{workshop}-"
    if not name.startswith(start):
        return None
    attendee = _END_OF_ID.split(name[len(start) :], maxsplit=1)[0]
    return attendee if is_attendee_id(attendee) else None


def read_environment_name(name: str) -> tuple[str, str] | None:
    """The workshop's name and the attendee's id in an environment's name, or None.

    The name says them without a configuration, since neither holds a hyphen.
    """
    workshop, hyphen, attendee = name.partition("-")
    if hyphen and is_workshop_name(workshop) and is_attendee_id(attendee):
        return workshop, attendee
    return None

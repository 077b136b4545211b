"""What an attendee may do: IAM documents as plain data, made by pure functions.

ARNs hold the words `${AWS::Partition}` and `${AWS::AccountId}`, for which `filled` puts
CDK tokens, or plain values in tests. Everything an attendee may touch is a literal ARN: their own
names, and the prefix `<workshop>-<attendee>-` that their jobs' names begin with.

Actions, resource types and condition keys: Service Authorization Reference, "Actions,
resources, and condition keys for Amazon SageMaker".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stacks import sweep_policies
from workshop import names
from workshop.model import Environment, Instances

Statement = dict[str, Any]
Document = dict[str, Any]

# IAM quotas ("IAM and AWS STS quotas"): characters without white space.
MAX_INLINE = 10_240
MAX_MANAGED = 6_144

SERVICE = "sagemaker.amazonaws.com"
ACCOUNT = "${AWS::AccountId}"

# The kinds of things attendees make, all of them named with the attendee's prefix.
MADE = {
    "training-job": "TrainingJob",
    "processing-job": "ProcessingJob",
    "transform-job": "TransformJob",
    "hyper-parameter-tuning-job": "HyperParameterTuningJob",
    "model": "Model",
    "endpoint-config": "EndpointConfig",
    "endpoint": "Endpoint",
}

# Log groups all attendees' jobs share; a stream's name begins with the job's name.
_JOB_LOGS = ("TrainingJobs", "ProcessingJobs", "TransformJobs")


@dataclass(frozen=True, slots=True)
class Subject:
    """The attendee a policy is about.

    `bucket` and `domain` (the Studio domain's id) may hold words that are filled in later.
    `max_runtime_seconds` is the longest a job may be asked to run.
    """

    workshop: str
    attendee: str
    region: str
    environment: Environment
    instances: Instances
    bucket: str
    domain: str
    max_runtime_seconds: int

    @property
    def name(self) -> str:
        return names.environment_name(self.workshop, self.attendee)

    @property
    def role_arn(self) -> str:
        return f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/{self.name}"

    def arn(self, kind: str, name: str) -> str:
        """A SageMaker ARN in the attendee's region."""
        return sagemaker_arn(self.region, kind, name)

    def made(self, kind: str) -> str:
        """The ARNs of what the attendee makes of a kind."""
        return self.arn(kind, names.attendee_prefix(self.workshop, self.attendee) + "*")


def sagemaker_arn(region: str, kind: str, name: str) -> str:
    """A SageMaker ARN in this account."""
    return f"arn:${{AWS::Partition}}:sagemaker:{region}:{ACCOUNT}:{kind}/{name}"


def objects_arn(bucket: str, prefix: str) -> str:
    """The ARN of the keys that begin with a prefix."""
    return f"arn:${{AWS::Partition}}:s3:::{bucket}/{prefix}*"


def log_groups(region: str) -> str:
    """The log groups of SageMaker, shared by everybody in the account."""
    return f"arn:${{AWS::Partition}}:logs:{region}:{ACCOUNT}:log-group:/aws/sagemaker/*"


def image_repositories(region: str) -> str:
    """Container repositories of every account in a region."""
    return f"arn:${{AWS::Partition}}:ecr:{region}:*:repository/*"


def workshop_roles(workshop: str) -> str:
    """The roles of a workshop."""
    return f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/{workshop}-*"


def document(statements: Iterable[Statement]) -> Document:
    """An IAM policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust() -> Document:
    """SageMaker of this account may take the role, for apps, notebooks and jobs alike.

    SetSourceIdentity is needed where the domain writes the user profile's name into
    CloudTrail (SageMaker guide, "Turn on sourceIdentity"); SourceAccount keeps other
    accounts out ("Cross-service confused deputy prevention").
    """
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": SERVICE},
                "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ]
    )


def attendee_document(subject: Subject) -> Document:
    """What an attendee may do with their own things; for the rest see shared_policies."""
    workspace = studio_workspace if subject.environment == "studio" else notebook_workspace
    return document(
        [
            *workspace(subject),
            *jobs(subject),
            *hosting(subject),
            *own_things(subject),
            *storage(subject),
            *logs(subject),
            *identity(subject),
            *denials(subject),
        ]
    )


def studio_workspace(subject: Subject) -> list[Statement]:
    """Open the own profile; run apps in the own private space and nowhere else."""
    profile = subject.arn("user-profile", f"{subject.domain}/{subject.name}")
    space = subject.arn("space", f"{subject.domain}/{subject.name}")
    app = subject.arn("app", f"{subject.domain}/{subject.name}/*")
    own_space = {
        "ArnEquals": {"sagemaker:OwnerUserProfileArn": profile},
        "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
    }
    # Not always sent, so no presence is asked for; "system" is what Studio's own apps send.
    types = {
        "ForAllValues:StringEquals": {
            "sagemaker:InstanceTypes": [subject.instances.workspace, "system"]
        }
    }
    return [
        allow("OpenStudio", ["CreatePresignedDomainUrl", "DescribeUserProfile"], [profile]),
        allow("ChangeSpace", ["UpdateSpace"], [space], {**own_space, **types}),
        allow("StartApp", ["CreateApp"], [app], {**own_space, **types}),
        allow("StopApp", ["DeleteApp"], [app], own_space),
        allow("SeeSpace", ["DescribeSpace", "DescribeApp", "ListTags"], [space, app, profile]),
        allow("SeeDomain", ["DescribeDomain"], [subject.arn("domain", subject.domain)]),
        allow(
            "TagApps",
            ["AddTags"],
            [space, app],
            {"StringEquals": {"sagemaker:TaggingAction": ["CreateApp", "UpdateSpace"]}},
        ),
    ]


def notebook_workspace(subject: Subject) -> list[Statement]:
    """Open, see and stop the own notebook instance."""
    own = subject.arn("notebook-instance", subject.name)
    return [
        allow(
            "OpenNotebook",
            [
                "CreatePresignedNotebookInstanceUrl",
                "DescribeNotebookInstance",
                "ListTags",
                "StopNotebookInstance",
            ],
            [own],
        )
    ]


def jobs(subject: Subject) -> list[Statement]:
    """Jobs on allowed instance types, no longer than the workshop.

    A transform job has no key for its run time.
    """
    ceiling = {
        # Condition values are strings in IAM's grammar, numbers too.
        "NumericLessThanEquals": {"sagemaker:MaxRuntimeInSeconds": str(subject.max_runtime_seconds)}
    }
    training = [subject.made("training-job"), subject.made("hyper-parameter-tuning-job")]
    granted = [
        allow(
            "Train",
            ["CreateTrainingJob", "CreateHyperParameterTuningJob"],
            training,
            {**_only_types(subject.instances.training), **ceiling},
        ),
        allow(
            "Process",
            ["CreateProcessingJob"],
            [subject.made("processing-job")],
            {**_only_types(subject.instances.processing), **ceiling},
        ),
        allow(
            "Transform",
            ["CreateTransformJob"],
            [subject.made("transform-job")],
            {
                **_only_types(subject.instances.transform),
                "ArnLike": {"sagemaker:ModelArn": subject.made("model")},
            },
        ),
    ]
    return [statement for statement in granted if _names_a_type(statement)]


def hosting(subject: Subject) -> list[Statement]:
    """Own models behind own endpoints on allowed instance types."""
    endpoints = [subject.made("endpoint"), subject.made("endpoint-config")]
    if not subject.instances.endpoint:
        return [allow("Model", ["CreateModel"], [subject.made("model")])]
    return [
        allow("Model", ["CreateModel"], [subject.made("model")]),
        allow(
            "ConfigureEndpoint",
            ["CreateEndpointConfig"],
            [subject.made("endpoint-config")],
            _only_types(subject.instances.endpoint),
        ),
        allow("Deploy", ["CreateEndpoint", "UpdateEndpoint"], endpoints),
        allow("Invoke", ["InvokeEndpoint"], [subject.made("endpoint")]),
    ]


def own_things(subject: Subject) -> list[Statement]:
    """See, tag on creation, stop and delete what carries the own prefix."""
    own = [subject.made(kind) for kind in MADE]
    see = [f"Describe{noun}" for noun in MADE.values()]
    end = sweep_policies.changes(sweep_policies.MADE_KINDS - {sweep_policies.WARM_POOL})
    creations = [f"Create{noun}" for noun in MADE.values()]
    return [
        allow(
            "OwnThings",
            [*see, *end, "ListTags", "ListTrainingJobsForHyperParameterTuningJob"],
            own,
        ),
        allow(
            "EndWarmPool",
            list(sweep_policies.changes({sweep_policies.WARM_POOL})),
            [subject.made("training-job")],
            # The key is documented for CreateTrainingJob (developer guide, "Use managed warm
            # pools"), hence IfExists.
            {"NumericLessThanEqualsIfExists": {"sagemaker:KeepAlivePeriod": "0"}},
        ),
        allow("TagOwn", ["AddTags"], own, {"StringEquals": {"sagemaker:TaggingAction": creations}}),
    ]


def storage(subject: Subject) -> list[Statement]:
    """The own prefix of the workshop's bucket."""
    bucket = f"arn:${{AWS::Partition}}:s3:::{subject.bucket}"
    prefix = names.bucket_prefix(subject.attendee)
    return [
        {
            "Sid": "ListOwnObjects",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": [prefix.rstrip("/"), f"{prefix}*"]}},
        },
        {
            "Sid": "OwnObjects",
            "Effect": "Allow",
            "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ],
            "Resource": f"{bucket}/{prefix}*",
        },
    ]


def logs(subject: Subject) -> list[Statement]:
    """Own log streams: the groups under /aws/sagemaker are shared by everybody."""
    groups = f"arn:${{AWS::Partition}}:logs:{subject.region}:{ACCOUNT}:log-group:/aws/sagemaker/"
    own = names.attendee_prefix(subject.workshop, subject.attendee)
    streams = [f"{groups}{group}:log-stream:{own}*" for group in _JOB_LOGS]
    streams.append(f"{groups}Endpoints/{own}*:log-stream:*")
    if subject.environment == "studio":
        streams.append(f"{groups}studio:log-stream:{subject.domain}/{subject.name}/*")
    else:
        streams.append(f"{groups}NotebookInstances:log-stream:{subject.name}/*")
    return [
        {
            "Sid": "OwnLogStreams",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:GetLogEvents", "logs:PutLogEvents"],
            "Resource": streams,
        },
    ]


def identity(subject: Subject) -> list[Statement]:
    """Jobs run under the attendee's own role and no other."""
    return [
        {
            "Sid": "PassOwnRole",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": subject.role_arn,
            "Condition": {"StringEquals": {"iam:PassedToService": SERVICE}},
        },
        {
            "Sid": "SeeOwnRole",
            "Effect": "Allow",
            "Action": "iam:GetRole",
            "Resource": subject.role_arn,
        },
    ]


def denials(subject: Subject) -> list[Statement]:
    """What stays forbidden even if somebody attaches a wider policy to the role."""
    doors = (
        subject.arn("user-profile", f"{subject.domain}/{subject.name}")
        if subject.environment == "studio"
        else subject.arn("notebook-instance", subject.name)
    )
    return [
        {
            "Sid": "NoOtherDoors",
            "Effect": "Deny",
            "Action": [
                "sagemaker:CreatePresignedDomainUrl",
                "sagemaker:CreatePresignedNotebookInstanceUrl",
            ],
            "NotResource": doors,
        },
        *(
            {
                # Tags decide whose a thing is: nobody may write another's name on it.
                "Sid": sid,
                "Effect": "Deny",
                "Action": "sagemaker:AddTags",
                "Resource": "*",
                "Condition": {
                    "Null": {f"aws:RequestTag/{key}": "false"},
                    "StringNotEquals": {f"aws:RequestTag/{key}": value},
                },
            }
            for sid, key, value in (
                ("OnlyOwnWorkshop", names.TAG_WORKSHOP, subject.workshop),
                ("OnlyOwnName", names.TAG_ATTENDEE, subject.attendee),
            )
        ),
        {
            # It would exempt a thing from every budget and from the workshop's end.
            "Sid": "NoKeeping",
            "Effect": "Deny",
            "Action": "sagemaker:AddTags",
            "Resource": "*",
            "Condition": {"Null": {f"aws:RequestTag/{names.TAG_KEEP}": "false"}},
        },
    ]


def own_wildcards(subject: Subject, policy: Document) -> list[str]:
    """The allowed resources with a wildcard after the attendee's own name and nowhere before.

    Whatever else has a wildcard is missing here, so that the synth gate finds it.
    """
    own = (
        f"/{subject.name}-*",
        f"/{subject.name}/*",
        f":{subject.name}-*",
        f":{subject.name}/*",
        f"/{names.build_name(subject.workshop, subject.attendee)}:*",
        f"/{names.build_prefix(subject.attendee)}*",
        f"/{names.bucket_prefix(subject.attendee)}*",
    )
    found: dict[str, None] = {}
    for statement in policy["Statement"]:
        resources = statement.get("Resource", [])
        for resource in [resources] if isinstance(resources, str) else resources:
            before = resource.split("*", 1)[0] + "*"
            if statement["Effect"] == "Allow" and "*" in resource and before.endswith(own):
                found[resource] = None
    return list(found)


def filled(node: Any, words: Mapping[str, str]) -> Any:
    """A text, or a document of texts, with every word of `words` replaced by its value."""
    if isinstance(node, dict):
        return {key: filled(value, words) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, words) for value in node]
    if isinstance(node, str) and "${" in node:
        for word, value in words.items():
            node = node.replace(word, value)
    return node


def allow(
    sid: str,
    actions: list[str],
    resources: list[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement that allows SageMaker actions, given without their prefix."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": _one_or_list([f"sagemaker:{action}" for action in sorted(actions)]),
        "Resource": _one_or_list(resources),
    }
    if condition:
        statement["Condition"] = dict(condition)
    return statement


def _one_or_list(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _only_types(types: tuple[str, ...]) -> dict[str, Any]:
    # ForAllValues is true of a key that is missing, so its presence is asked for as well.
    return {
        "ForAllValues:StringEquals": {"sagemaker:InstanceTypes": list(types)},
        "Null": {"sagemaker:InstanceTypes": "false"},
    }


def _names_a_type(statement: Statement) -> bool:
    # IAM refuses a condition without values; a use without types is not granted at all.
    types: list[str] = statement["Condition"]["ForAllValues:StringEquals"][
        "sagemaker:InstanceTypes"
    ]
    return bool(types)

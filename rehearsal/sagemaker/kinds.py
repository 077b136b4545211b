"""The table of SageMaker kinds that the local AWS has: one row each.

Operation names, list members and describe fields are derived from botocore's model;
a row holds what the model does not say: states, how long they take on AWS (seconds,
observed orders of magnitude), from which of them a deletion is refused, and AWS's words.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GONE = "(gone)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of resource.

    `noun` makes the operation names (Create<noun>, Describe<noun>, List<plural>, ...).
    `id_fields` identify a resource in requests; absent ones (an app's owner) are None.
    `arn` is the part after the account id. `creating -> ready` takes `create_seconds`
    unless the kind's own rules drive it (`create_seconds=None`).
    """

    name: str
    noun: str
    plural: str
    id_fields: tuple[str, ...]
    arn: str
    arn_field: str
    status_field: str | None = None
    creating: str = ""
    ready: str = ""
    create_seconds: float | None = 0
    deleting: str = ""
    deleted: str = GONE
    delete_seconds: float = 0
    deletable_from: frozenset[str] = field(default_factory=frozenset)
    delete_refused: str = ""  # wording when the state forbids a deletion
    absent: tuple[str, str]  # code and wording when there is no such resource
    exists: tuple[str, str]  # code and wording when there is one already
    bills_in: frozenset[str] = field(default_factory=frozenset)
    # How a list is sorted when the request does not say (API reference, List<plural>).
    sorted_by: str = "CreationTime"
    sort_order: str = "Ascending"

    @property
    def name_field(self) -> str:
        """The field that `NameContains` and sorting by name look at."""
        return self.id_fields[-1]


_STUDIO_STATES = frozenset({"InService", "Failed", "Update_Failed", "Delete_Failed"})

KINDS: tuple[Kind, ...] = (
    Kind(
        name="domain",
        noun="Domain",
        plural="Domains",
        id_fields=("DomainId",),
        arn="domain/{DomainId}",
        arn_field="DomainArn",
        status_field="Status",
        creating="Pending",
        ready="InService",
        create_seconds=180,
        deleting="Deleting",
        delete_seconds=60,
        deletable_from=_STUDIO_STATES,
        delete_refused="Unable to delete Domain [{DomainId}] in status {status}.",
        absent=("ResourceNotFound", "Domain [{DomainId}] does not exist."),
        exists=("ResourceInUse", "Domain [{DomainName}] already exists."),
    ),
    Kind(
        name="user-profile",
        noun="UserProfile",
        plural="UserProfiles",
        id_fields=("DomainId", "UserProfileName"),
        arn="user-profile/{DomainId}/{UserProfileName}",
        arn_field="UserProfileArn",
        status_field="Status",
        creating="Pending",
        ready="InService",
        create_seconds=20,
        deleting="Deleting",
        delete_seconds=20,
        deletable_from=_STUDIO_STATES,
        delete_refused="Unable to delete UserProfile [{DomainId}/{UserProfileName}] "
        "in status {status}.",
        absent=("ResourceNotFound", "UserProfile [{DomainId}/{UserProfileName}] does not exist."),
        exists=("ResourceInUse", "UserProfile [{DomainId}/{UserProfileName}] already exists."),
    ),
    Kind(
        name="space",
        noun="Space",
        plural="Spaces",
        id_fields=("DomainId", "SpaceName"),
        arn="space/{DomainId}/{SpaceName}",
        arn_field="SpaceArn",
        status_field="Status",
        creating="Pending",
        ready="InService",
        create_seconds=10,
        deleting="Deleting",
        delete_seconds=10,
        deletable_from=_STUDIO_STATES,
        delete_refused="Unable to delete Space [{DomainId}/{SpaceName}] in status {status}.",
        absent=("ResourceNotFound", "Space [{DomainId}/{SpaceName}] does not exist."),
        exists=("ResourceInUse", "Space [{DomainId}/{SpaceName}] already exists."),
        bills_in=frozenset({"InService"}),  # its EBS volume, until the space is deleted
    ),
    Kind(
        name="app",
        noun="App",
        plural="Apps",
        # Owned by a user profile or by a space, never by both.
        id_fields=("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName"),
        arn="app/{DomainId}/{owner}/{app_type}/{AppName}",
        arn_field="AppArn",
        status_field="Status",
        creating="Pending",
        ready="InService",
        create_seconds=None,  # the lifecycle configuration decides
        deleting="Deleting",
        deleted="Deleted",  # stays listed for about a day
        delete_seconds=60,
        deletable_from=frozenset({"InService", "Failed", "Pending"}),
        delete_refused="App [{AppName}] has already been deleted or is being deleted.",
        absent=("ResourceNotFound", "App [{AppName}] does not exist."),
        exists=("ResourceInUse", "App [{AppName}] already exists."),
        bills_in=frozenset({"Pending", "InService", "Deleting"}),
    ),
    Kind(
        name="studio-lifecycle-config",
        noun="StudioLifecycleConfig",
        plural="StudioLifecycleConfigs",
        id_fields=("StudioLifecycleConfigName",),
        arn="studio-lifecycle-config/{StudioLifecycleConfigName}",
        arn_field="StudioLifecycleConfigArn",
        absent=(
            "ResourceNotFound",
            "StudioLifecycleConfig [{StudioLifecycleConfigName}] does not exist.",
        ),
        exists=(
            "ResourceInUse",
            "StudioLifecycleConfig [{StudioLifecycleConfigName}] already exists.",
        ),
        sort_order="Descending",
    ),
    Kind(
        name="notebook-instance",
        noun="NotebookInstance",
        plural="NotebookInstances",
        id_fields=("NotebookInstanceName",),
        arn="notebook-instance/{NotebookInstanceName}",
        arn_field="NotebookInstanceArn",
        status_field="NotebookInstanceStatus",
        creating="Pending",
        ready="InService",
        create_seconds=None,  # the lifecycle configuration decides
        deleting="Deleting",
        delete_seconds=30,
        deletable_from=frozenset({"Stopped", "Failed"}),
        delete_refused="Status ({status}) not in ([Stopped, Failed]). Unable to transition to "
        "(Deleting) for Notebook Instance ({arn}).",
        absent=("ValidationException", "RecordNotFound"),
        exists=(
            "ValidationException",
            "Cannot create already existing Notebook Instance {arn}.",
        ),
        bills_in=frozenset({"Pending", "InService", "Updating", "Stopping"}),
        sorted_by="Name",
    ),
    Kind(
        name="notebook-lifecycle-config",
        noun="NotebookInstanceLifecycleConfig",
        plural="NotebookInstanceLifecycleConfigs",
        id_fields=("NotebookInstanceLifecycleConfigName",),
        arn="notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}",
        arn_field="NotebookInstanceLifecycleConfigArn",
        absent=(
            "ValidationException",
            "Unable to describe Notebook Instance Lifecycle Config '{arn}'. "
            "(Details: Notebook Instance Lifecycle Config does not exist.)",
        ),
        exists=(
            "ValidationException",
            "Unable to create Notebook Instance Lifecycle Config {arn}. "
            "(Details: Notebook Instance Lifecycle Config already exists.)",
        ),
    ),
    Kind(
        name="model",
        noun="Model",
        plural="Models",
        id_fields=("ModelName",),
        arn="model/{ModelName}",
        arn_field="ModelArn",
        absent=("ValidationException", 'Could not find model "{arn}".'),
        exists=("ValidationException", 'Cannot create already existing model "{arn}".'),
        sort_order="Descending",
    ),
    Kind(
        name="endpoint-config",
        noun="EndpointConfig",
        plural="EndpointConfigs",
        id_fields=("EndpointConfigName",),
        arn="endpoint-config/{EndpointConfigName}",
        arn_field="EndpointConfigArn",
        absent=("ValidationException", 'Could not find endpoint configuration "{arn}".'),
        exists=(
            "ValidationException",
            'Cannot create already existing endpoint configuration "{arn}".',
        ),
        sort_order="Descending",
    ),
    Kind(
        name="endpoint",
        noun="Endpoint",
        plural="Endpoints",
        id_fields=("EndpointName",),
        arn="endpoint/{EndpointName}",
        arn_field="EndpointArn",
        status_field="EndpointStatus",
        creating="Creating",
        ready="InService",
        create_seconds=None,  # its containers decide
        deleting="Deleting",
        delete_seconds=20,
        deletable_from=frozenset({"InService", "Failed", "OutOfService", "UpdateRollbackFailed"}),
        delete_refused='Cannot delete in-progress endpoint "{arn}".',
        absent=("ValidationException", 'Could not find endpoint "{arn}".'),
        exists=("ValidationException", 'Cannot create already existing endpoint "{arn}".'),
        bills_in=frozenset({"Creating", "InService", "Updating", "RollingBack", "SystemUpdating"}),
        sort_order="Descending",
    ),
    Kind(
        name="training-job",
        noun="TrainingJob",
        plural="TrainingJobs",
        id_fields=("TrainingJobName",),
        arn="training-job/{TrainingJobName}",
        arn_field="TrainingJobArn",
        status_field="TrainingJobStatus",
        creating="InProgress",
        ready="Completed",
        create_seconds=None,
        deletable_from=frozenset({"Completed", "Failed", "Stopped"}),
        delete_refused="Training job [{TrainingJobName}] cannot be deleted in status {status}.",
        absent=("ResourceNotFound", "Requested resource not found."),
        exists=(
            "ResourceInUse",
            "Job name must be unique within an AWS account and region, and a training job "
            "with this name already exists ({arn})",
        ),
        bills_in=frozenset({"InProgress", "Stopping"}),
    ),
    Kind(
        name="processing-job",
        noun="ProcessingJob",
        plural="ProcessingJobs",
        id_fields=("ProcessingJobName",),
        arn="processing-job/{ProcessingJobName}",
        arn_field="ProcessingJobArn",
        status_field="ProcessingJobStatus",
        creating="InProgress",
        ready="Completed",
        create_seconds=None,
        deletable_from=frozenset({"Completed", "Failed", "Stopped"}),
        delete_refused="Processing job [{ProcessingJobName}] cannot be deleted in status {status}.",
        absent=("ResourceNotFound", "Requested resource not found."),
        exists=(
            "ResourceInUse",
            "Job name must be unique within an AWS account and region, and a processing job "
            "with this name already exists ({arn})",
        ),
        bills_in=frozenset({"InProgress", "Stopping"}),
    ),
    Kind(
        name="transform-job",
        noun="TransformJob",
        plural="TransformJobs",
        id_fields=("TransformJobName",),
        arn="transform-job/{TransformJobName}",
        arn_field="TransformJobArn",
        status_field="TransformJobStatus",
        creating="InProgress",
        ready="Completed",
        create_seconds=None,
        absent=("ResourceNotFound", "Requested resource not found."),
        exists=(
            "ResourceInUse",
            "Job name must be unique within an AWS account and region, and a transform job "
            "with this name already exists ({arn})",
        ),
        bills_in=frozenset({"InProgress", "Stopping"}),
        sort_order="Descending",
    ),
)

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}

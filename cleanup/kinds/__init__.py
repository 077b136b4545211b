"""The table of resource kinds. One row says all that the sweep knows of a kind.

Operations are boto3 client methods. `tests/unit/cleanup/test_kinds.py` holds the table
against botocore's model: operations, fields, and every value of the status enums.
State rules: API reference of each Stop* and Delete* operation.
"""

from __future__ import annotations

from collections.abc import Mapping

from cleanup.kind import GONE, REST, WAIT, Kind, domain_field

ENDPOINT = Kind(
    name="endpoint",
    list_op="list_endpoints",
    list_key="Endpoints",
    id_fields=("EndpointName",),
    name_field="EndpointName",
    arn_field="EndpointArn",
    status_field="EndpointStatus",
    on_status={
        "InService": "delete_endpoint",
        "OutOfService": "delete_endpoint",
        "Failed": "delete_endpoint",  # the only operation a failed endpoint allows
        "UpdateRollbackFailed": "delete_endpoint",
        "Creating": WAIT,
        "Updating": WAIT,
        "SystemUpdating": WAIT,
        "RollingBack": WAIT,
        "Deleting": WAIT,
    },
    bills="hour",
)

TRAINING_JOB = Kind(
    name="training-job",
    list_op="list_training_jobs",
    list_key="TrainingJobSummaries",
    id_fields=("TrainingJobName",),
    name_field="TrainingJobName",
    arn_field="TrainingJobArn",
    status_field="TrainingJobStatus",
    on_status={
        "InProgress": "stop_training_job",
        "Stopping": WAIT,
        "Deleting": WAIT,
        "Completed": REST,
        "Failed": REST,
        "Stopped": REST,
    },
    bills="hour",
)

PROCESSING_JOB = Kind(
    name="processing-job",
    list_op="list_processing_jobs",
    list_key="ProcessingJobSummaries",
    id_fields=("ProcessingJobName",),
    name_field="ProcessingJobName",
    arn_field="ProcessingJobArn",
    status_field="ProcessingJobStatus",
    on_status={
        "InProgress": "stop_processing_job",
        "Stopping": WAIT,
        "Completed": REST,
        "Failed": REST,
        "Stopped": REST,
    },
    bills="hour",
)

TRANSFORM_JOB = Kind(
    name="transform-job",
    list_op="list_transform_jobs",
    list_key="TransformJobSummaries",
    id_fields=("TransformJobName",),
    name_field="TransformJobName",
    arn_field="TransformJobArn",
    status_field="TransformJobStatus",
    on_status={
        "InProgress": "stop_transform_job",  # there is no DeleteTransformJob
        "Stopping": WAIT,
        "Completed": REST,
        "Failed": REST,
        "Stopped": REST,
    },
    bills="hour",
)

APP = Kind(
    name="app",
    list_op="list_apps",
    list_key="Apps",
    # Owned by a user profile or by a space; the absent owner is not sent.
    id_fields=("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName"),
    name_field="AppName",
    status_field="Status",
    on_status={
        "InService": "delete_app",
        "Failed": "delete_app",
        "Pending": WAIT,
        "Deleting": WAIT,
        "Deleted": GONE,  # listed for about a day after it is gone
    },
    bills="hour",
    bills_in={"Failed": ""},
    instance_field="ResourceSpec.InstanceType",
    workplace=True,
    domain_of=domain_field,
    owner_fields=("SpaceName", "UserProfileName"),
)

NOTEBOOK_INSTANCE = Kind(
    name="notebook-instance",
    list_op="list_notebook_instances",
    list_key="NotebookInstances",
    id_fields=("NotebookInstanceName",),
    name_field="NotebookInstanceName",
    arn_field="NotebookInstanceArn",
    status_field="NotebookInstanceStatus",
    on_status={
        "InService": "stop_notebook_instance",  # the only state that can be stopped
        "Stopped": "delete_notebook_instance",
        "Failed": "delete_notebook_instance",
        "Pending": WAIT,
        "Stopping": WAIT,
        "Updating": WAIT,
        "Deleting": WAIT,
        "PendingMaintenance": WAIT,
        "InMaintenance": WAIT,
    },
    bills="hour",
    # Its volume bills until it is deleted (StopNotebookInstance, API reference).
    bills_in={"Stopped": "month", "Failed": "month"},
    instance_field="InstanceType",
    environment=True,
    workplace=True,
)

ENDPOINT_CONFIG = Kind(
    name="endpoint-config",
    list_op="list_endpoint_configs",
    list_key="EndpointConfigs",
    id_fields=("EndpointConfigName",),
    name_field="EndpointConfigName",
    arn_field="EndpointConfigArn",
    always="delete_endpoint_config",
    after=("endpoint",),
)

MODEL = Kind(
    name="model",
    list_op="list_models",
    list_key="Models",
    id_fields=("ModelName",),
    name_field="ModelName",
    arn_field="ModelArn",
    always="delete_model",
    after=("endpoint", "endpoint-config", "transform-job"),
)

SPACE = Kind(
    name="space",
    list_op="list_spaces",
    list_key="Spaces",
    id_fields=("DomainId", "SpaceName"),
    name_field="SpaceName",
    status_field="Status",
    on_status={
        "InService": "delete_space",
        "Failed": "delete_space",
        "Update_Failed": "delete_space",
        "Delete_Failed": "delete_space",
        "Pending": WAIT,
        "Updating": WAIT,
        "Deleting": WAIT,
    },
    after=("app",),
    bills="month",  # its EBS volume
    domain_of=domain_field,
    owner_fields=("SpaceName",),
    environment=True,
)

USER_PROFILE = Kind(
    name="user-profile",
    list_op="list_user_profiles",
    list_key="UserProfiles",
    id_fields=("DomainId", "UserProfileName"),
    name_field="UserProfileName",
    status_field="Status",
    on_status={
        "InService": "delete_user_profile",
        "Failed": "delete_user_profile",
        "Update_Failed": "delete_user_profile",
        "Delete_Failed": "delete_user_profile",
        "Pending": WAIT,
        "Updating": WAIT,
        "Deleting": WAIT,
    },
    after=("app", "space"),
    domain_of=domain_field,
    owner_fields=("UserProfileName",),
    environment=True,
)

DOMAIN = Kind(
    name="domain",
    list_op="list_domains",
    list_key="Domains",
    id_fields=("DomainId",),
    name_field="DomainName",
    arn_field="DomainArn",
    status_field="Status",
    on_status={
        "InService": "delete_domain",
        "Failed": "delete_domain",  # counts against the domain quota all the same
        "Update_Failed": "delete_domain",
        "Delete_Failed": "delete_domain",
        "Pending": WAIT,
        "Updating": WAIT,
        "Deleting": WAIT,
    },
    after=("app", "space", "user-profile"),
    # Without this the home file system stays and bills.
    call_with={"delete_domain": {"RetentionPolicy": {"HomeEfsFileSystem": "Delete"}}},
    environment=True,
)

STUDIO_LIFECYCLE_CONFIG = Kind(
    name="studio-lifecycle-config",
    list_op="list_studio_lifecycle_configs",
    list_key="StudioLifecycleConfigs",
    id_fields=("StudioLifecycleConfigName",),
    name_field="StudioLifecycleConfigName",
    arn_field="StudioLifecycleConfigArn",
    always="delete_studio_lifecycle_config",
    after=("app", "domain"),
    environment=True,
)

NOTEBOOK_LIFECYCLE_CONFIG = Kind(
    name="notebook-lifecycle-config",
    list_op="list_notebook_instance_lifecycle_configs",
    list_key="NotebookInstanceLifecycleConfigs",
    id_fields=("NotebookInstanceLifecycleConfigName",),
    name_field="NotebookInstanceLifecycleConfigName",
    arn_field="NotebookInstanceLifecycleConfigArn",
    always="delete_notebook_instance_lifecycle_config",
    after=("notebook-instance",),
    environment=True,
)

# What bills by the hour first: it is also stopped first.
KINDS: tuple[Kind, ...] = (
    ENDPOINT,
    TRAINING_JOB,
    PROCESSING_JOB,
    TRANSFORM_JOB,
    APP,
    NOTEBOOK_INSTANCE,
    ENDPOINT_CONFIG,
    MODEL,
    SPACE,
    USER_PROFILE,
    DOMAIN,
    STUDIO_LIFECYCLE_CONFIG,
    NOTEBOOK_LIFECYCLE_CONFIG,
)

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}

"""Notebook instances and what configures them."""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds.states import states

NOTEBOOK_INSTANCE = Kind(
    name="notebook-instance",
    list_op="list_notebook_instances",
    list_key="NotebookInstances",
    id_fields=("NotebookInstanceName",),
    name_field="NotebookInstanceName",
    arn_field="NotebookInstanceArn",
    status_field="NotebookInstanceStatus",
    on_status=states(
        stop_notebook_instance="InService",  # the only state that can be stopped
        delete_notebook_instance="Stopped Failed",
        wait="Pending Stopping Updating Deleting PendingMaintenance InMaintenance",
    ),
    bills="hour",
    # Its volume bills until it is deleted (StopNotebookInstance, API reference).
    bills_in={"Stopped": "month", "Failed": "month", "Deleting": "month"},
    instance_field="InstanceType",
    environment=True,
    workplace=True,
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

CODE_REPOSITORY = Kind(
    name="code-repository",
    list_op="list_code_repositories",
    list_key="CodeRepositorySummaryList",
    id_fields=("CodeRepositoryName",),
    name_field="CodeRepositoryName",
    arn_field="CodeRepositoryArn",
    always="delete_code_repository",
    after=("notebook-instance",),
)

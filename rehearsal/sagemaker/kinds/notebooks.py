"""Notebook instances and what configures them."""

from __future__ import annotations

from rehearsal.sagemaker.kind import Kind, states

KINDS: tuple[Kind, ...] = (
    Kind(
        name="notebook-instance",
        noun="NotebookInstance",
        id_fields=("NotebookInstanceName",),
        arn="notebook-instance/{NotebookInstanceName}",
        status_field="NotebookInstanceStatus",
        creating="Pending",
        ready="InService",
        create_seconds=None,  # the lifecycle configuration decides
        stopping="Stopping",
        deleting="Deleting",
        delete_seconds=30,
        deletable_from=states("Stopped", "Failed"),
        delete_refused="Status ({status}) not in ([Stopped, Failed]). Unable to transition to "
        "(Deleting) for Notebook Instance ({arn}).",
        absent=("ValidationException", "RecordNotFound"),
        exists=(
            "ValidationException",
            "Cannot create already existing Notebook Instance {arn}.",
        ),
        bills_in=states("Pending", "InService", "Updating", "Stopping"),
        sorted_by="Name",
        filters={"AdditionalCodeRepository": "AdditionalCodeRepositories"},
    ),
    Kind(
        name="notebook-lifecycle-config",
        noun="NotebookInstanceLifecycleConfig",
        id_fields=("NotebookInstanceLifecycleConfigName",),
        arn="notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}",
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
        name="code-repository",
        noun="CodeRepository",
        plural="CodeRepositories",
        id_fields=("CodeRepositoryName",),
        arn="code-repository/{CodeRepositoryName}",
        absent=("ValidationException", "Cannot find Git Repository: {arn}"),
        exists=("ValidationException", "Cannot create already existing Git Repository: {arn}"),
        sorted_by="Name",
    ),
)

"""What is registered and shared: model packages, cards, algorithms, hubs."""

from __future__ import annotations

from cleanup.kind import Kind, Parent, Row
from cleanup.kinds.states import states


def _package_name(row: Row) -> str:
    """GROUP/VERSION; a package without a group has a name of its own."""
    group = row.get("ModelPackageGroupName")
    return f"{group}/{row['ModelPackageVersion']}" if group else str(row["ModelPackageName"])


MODEL_PACKAGE = Kind(
    name="model-package",
    list_op="list_model_packages",
    list_key="ModelPackageSummaryList",
    # Without this, only packages outside groups (ListModelPackages, API reference).
    list_with={"ModelPackageType": "Both"},
    id_fields=(("ModelPackageName", "ModelPackageArn"),),
    name_of=_package_name,
    arn_field="ModelPackageArn",
    status_field="ModelPackageStatus",
    on_status=states(delete_model_package="Completed Failed", wait="Pending InProgress Deleting"),
    within=(("model-package-group", "ModelPackageGroupName"),),
)

MODEL_PACKAGE_GROUP = Kind(
    name="model-package-group",
    list_op="list_model_package_groups",
    list_key="ModelPackageGroupSummaryList",
    id_fields=("ModelPackageGroupName",),
    name_field="ModelPackageGroupName",
    arn_field="ModelPackageGroupArn",
    status_field="ModelPackageGroupStatus",
    on_status=states(
        delete_model_package_group="Completed Failed DeleteFailed",
        wait="Pending InProgress Deleting",
    ),
    after=("model-package",),
)

MODEL_CARD = Kind(
    name="model-card",
    list_op="list_model_cards",
    list_key="ModelCardSummaries",
    id_fields=("ModelCardName",),
    name_field="ModelCardName",
    arn_field="ModelCardArn",
    always="delete_model_card",
)

ALGORITHM = Kind(
    name="algorithm",
    list_op="list_algorithms",
    list_key="AlgorithmSummaryList",
    id_fields=("AlgorithmName",),
    name_field="AlgorithmName",
    arn_field="AlgorithmArn",
    status_field="AlgorithmStatus",
    on_status=states(delete_algorithm="Completed Failed", wait="Pending InProgress Deleting"),
)

# Deletion takes one version; the listing then shows the one before it.
HUB_CONTENT = Kind(
    name="hub-content",
    list_op="list_hub_contents",
    list_key="HubContentSummaries",
    variants=tuple(
        {"HubContentType": content} for content in ("Model", "Notebook", "DataSet", "JsonDoc")
    ),
    parent=Parent("hub", {"HubName": "HubName"}),
    id_fields=("HubName", "HubContentType", "HubContentName", "HubContentVersion"),
    name_field="HubContentName",
    arn_field="HubContentArn",
    status_field="HubContentStatus",
    on_status=states(
        delete_hub_content="Available ImportFailed DeleteFailed",
        wait="Importing PendingImport PendingDelete Deleting",
    ),
)

# A model of another hub that a private hub shows; it has a delete operation of its own.
HUB_CONTENT_REFERENCE = Kind(
    name="hub-content-reference",
    list_op="list_hub_contents",
    list_key="HubContentSummaries",
    list_with={"HubContentType": "ModelReference"},
    parent=Parent("hub", {"HubName": "HubName"}),
    id_fields=("HubName", "HubContentType", "HubContentName"),
    name_field="HubContentName",
    arn_field="HubContentArn",
    status_field="HubContentStatus",
    on_status=states(
        delete_hub_content_reference="Available ImportFailed DeleteFailed",
        wait="Importing PendingImport PendingDelete Deleting",
    ),
)

HUB = Kind(
    name="hub",
    list_op="list_hubs",
    list_key="HubSummaries",
    id_fields=("HubName",),
    name_field="HubName",
    arn_field="HubArn",
    status_field="HubStatus",
    on_status=states(
        delete_hub="InService CreateFailed UpdateFailed DeleteFailed",
        wait="Creating Updating Deleting",
    ),
    after=("hub-content", "hub-content-reference"),
)

"""What stays up: MLflow, partner apps, feature stores, training plans."""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds.states import states

MLFLOW_TRACKING_SERVER = Kind(
    name="mlflow-tracking-server",
    list_op="list_mlflow_tracking_servers",
    list_key="TrackingServerSummaries",
    id_fields=("TrackingServerName",),
    name_field="TrackingServerName",
    arn_field="TrackingServerArn",
    status_field="TrackingServerStatus",
    on_status=states(
        # A running server is deleted without being stopped first, as Terraform's provider does.
        delete_mlflow_tracking_server="Created Updated Started Stopped MaintenanceComplete "
        "CreateFailed UpdateFailed StartFailed StopFailed DeleteFailed MaintenanceFailed",
        wait="Creating Updating Starting Stopping Deleting MaintenanceInProgress",
    ),
    bills="hour",
    bills_in={"Stopped": "", "CreateFailed": ""},
    # Up to 45 minutes (terraform-provider-aws, internal/service/sagemaker/wait.go).
    patience_seconds=3600,
)

MLFLOW_APP = Kind(
    name="mlflow-app",
    list_op="list_mlflow_apps",
    list_key="Summaries",
    id_fields=("Arn",),
    name_field="Name",
    arn_field="Arn",
    status_field="Status",
    on_status=states(
        delete_mlflow_app="Created Updated CreateFailed UpdateFailed DeleteFailed",
        wait="Creating Updating Deleting",
        gone="Deleted",
    ),
    bills="hour",
    bills_in={"CreateFailed": ""},
)

PARTNER_APP = Kind(
    name="partner-app",
    list_op="list_partner_apps",
    list_key="Summaries",
    id_fields=("Arn",),
    name_field="Name",
    arn_field="Arn",
    status_field="Status",
    on_status=states(
        delete_partner_app="Available Failed UpdateFailed",
        wait="Creating Updating Deleting",
        gone="Deleted",
    ),
    bills="hour",
    bills_in={"Failed": ""},
)

FEATURE_GROUP = Kind(
    name="feature-group",
    list_op="list_feature_groups",
    list_key="FeatureGroupSummaries",
    id_fields=("FeatureGroupName",),
    name_field="FeatureGroupName",
    arn_field="FeatureGroupArn",
    status_field="FeatureGroupStatus",
    on_status=states(
        delete_feature_group="Created CreateFailed DeleteFailed", wait="Creating Deleting"
    ),
    # Only an InMemory online store does, but the listing does not say which store it is.
    bills="hour",
    bills_in={"CreateFailed": ""},
    # 10 to 15 minutes for an InMemory store (DeleteFeatureGroup, API reference).
    patience_seconds=1800,
)

# Paid up front; the API has no operation that ends it.
TRAINING_PLAN = Kind(
    name="training-plan",
    list_op="list_training_plans",
    list_key="TrainingPlanSummaries",
    id_fields=("TrainingPlanName",),
    name_field="TrainingPlanName",
    arn_field="TrainingPlanArn",
    created_field="StartTime",
    status_field="Status",
    on_status=states(paid="Pending Scheduled Active", rest="Expired Failed"),
    fee_of=lambda row: " ".join(row[n] for n in ("UpfrontFee", "CurrencyCode") if row.get(n)),
)

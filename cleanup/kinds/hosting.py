"""Models, and what serves them."""

from __future__ import annotations

from typing import Any

from cleanup.kind import Kind, Question, Row
from cleanup.kinds.states import states


def _keep_production(experiment: Row) -> dict[str, Any]:
    """The shadow variant goes. An endpoint must keep a variant: it is deleted as a whole."""
    production = (experiment.get("ShadowModeConfig") or {}).get("SourceModelVariantName")
    names = [variant["VariantName"] for variant in experiment["ModelVariants"]]
    actions = {name: "Retain" if name == production else "Remove" for name in names}
    return {"ModelVariantActions": actions}


INFERENCE_COMPONENT = Kind(
    name="inference-component",
    list_op="list_inference_components",
    list_key="InferenceComponents",
    id_fields=("InferenceComponentName",),
    name_field="InferenceComponentName",
    arn_field="InferenceComponentArn",
    status_field="InferenceComponentStatus",
    on_status=states(
        delete_inference_component="InService Failed",
        # Can stay in Creating for days (aws/amazon-sagemaker-examples#3432).
        wait="Creating Updating Deleting",
    ),
    bills="hour",
    bills_in={"Failed": ""},
    within=(("endpoint", "EndpointName"),),
)

INFERENCE_EXPERIMENT = Kind(
    name="inference-experiment",
    list_op="list_inference_experiments",
    list_key="InferenceExperiments",
    id_fields=("Name",),
    name_field="Name",
    arn_path=lambda row: f"inference-experiment/{row['Name']}",
    status_field="Status",
    on_status=states(
        stop_inference_experiment="Created Running",
        delete_inference_experiment="Completed Cancelled",
        wait="Creating Updating Starting Stopping",
    ),
    bills="hour",
    # Created is waiting for its start; an ended one is a record (DeleteInferenceExperiment).
    bills_in={"Created": "", "Completed": "", "Cancelled": ""},
    questions={
        "stop_inference_experiment": Question("describe_inference_experiment", _keep_production)
    },
)

# The listing tells no status; while it changes, deletion is a ConflictException. What it costs
# beside the endpoints behind it is not documented: until it is, it bills.
INFERENCE_ROUTER = Kind(
    name="inference-router",
    list_op="list_inference_routers",
    list_key="InferenceRouters",
    id_fields=("InferenceRouterName",),
    name_field="InferenceRouterName",
    arn_field="InferenceRouterArn",
    always="delete_inference_router",
    bills="hour",
)

ENDPOINT = Kind(
    name="endpoint",
    list_op="list_endpoints",
    list_key="Endpoints",
    id_fields=("EndpointName",),
    name_field="EndpointName",
    arn_field="EndpointArn",
    status_field="EndpointStatus",
    on_status=states(
        # Of a failed endpoint, deletion is the only operation (botocore's model).
        delete_endpoint="InService OutOfService Failed UpdateRollbackFailed",
        wait="Creating Updating SystemUpdating RollingBack Deleting",
    ),
    after=("inference-component", "inference-experiment", "monitoring-schedule"),
    bills="hour",
    bills_in={"Failed": ""},
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

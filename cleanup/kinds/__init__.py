"""The table of resource kinds. One row says all that the sweep knows of a kind.

Operations are boto3 client methods. `tests/unit/cleanup/test_kinds*.py` hold the table
against botocore's model: operations, fields, and every value of the status enums.
State rules: API reference of each Stop* and Delete* operation.
"""

from __future__ import annotations

from collections.abc import Mapping

from cleanup.kind import Kind
from cleanup.kinds import (
    clusters,
    elsewhere,
    experiments,
    hosting,
    images,
    jobs,
    labeling,
    monitoring,
    notebooks,
    optimization,
    pipelines,
    platforms,
    registry,
    studio,
)

# What bills by the hour, and what must be gone before it, first: it is also stopped first.
KINDS: tuple[Kind, ...] = (
    monitoring.MONITORING_SCHEDULE,
    hosting.INFERENCE_COMPONENT,
    hosting.INFERENCE_EXPERIMENT,
    hosting.ENDPOINT,
    hosting.INFERENCE_ROUTER,
    pipelines.PIPELINE_EXECUTION,
    jobs.TUNING_JOB,
    jobs.AUTOML_JOB,
    jobs.TRAINING_JOB,
    jobs.WARM_POOL,
    jobs.PROCESSING_JOB,
    jobs.TRANSFORM_JOB,
    jobs.JOB,
    jobs.TRAINING_SESSION,
    optimization.COMPILATION_JOB,
    optimization.OPTIMIZATION_JOB,
    optimization.RECOMMENDATIONS_JOB,
    optimization.AI_BENCHMARK_JOB,
    optimization.AI_RECOMMENDATION_JOB,
    labeling.LABELING_JOB,
    studio.APP,
    notebooks.NOTEBOOK_INSTANCE,
    clusters.CLUSTER_EXTENSION,
    clusters.CLUSTER_SCHEDULER_CONFIG,
    clusters.COMPUTE_QUOTA,
    clusters.CLUSTER,
    platforms.MLFLOW_TRACKING_SERVER,
    platforms.MLFLOW_APP,
    platforms.PARTNER_APP,
    platforms.FEATURE_GROUP,
    platforms.TRAINING_PLAN,
    studio.SPACE,
    studio.USER_PROFILE,
    studio.DOMAIN,
    hosting.ENDPOINT_CONFIG,
    hosting.MODEL,
    monitoring.DATA_QUALITY_JOB_DEFINITION,
    monitoring.MODEL_QUALITY_JOB_DEFINITION,
    monitoring.MODEL_BIAS_JOB_DEFINITION,
    monitoring.MODEL_EXPLAINABILITY_JOB_DEFINITION,
    pipelines.PIPELINE,
    pipelines.PROJECT,
    optimization.AI_WORKLOAD_CONFIG,
    labeling.FLOW_DEFINITION,
    labeling.HUMAN_TASK_UI,
    labeling.WORKTEAM,
    labeling.WORKFORCE,
    registry.MODEL_PACKAGE,
    registry.MODEL_PACKAGE_GROUP,
    registry.MODEL_CARD,
    registry.ALGORITHM,
    registry.HUB_CONTENT,
    registry.HUB_CONTENT_REFERENCE,
    registry.HUB,
    experiments.TRIAL_COMPONENT_ASSOCIATION,
    experiments.TRIAL_COMPONENT,
    experiments.TRIAL,
    experiments.EXPERIMENT,
    studio.STUDIO_LIFECYCLE_CONFIG,
    images.APP_IMAGE_CONFIG,
    images.IMAGE_VERSION,
    images.IMAGE,
    notebooks.NOTEBOOK_LIFECYCLE_CONFIG,
    notebooks.CODE_REPOSITORY,
    elsewhere.AUTOSCALING_TARGET,
    elsewhere.ECR_REPOSITORY,
    elsewhere.EFS_MOUNT_TARGET,
    elsewhere.EFS_FILE_SYSTEM,
    elsewhere.NETWORK_INTERFACE,
    elsewhere.NFS_SECURITY_GROUP,
)

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}

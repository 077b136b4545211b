"""HyperPod clusters and what governs them.

A cluster's role, security groups and subnets must outlive its deletion, else it sticks in
Deleting: network kinds name it in their `after`, and roles are no kind of this table.
"""

from __future__ import annotations

from cleanup.kind import Kind, Parent
from cleanup.kinds.states import states

_GOVERNING = {
    "settled": "Created Updated CreateFailed UpdateFailed DeleteFailed "
    "CreateRollbackFailed UpdateRollbackFailed DeleteRollbackFailed",
    "changing": "Creating Updating Deleting",
}

CLUSTER_EXTENSION = Kind(
    name="cluster-extension",
    list_op="list_cluster_extensions",
    list_key="Extensions",
    parent=Parent("cluster", {"ClusterArn": "ClusterArn"}),
    id_fields=("ClusterArn", "ExtensionArn"),
    name_field="ExtensionName",
    arn_field="ExtensionArn",
    status_field="Status",
    on_status=states(
        delete_cluster_extension="Active Degraded CreateFailed UpdateFailed DeleteFailed",
        wait="Creating Updating Deleting",
    ),
)

CLUSTER_SCHEDULER_CONFIG = Kind(
    name="cluster-scheduler-config",
    list_op="list_cluster_scheduler_configs",
    list_key="ClusterSchedulerConfigSummaries",
    id_fields=("ClusterSchedulerConfigId",),
    name_field="Name",
    arn_field="ClusterSchedulerConfigArn",
    status_field="Status",
    on_status=states(
        delete_cluster_scheduler_config=_GOVERNING["settled"],
        wait=_GOVERNING["changing"],
        gone="Deleted",
    ),
    within=(("cluster", "ClusterArn"),),
)

COMPUTE_QUOTA = Kind(
    name="compute-quota",
    list_op="list_compute_quotas",
    list_key="ComputeQuotaSummaries",
    id_fields=("ComputeQuotaId",),
    name_field="Name",
    arn_field="ComputeQuotaArn",
    status_field="Status",
    on_status=states(
        delete_compute_quota=_GOVERNING["settled"],
        wait=_GOVERNING["changing"],
        gone="Deleted",
    ),
    within=(("cluster", "ClusterArn"),),
)

CLUSTER = Kind(
    name="cluster",
    list_op="list_clusters",
    list_key="ClusterSummaries",
    id_fields=("ClusterName",),
    name_field="ClusterName",
    arn_field="ClusterArn",
    status_field="ClusterStatus",
    on_status=states(
        delete_cluster="InService Failed",
        wait="Creating Updating SystemUpdating RollingBack Deleting",
    ),
    after=("cluster-extension", "cluster-scheduler-config", "compute-quota"),
    bills="hour",
)

"""What SageMaker's API can stop, delete or list and no row of the table uses, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_EDGE = "Edge Manager ended on 2024-04-26 (developer guide, Edge Manager end of life)"
_LINEAGE = "lineage is a free record, made by SageMaker for every job, and holds nothing up"
_PART = "goes with what it is a part of"


def _reasons(*groups: tuple[str, str]) -> Iterator[tuple[str, str]]:
    for reason, operations in groups:
        yield from ((operation, reason) for operation in operations.split())


# Operations that stop or remove something.
LEFT_OUT_CALLS: Mapping[str, str] = dict(
    _reasons(
        (
            _EDGE,
            "DeleteDeviceFleet DeleteEdgeDeploymentPlan DeleteEdgeDeploymentStage "
            "DeregisterDevices StopEdgeDeploymentStage StopEdgePackagingJob",
        ),
        (_LINEAGE, "DeleteAction DeleteArtifact DeleteAssociation DeleteContext"),
        (_PART, "DeleteEndpointPolicy DeleteModelPackageGroupPolicy"),
        ("a tag is not a resource", "DeleteTags"),
        ("deletion stops it too", "StopMonitoringSchedule"),
        ("a running server is deleted without being stopped", "StopMlflowTrackingServer"),
        ("the cluster is deleted as a whole", "BatchDeleteClusterNodes DetachClusterNodeVolume"),
    )
)

# List operations; what they show neither bills beside what a row shows nor holds anything up.
LEFT_OUT_LISTS: Mapping[str, str] = dict(
    _reasons(
        (
            _EDGE,
            "ListDeviceFleets ListDevices ListEdgeDeploymentPlans ListEdgePackagingJobs "
            "ListStageDevices",
        ),
        (_LINEAGE, "ListActions ListArtifacts ListAssociations ListContexts ListLineageGroups"),
        (
            _PART,
            "ListAliases ListCandidatesForAutoMLJob ListClusterNodes "
            "ListInferenceRecommendationsJobSteps ListModelCardVersions ListMonitoringAlerts "
            "ListPipelineExecutionSteps ListPipelineParametersForExecution ListPipelineVersions "
            "ListUltraServersByReservedCapacity",
        ),
        ("history", "ListClusterEvents ListClusterOperations ListMonitoringAlertHistory"),
        (
            "shows again what another list operation shows",
            "ListLabelingJobsForWorkteam ListMonitoringExecutions "
            "ListTrainingJobsForHyperParameterTuningJob",
        ),
        ("ends by itself and bills nothing", "ListModelCardExportJobs"),
        (
            "what AWS or others offer, not what the account has",
            "ListClusterExtensionVersions ListJobSchemaVersions ListModelMetadata "
            "ListResourceCatalogs ListSubscribedWorkteams",
        ),
        ("ListHubContents shows the versions one after the other", "ListHubContentVersions"),
        ("tags come in bulk from the Resource Groups Tagging API", "ListTags"),
    )
)

"""Model monitoring: job definitions and the schedules that use them."""

from __future__ import annotations

from rehearsal.sagemaker.kind import Holder, Kind, Need, states

_SUMMARY = {
    "MonitoringJobDefinitionName": "JobDefinitionName",
    "MonitoringJobDefinitionArn": "JobDefinitionArn",
}
_HOLDERS = (Holder("monitoring-schedule", "MonitoringScheduleConfig.MonitoringJobDefinitionName"),)


def _definition(name: str, noun: str) -> Kind:
    return Kind(
        name=f"{name}-job-definition",
        noun=f"{noun}JobDefinition",
        id_fields=("JobDefinitionName",),
        arn=f"{name}-job-definition/{{JobDefinitionName}}",
        arn_field="JobDefinitionArn",
        held_by=_HOLDERS,
        in_list=_SUMMARY,
        sort_order="Descending",
    )


KINDS: tuple[Kind, ...] = (
    _definition("data-quality", "DataQuality"),
    _definition("model-quality", "ModelQuality"),
    _definition("model-bias", "ModelBias"),
    _definition("model-explainability", "ModelExplainability"),
    Kind(
        name="monitoring-schedule",
        noun="MonitoringSchedule",
        id_fields=("MonitoringScheduleName",),
        arn="monitoring-schedule/{MonitoringScheduleName}",
        status_field="MonitoringScheduleStatus",
        creating="Pending",
        ready="Scheduled",
        create_seconds=20,
        updating="Pending",
        update_seconds=20,
        updatable_from=states("Scheduled", "Stopped", "Failed"),
        stopping="Pending",
        stopped="Stopped",
        stop_seconds=20,
        stoppable_from=states("Scheduled"),
        starting="Pending",
        start_seconds=20,
        startable_from=states("Stopped", "Failed"),
        deletable_from=states("Scheduled", "Stopped", "Failed"),
        needs=(
            Need(
                "endpoint",
                "MonitoringScheduleConfig.MonitoringJobDefinition."
                "MonitoringInputs.EndpointInput.EndpointName",
            ),
        ),
        bills_in=states("Pending", "Scheduled"),  # by the processing jobs that it starts
        sort_order="Descending",
    ),
)

"""Model monitoring: schedules, and the job definitions that they use."""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds.states import states

MONITORING_SCHEDULE = Kind(
    name="monitoring-schedule",
    list_op="list_monitoring_schedules",
    list_key="MonitoringScheduleSummaries",
    id_fields=("MonitoringScheduleName",),
    name_field="MonitoringScheduleName",
    arn_field="MonitoringScheduleArn",
    status_field="MonitoringScheduleStatus",
    on_status=states(
        # Deletion also stops it (DeleteMonitoringSchedule, API reference).
        delete_monitoring_schedule="Scheduled Stopped Failed",
        wait="Pending",
    ),
    bills="hour",  # by the processing jobs that it starts
    bills_in={"Stopped": "", "Failed": ""},
    within=(("endpoint", "EndpointName"),),
)


def _definition(name: str, operations: str) -> Kind:
    """One of the four kinds of definitions; they differ in their operations' names only."""
    return Kind(
        name=f"{name}-job-definition",
        list_op=f"list_{operations}_job_definitions",
        list_key="JobDefinitionSummaries",
        id_fields=(("JobDefinitionName", "MonitoringJobDefinitionName"),),
        name_field="MonitoringJobDefinitionName",
        arn_field="MonitoringJobDefinitionArn",
        always=f"delete_{operations}_job_definition",
        after=("monitoring-schedule",),
    )


DATA_QUALITY_JOB_DEFINITION = _definition("data-quality", "data_quality")
MODEL_QUALITY_JOB_DEFINITION = _definition("model-quality", "model_quality")
MODEL_BIAS_JOB_DEFINITION = _definition("model-bias", "model_bias")
MODEL_EXPLAINABILITY_JOB_DEFINITION = _definition("model-explainability", "model_explainability")

"""Labeling jobs, the people who label, and the flows that ask them."""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds.states import states

LABELING_JOB = Kind(
    name="labeling-job",
    list_op="list_labeling_jobs",
    list_key="LabelingJobSummaryList",
    id_fields=("LabelingJobName",),
    name_field="LabelingJobName",
    arn_field="LabelingJobArn",
    status_field="LabelingJobStatus",
    on_status=states(
        stop_labeling_job="Initializing InProgress",  # there is no DeleteLabelingJob
        wait="Stopping",
        rest="Completed Failed Stopped",
    ),
    bills="hour",
)

FLOW_DEFINITION = Kind(
    name="flow-definition",
    list_op="list_flow_definitions",
    list_key="FlowDefinitionSummaries",
    id_fields=("FlowDefinitionName",),
    name_field="FlowDefinitionName",
    arn_field="FlowDefinitionArn",
    status_field="FlowDefinitionStatus",
    on_status=states(delete_flow_definition="Active Failed", wait="Initializing Deleting"),
)

HUMAN_TASK_UI = Kind(
    name="human-task-ui",
    list_op="list_human_task_uis",
    list_key="HumanTaskUiSummaries",
    id_fields=("HumanTaskUiName",),
    name_field="HumanTaskUiName",
    arn_field="HumanTaskUiArn",
    always="delete_human_task_ui",
    after=("flow-definition", "labeling-job"),
)

WORKTEAM = Kind(
    name="workteam",
    list_op="list_workteams",
    list_key="Workteams",
    id_fields=("WorkteamName",),
    name_field="WorkteamName",
    arn_field="WorkteamArn",
    created_field="CreateDate",
    always="delete_workteam",
    after=("flow-definition", "labeling-job"),
)

# Not while it has work teams (DeleteWorkforce, API reference).
WORKFORCE = Kind(
    name="workforce",
    list_op="list_workforces",
    list_key="Workforces",
    id_fields=("WorkforceName",),
    name_field="WorkforceName",
    arn_field="WorkforceArn",
    created_field="CreateDate",
    status_field="Status",
    on_status=states(delete_workforce="Active Failed", wait="Initializing Updating Deleting"),
    after=("workteam",),
)

"""Pipelines, their executions, and projects."""

from __future__ import annotations

from cleanup.kind import Kind, Parent, Row
from cleanup.kinds.states import states


def _execution_name(row: Row) -> str:
    identifier = str(row["PipelineExecutionArn"]).rpartition("/")[2]
    return f"{row['PipelineName']}/{identifier}"


PIPELINE_EXECUTION = Kind(
    name="pipeline-execution",
    list_op="list_pipeline_executions",
    list_key="PipelineExecutionSummaries",
    parent=Parent("pipeline", {"PipelineName": "PipelineName"}),
    id_fields=("PipelineExecutionArn",),
    name_of=_execution_name,
    arn_field="PipelineExecutionArn",
    created_field="StartTime",
    status_field="PipelineExecutionStatus",
    on_status=states(
        # A running callback or Lambda step holds it up (StopPipelineExecution, API reference):
        # its jobs are stopped by themselves and do not wait for it.
        stop_pipeline_execution="Executing",
        wait="Stopping",
        rest="Stopped Failed Succeeded CompletedWithFailures",
    ),
    bills="hour",  # by the jobs that it starts
)

PIPELINE = Kind(
    name="pipeline",
    list_op="list_pipelines",
    list_key="PipelineSummaries",
    id_fields=("PipelineName",),
    name_field="PipelineName",
    arn_field="PipelineArn",
    always="delete_pipeline",
    after=("pipeline-execution",),
)

PROJECT = Kind(
    name="project",
    list_op="list_projects",
    list_key="ProjectSummaryList",
    id_fields=("ProjectName",),
    name_field="ProjectName",
    arn_field="ProjectArn",
    status_field="ProjectStatus",
    on_status=states(
        delete_project="CreateCompleted CreateFailed UpdateCompleted UpdateFailed DeleteFailed",
        wait="Pending CreateInProgress UpdateInProgress DeleteInProgress",
        gone="DeleteCompleted",
    ),
    after=("pipeline-execution",),
)

"""Pipelines and their executions."""

from __future__ import annotations

from rehearsal.sagemaker.kind import Holder, Kind, states

_EXECUTED = states("Stopped", "Failed", "Succeeded", "CompletedWithFailures")

KINDS: tuple[Kind, ...] = (
    Kind(
        name="pipeline",
        noun="Pipeline",
        id_fields=("PipelineName",),
        arn="pipeline/{PipelineName}",
        status_field="PipelineStatus",
        creating="Active",
        ready="Active",
        deleting="Deleting",
        delete_seconds=5,
        deletable_from=states("Active"),
        absent=("ResourceNotFound", "Pipeline '{arn}' does not exist."),
        exists=(
            "ValidationException",
            "Pipeline names must be unique within an AWS account and region. Pipeline with "
            "name ({PipelineName}) already exists.",
        ),
        held_by=(Holder("pipeline-execution", "PipelineArn", _EXECUTED),),
        sort_order="Descending",
    ),
    Kind(
        name="pipeline-execution",
        noun="PipelineExecution",
        verb="Start",
        id_fields=("PipelineExecutionArn",),
        by_arn=True,
        arn="pipeline/{PipelineName}/execution/{new_id}",
        status_field="PipelineExecutionStatus",
        creating="Executing",
        ready="Succeeded",
        fails="Failed",
        create_seconds=60,
        stopping="Stopping",
        stopped="Stopped",
        stop_seconds=30,
        stoppable_from=states("Executing"),
        ended_in=_EXECUTED,
        absent=("ResourceNotFound", "Pipeline execution '{PipelineExecutionArn}' does not exist."),
        bills_in=states("Executing", "Stopping"),
        in_list={"StartTime": "CreationTime", "PipelineExecutionFailureReason": "FailureReason"},
        sort_order="Descending",
    ),
)

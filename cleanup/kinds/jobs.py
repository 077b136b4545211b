"""Training, processing and transform jobs, and what runs them by itself.

A job that has ended rests: it bills nothing. Where the API can delete its record, that is
`forget`.
"""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds.states import states

# Only what has ended can be deleted (API reference of the Delete* operations).
_ONLY_A_RECORD = {"Deleting": ""}

# Stopping it stops the training jobs that it launched (StopHyperParameterTuningJob, API
# reference), hence these wait for it: it would start another in place of each that is stopped.
TUNING_JOB = Kind(
    name="tuning-job",
    list_op="list_hyper_parameter_tuning_jobs",
    list_key="HyperParameterTuningJobSummaries",
    id_fields=("HyperParameterTuningJobName",),
    name_field="HyperParameterTuningJobName",
    arn_field="HyperParameterTuningJobArn",
    status_field="HyperParameterTuningJobStatus",
    on_status=states(
        stop_hyper_parameter_tuning_job="InProgress",
        wait="Stopping Deleting",
        rest="Completed Failed Stopped DeleteFailed",
    ),
    forget="delete_hyper_parameter_tuning_job",
    bills="hour",
    bills_in=_ONLY_A_RECORD,
)

AUTOML_JOB = Kind(
    name="automl-job",
    list_op="list_auto_ml_jobs",
    list_key="AutoMLJobSummaries",
    id_fields=("AutoMLJobName",),
    name_field="AutoMLJobName",
    arn_field="AutoMLJobArn",
    status_field="AutoMLJobStatus",
    on_status=states(
        stop_auto_ml_job="InProgress",  # there is no DeleteAutoMLJob
        wait="Stopping",
        rest="Completed Failed Stopped",
    ),
    bills="hour",
)

TRAINING_JOB = Kind(
    name="training-job",
    list_op="list_training_jobs",
    list_key="TrainingJobSummaries",
    id_fields=("TrainingJobName",),
    name_field="TrainingJobName",
    arn_field="TrainingJobArn",
    status_field="TrainingJobStatus",
    on_status=states(
        stop_training_job="InProgress",
        wait="Stopping Deleting",
        rest="Completed Failed Stopped",
    ),
    # Refused while its warm pool is Available (DeleteTrainingJob, API reference).
    forget="delete_training_job",
    # Not after the warm pool: that is InUse for as long as the job runs.
    after=("tuning-job",),
    bills="hour",
    bills_in=_ONLY_A_RECORD,
)

# The instances that a training job keeps for the next one, listed with the job.
WARM_POOL = Kind(
    name="warm-pool",
    list_op="list_training_jobs",
    list_key="TrainingJobSummaries",
    # Jobs that never had a pool, or whose pool is over, are not even read.
    variants=({"WarmPoolStatusEquals": "Available"}, {"WarmPoolStatusEquals": "InUse"}),
    id_fields=("TrainingJobName",),
    name_field="TrainingJobName",
    arn_field="TrainingJobArn",
    status_field="WarmPoolStatus.Status",
    on_status=states(update_training_job="Available", wait="InUse", gone="Reused Terminated"),
    bills="hour",
    bills_in={"InUse": ""},  # the job that uses it bills
    call_with={"update_training_job": {"ResourceConfig": {"KeepAlivePeriodInSeconds": 0}}},
)

PROCESSING_JOB = Kind(
    name="processing-job",
    list_op="list_processing_jobs",
    list_key="ProcessingJobSummaries",
    id_fields=("ProcessingJobName",),
    name_field="ProcessingJobName",
    arn_field="ProcessingJobArn",
    status_field="ProcessingJobStatus",
    on_status=states(
        stop_processing_job="InProgress", wait="Stopping", rest="Completed Failed Stopped"
    ),
    forget="delete_processing_job",
    bills="hour",
)

TRANSFORM_JOB = Kind(
    name="transform-job",
    list_op="list_transform_jobs",
    list_key="TransformJobSummaries",
    id_fields=("TransformJobName",),
    name_field="TransformJobName",
    arn_field="TransformJobArn",
    status_field="TransformJobStatus",
    on_status=states(
        stop_transform_job="InProgress",  # there is no DeleteTransformJob
        wait="Stopping",
        rest="Completed Failed Stopped",
    ),
    bills="hour",
)

JOB = Kind(
    name="job",
    list_op="list_jobs",
    list_key="JobSummaries",
    # The category is a required parameter of the list operation.
    variants=tuple(
        {"JobCategory": category}
        for category in (
            "AgentRFT",
            "SyntheticDataGeneration",
            "DataQualityEvaluation",
            "AgentRFTEvaluation",
            "DataTransformation",
        )
    ),
    id_fields=("JobName", "JobCategory"),
    name_field="JobName",
    arn_field="JobArn",
    status_field="JobStatus",
    on_status=states(
        stop_job="InProgress",
        wait="Stopping Deleting",
        rest="Completed Failed Stopped DeleteFailed",
    ),
    forget="delete_job",
    bills="hour",
    bills_in=_ONLY_A_RECORD,
)

TRAINING_SESSION = Kind(
    name="training-session",
    list_op="list_training_sessions",
    list_key="TrainingSessionSummaries",
    # The listing has the ARN alone.
    id_fields=(("TrainingSessionName", "TrainingSessionArn"),),
    sent_as={"TrainingSessionName": lambda arn: arn.rpartition("/")[2]},
    name_of=lambda row: str(row["TrainingSessionArn"]).rpartition("/")[2],
    arn_field="TrainingSessionArn",
    status_field="TrainingSessionStatus",
    on_status=states(
        stop_training_session="Created Scheduled Running Blocked",
        delete_training_session="DeletionFailed",
        wait="Stopping Deleting",
        rest="Stopped Failed Expired",
    ),
    forget="delete_training_session",
    bills="hour",
    bills_in=_ONLY_A_RECORD,
)
